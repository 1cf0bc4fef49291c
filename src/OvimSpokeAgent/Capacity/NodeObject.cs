using System.Text.Json;
using OvimSpokeAgent.Cluster;

namespace OvimSpokeAgent.Capacity;

/// <summary>What the agent reads of a Node (v1).</summary>
internal sealed record NodeObject : IKubernetesObject
{
    public ObjectMetadata Metadata { get => field ?? ObjectMetadata.None; init; }

    public NodeSpec? Spec { get; init; }

    public NodeObjectStatus? Status { get; init; }
}

internal sealed record NodeSpec
{
    /// <summary>Cordoned.</summary>
    public bool? Unschedulable { get; init; }
}

internal sealed record NodeObjectStatus
{
    public IReadOnlyDictionary<string, JsonElement>? Capacity { get; init; }

    /// <summary>What is left of it for pods.</summary>
    public IReadOnlyDictionary<string, JsonElement>? Allocatable { get; init; }

    public IReadOnlyList<NodeObjectCondition?>? Conditions { get; init; }
}

internal sealed record NodeObjectCondition
{
    public string? Type { get; init; }

    public string? Status { get; init; }

    public DateTimeOffset? LastTransitionTime { get; init; }

    public string? Reason { get; init; }

    public string? Message { get; init; }
}
