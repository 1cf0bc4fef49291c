namespace OvimSpokeAgent.Capacity;

/// <summary>What the cluster has and uses, at one time.</summary>
internal sealed record ClusterFigures
{
    /// <summary>Of when the oldest of what is in here is.</summary>
    public required DateTimeOffset CollectedAt { get; init; }

    /// <summary>By name; null: which nodes there are is not known.</summary>
    public required IReadOnlyList<NodeFigures>? Nodes { get; init; }

    /// <summary>All VMs of the cluster, in whichever namespace.</summary>
    public required int Vms { get; init; }

    public required StorageFigures Storage { get; init; }

    /// <summary>What is missing in here, or older than it should be.</summary>
    public required IReadOnlyList<string> Warnings { get; init; }

    public NodeAmounts Capacity => Sum(node => node.Node.Capacity);

    public NodeAmounts Allocatable => Sum(node => node.Node.Allocatable);

    /// <summary>What pods can have on the nodes that take VMs: where KubeVirt runs, ready, and not cordoned.</summary>
    public NodeAmounts AllocatableToVms => Sum(node =>
        node.Node is { RunsVms: true, IsCordoned: false, Readiness: NodeReadiness.Ready } ? node.Node.Allocatable : default);

    /// <summary>What the nodes that were measured have: what <see cref="Used"/> is a part of.</summary>
    public NodeAmounts MeasuredCapacity => Sum(node => node.Used is null ? default : node.Node.Capacity);

    /// <summary>How many nodes were measured.</summary>
    public int Measured => Nodes?.Count(node => node.Used is not null) ?? 0;

    /// <summary>What these use; null: none was measured.</summary>
    public MeasuredUse? Used => Measured == 0 ? null : Nodes!.Aggregate(default(MeasuredUse), (sum, node) => sum + (node.Used ?? default));

    /// <summary>What the pods of VMs request on the nodes.</summary>
    public MeasuredUse Requested => (Nodes ?? []).Aggregate(default(MeasuredUse), (sum, node) => sum + node.Requested);

    private NodeAmounts Sum(Func<NodeFigures, NodeAmounts> amounts) =>
        (Nodes ?? []).Aggregate(default(NodeAmounts), (sum, node) => sum + amounts(node));
}
