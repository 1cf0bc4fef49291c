namespace OvimSpokeAgent.Contract;

/// <summary>The report's <c>metrics</c>.</summary>
public sealed record ClusterMetrics
{
    public required string ClusterId { get; init; }

    public required string ZoneId { get; init; }

    public required ResourceMetrics Resources { get; init; }

    public IReadOnlyList<NodeStatus> NodeStatus { get; init; } = [];

    public required DateTimeOffset LastCollected { get; init; }
}

/// <summary>One node of the cluster.</summary>
public sealed record NodeStatus
{
    public required string Name { get; init; }

    /// <summary><c>Ready</c>, <c>NotReady</c> or <c>Unknown</c>.</summary>
    public required string Status { get; init; }

    public required ResourceMetrics Cpu { get; init; }

    public required ResourceMetrics Memory { get; init; }

    public required ResourceMetrics Storage { get; init; }

    public IReadOnlyDictionary<string, string>? Labels { get; init; }

    public IReadOnlyList<NodeCondition>? Conditions { get; init; }
}

/// <summary>A condition of a node, as Kubernetes states it.</summary>
public sealed record NodeCondition
{
    public required string Type { get; init; }

    public required string Status { get; init; }

    public DateTimeOffset? LastTransitionTime { get; init; }

    public string? Reason { get; init; }

    public string? Message { get; init; }
}
