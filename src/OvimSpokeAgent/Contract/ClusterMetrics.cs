namespace OvimSpokeAgent.Contract;

/// <summary>The report's <c>metrics</c>.</summary>
public sealed record ClusterMetrics
{
    public required string ClusterId { get; init; }

    public required string ZoneId { get; init; }

    public required ResourceMetrics Resources { get; init; }

    public IReadOnlyList<NodeStatus> NodeStatus { get; init; } = [];

    /// <summary>Set where <see cref="NodeStatus"/> are not all (extra).</summary>
    public bool? NodeStatusTruncated { get; init; }

    /// <summary>Storage by StorageClass (extra); absent where there are neither classes nor claims.</summary>
    public IReadOnlyList<StorageClassStatus>? StorageClasses { get; init; }

    /// <summary>Of when the oldest of these figures is.</summary>
    public required DateTimeOffset LastCollected { get; init; }

    /// <summary>What is missing in here or older than it should be (extra).</summary>
    public IReadOnlyList<string>? Warnings { get; init; }
}

/// <summary>One node of the cluster.</summary>
public sealed record NodeStatus
{
    public required string Name { get; init; }

    /// <summary><c>Ready</c>, <c>NotReady</c> or <c>Unknown</c>.</summary>
    public required string Status { get; init; }

    public required ResourceMetrics Cpu { get; init; }

    public required ResourceMetrics Memory { get; init; }

    /// <summary>The capacity of the node's own disk; nobody says how much of it is used.</summary>
    public required ResourceMetrics Storage { get; init; }

    public IReadOnlyDictionary<string, string>? Labels { get; init; }

    public IReadOnlyList<NodeCondition>? Conditions { get; init; }

    /// <summary>Set where no new pods come to it: it is cordoned (extra).</summary>
    public bool? Unschedulable { get; init; }

    /// <summary>What is odd about its figures (extra).</summary>
    public string? Message { get; init; }
}

/// <summary>The claims of a StorageClass (extra); sizes in bytes.</summary>
public sealed record StorageClassStatus
{
    /// <summary>The class; <c>(others)</c>: those of claims without one that the cluster has, and beyond 50.</summary>
    public required string Name { get; init; }

    public string? Provisioner { get; init; }

    /// <summary>Set where claims that name no class get this one.</summary>
    public bool? Default { get; init; }

    /// <summary>How many claims have a volume.</summary>
    public int Bound { get; init; }

    /// <summary>How many wait for one.</summary>
    public int Pending { get; init; }

    /// <summary>How many lost theirs.</summary>
    public int Lost { get; init; }

    /// <summary>The size of the volumes.</summary>
    public long Claimed { get; init; }

    /// <summary>What the claims without a volume ask for.</summary>
    public long Requested { get; init; }

    /// <summary>What the CSI driver says is free; absent: it does not say.</summary>
    public long? Available { get; init; }
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
