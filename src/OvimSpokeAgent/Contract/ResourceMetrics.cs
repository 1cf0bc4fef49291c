namespace OvimSpokeAgent.Contract;

/// <summary>The contract's resource metrics: of the cluster, of a node, or of a VDC (where capacity means quota).</summary>
public sealed record ResourceMetrics
{
    /// <summary>CPU in use, in millicores.</summary>
    public long CpuUsed { get; init; }

    /// <summary>CPU there is, in millicores.</summary>
    public long CpuCapacity { get; init; }

    /// <summary>0 to 100.</summary>
    public double CpuPercent { get; init; }

    /// <summary>Memory in use, in bytes.</summary>
    public long MemoryUsed { get; init; }

    /// <summary>Memory there is, in bytes.</summary>
    public long MemoryCapacity { get; init; }

    /// <summary>0 to 100.</summary>
    public double MemoryPercent { get; init; }

    /// <summary>Storage in use, in bytes.</summary>
    public long StorageUsed { get; init; }

    /// <summary>Storage there is, in bytes.</summary>
    public long StorageCapacity { get; init; }

    /// <summary>0 to 100.</summary>
    public double StoragePercent { get; init; }

    public int NodeCount { get; init; }

    public int PodCount { get; init; }

    public int VmCount { get; init; }
}
