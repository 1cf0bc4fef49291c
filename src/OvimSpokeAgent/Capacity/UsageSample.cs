using OvimSpokeAgent.Cluster;

namespace OvimSpokeAgent.Capacity;

/// <summary>What metrics.k8s.io said at one time, of the nodes and VMs that the caches know.</summary>
internal sealed record UsageSample
{
    public required DateTimeOffset CollectedAt { get; init; }

    /// <summary>Use by node; a node that is not in it was not measured.</summary>
    public required IReadOnlyDictionary<string, MeasuredUse> Nodes { get; init; }

    /// <summary>Of those nodes that were not measured, why, where that is known.</summary>
    public IReadOnlyList<string> Odd { get; init; } = [];

    /// <summary>Use of VMs' pods, by VM; one that is not in it was not measured.</summary>
    public required IReadOnlyDictionary<NamespacedName, MeasuredUse> VirtualMachines { get; init; }

    /// <summary>Why there is nothing of VMs; null: there is.</summary>
    public string? VirtualMachinesProblem { get; init; }
}
