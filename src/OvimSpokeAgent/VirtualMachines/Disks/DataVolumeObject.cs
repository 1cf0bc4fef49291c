using OvimSpokeAgent.Cluster;

namespace OvimSpokeAgent.VirtualMachines;

/// <summary>What the agent reads of a DataVolume (cdi.kubevirt.io/v1beta1): a disk that CDI fills.</summary>
internal sealed record DataVolumeObject : IKubernetesObject
{
    public ObjectMetadata Metadata { get => field ?? ObjectMetadata.None; init; }

    public DataVolumeSpec? Spec { get; init; }

    public DataVolumeStatus? Status { get; init; }
}

internal sealed record DataVolumeStatus
{
    public string? Phase { get; init; }

    /// <summary><c>42.10%</c>, or <c>N/A</c>.</summary>
    public string? Progress { get; init; }

    public IReadOnlyList<KubeVirtCondition?>? Conditions { get; init; }
}
