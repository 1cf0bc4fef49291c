using System.Text.Json;
using OvimSpokeAgent.Cluster;

namespace OvimSpokeAgent.Capacity;

/// <summary>What the agent reads of a NodeMetrics (metrics.k8s.io/v1beta1).</summary>
internal sealed record NodeMetricsObject : IKubernetesObject
{
    public ObjectMetadata Metadata { get => field ?? ObjectMetadata.None; init; }

    /// <summary>When it was measured.</summary>
    public DateTimeOffset? Timestamp { get; init; }

    public IReadOnlyDictionary<string, JsonElement>? Usage { get; init; }
}

/// <summary>What the agent reads of a PodMetrics (metrics.k8s.io/v1beta1); its labels are the pod's.</summary>
internal sealed record PodMetricsObject : IKubernetesObject
{
    public ObjectMetadata Metadata { get => field ?? ObjectMetadata.None; init; }

    public DateTimeOffset? Timestamp { get; init; }

    public IReadOnlyList<ContainerMetrics?>? Containers { get; init; }
}

internal sealed record ContainerMetrics
{
    public IReadOnlyDictionary<string, JsonElement>? Usage { get; init; }
}
