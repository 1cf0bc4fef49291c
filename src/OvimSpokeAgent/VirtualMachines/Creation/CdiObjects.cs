using OvimSpokeAgent.Cluster;

namespace OvimSpokeAgent.VirtualMachines;

/// <summary>What the agent reads of CDI's own settings (cdi.kubevirt.io/v1beta1 CDIConfig).</summary>
internal sealed record CdiConfigObject : IKubernetesObject
{
    public ObjectMetadata Metadata { get => field ?? ObjectMetadata.None; init; }

    public CdiConfigStatus? Status { get; init; }
}

internal sealed record CdiConfigStatus
{
    public FilesystemOverhead? FilesystemOverhead { get; init; }
}

/// <summary>Shares of a claim, as text: <c>0.06</c>.</summary>
internal sealed record FilesystemOverhead
{
    public string? Global { get; init; }

    /// <summary>Those of storage classes that have one of their own.</summary>
    public IReadOnlyDictionary<string, string>? StorageClass { get; init; }
}

/// <summary>What CDI knows of a storage class (cdi.kubevirt.io/v1beta1 StorageProfile, of the class's name).</summary>
internal sealed record StorageProfileObject : IKubernetesObject
{
    public ObjectMetadata Metadata { get => field ?? ObjectMetadata.None; init; }

    public StorageProfileStatus? Status { get; init; }
}

internal sealed record StorageProfileStatus
{
    public IReadOnlyList<ClaimProperties?>? ClaimPropertySets { get; init; }

    /// <summary>Whether a claim of this access mode (null: the first that suits) is a device and no file system, as CDI chooses.</summary>
    public bool IsBlock(string? accessMode)
    {
        var sets = (ClaimPropertySets ?? []).OfType<ClaimProperties>().ToList();
        var set = sets.Find(one => accessMode is not null && one.AccessModes?.Contains(accessMode) is true) ?? sets.FirstOrDefault();
        return set?.VolumeMode == "Block";
    }
}

internal sealed record ClaimProperties
{
    public IReadOnlyList<string?>? AccessModes { get; init; }

    public string? VolumeMode { get; init; }
}
