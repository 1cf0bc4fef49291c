using OvimSpokeAgent.Cluster;

namespace OvimSpokeAgent.Capacity;

/// <summary>The kinds of what a cluster has, and of how much of it is used.</summary>
internal static class CapacityKinds
{
    public static readonly ResourceKind Node = new("", "v1", "nodes", "Node");

    /// <summary>What CSI drivers report of their free space; Kubernetes 1.24 and later have it.</summary>
    public static readonly ResourceKind StorageCapacity = new("storage.k8s.io", "v1", "csistoragecapacities", "CSIStorageCapacity");

    /// <summary>Served by metrics-server or an adapter, or by nobody.</summary>
    public static readonly ResourceKind NodeMetrics = new("metrics.k8s.io", "v1beta1", "nodes", "NodeMetrics") { IsAggregated = true };

    /// <summary>As <see cref="NodeMetrics"/>.</summary>
    public static readonly ResourceKind PodMetrics = new("metrics.k8s.io", "v1beta1", "pods", "PodMetrics") { IsAggregated = true };
}
