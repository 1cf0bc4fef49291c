namespace OvimSpokeAgent.Templates;

/// <summary>Kubernetes' access modes of volumes.</summary>
[Flags]
internal enum AccessModes
{
    None = 0,
    ReadWriteOnce = 1,
    ReadWriteMany = 2,
    ReadOnlyMany = 4,
    ReadWriteOncePod = 8,

    /// <summary>One that this agent does not know.</summary>
    Other = 16,
}
