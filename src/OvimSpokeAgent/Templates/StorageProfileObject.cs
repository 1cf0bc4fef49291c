using OvimSpokeAgent.Cluster;

namespace OvimSpokeAgent.Templates;

/// <summary>What CDI knows of a StorageClass (its <c>StorageProfile</c>, of the class's name).</summary>
internal sealed record StorageProfileObject : IKubernetesObject
{
    public ObjectMetadata Metadata { get => field ?? ObjectMetadata.None; init; }

    public StorageProfileStatus? Status { get; init; }
}

internal sealed record StorageProfileStatus
{
    /// <summary>Empty where neither CDI nor an administrator knows the class's provisioner.</summary>
    public IReadOnlyList<ClaimPropertySet?>? ClaimPropertySets { get; init; }
}

internal sealed record ClaimPropertySet
{
    public IReadOnlyList<string?>? AccessModes { get; init; }
}
