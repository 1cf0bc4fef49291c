namespace OvimSpokeAgent.Contract;

/// <summary>
/// The contract's resource metrics: of the cluster, of a node, or of a VDC (where capacity means quota). What is not known is absent,
/// never 0. Fields that the contract does not have are extra: hubs that do not know them ignore them.
/// </summary>
public sealed record ResourceMetrics
{
    /// <summary>CPU in use, in millicores; of the cluster: of the nodes that were measured.</summary>
    public long? CpuUsed { get; init; }

    /// <summary>CPU there is, in millicores.</summary>
    public long? CpuCapacity { get; init; }

    /// <summary>0 to 100; of the cluster: of the nodes that were measured.</summary>
    public double? CpuPercent { get; init; }

    /// <summary>CPU that pods can have, in millicores (extra).</summary>
    public long? CpuAllocatable { get; init; }

    /// <summary>CPU that the pods of VMs request, in millicores (extra): not what they use, and other pods request too.</summary>
    public long? CpuRequested { get; init; }

    /// <summary>Memory in use, in bytes; of the cluster: of the nodes that were measured.</summary>
    public long? MemoryUsed { get; init; }

    /// <summary>Memory there is, in bytes.</summary>
    public long? MemoryCapacity { get; init; }

    /// <summary>0 to 100; of the cluster: of the nodes that were measured.</summary>
    public double? MemoryPercent { get; init; }

    /// <summary>Memory that pods can have, in bytes (extra).</summary>
    public long? MemoryAllocatable { get; init; }

    /// <summary>Memory that the pods of VMs request, in bytes (extra).</summary>
    public long? MemoryRequested { get; init; }

    /// <summary>Storage in use, in bytes; of the cluster: the volumes of all claims.</summary>
    public long? StorageUsed { get; init; }

    /// <summary>Storage there is, in bytes; of the cluster: what is claimed and what CSI drivers say is free.</summary>
    public long? StorageCapacity { get; init; }

    /// <summary>0 to 100.</summary>
    public double? StoragePercent { get; init; }

    public int? NodeCount { get; init; }

    /// <summary>How many nodes what is used is of (extra).</summary>
    public int? NodesMeasured { get; init; }

    public int? PodCount { get; init; }

    public int? VmCount { get; init; }
}
