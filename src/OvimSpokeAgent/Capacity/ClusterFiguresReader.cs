using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Supervision;
using OvimSpokeAgent.Validation;
using OvimSpokeAgent.VirtualMachines;

namespace OvimSpokeAgent.Capacity;

/// <summary>Puts the figures together from the caches and what was measured last: no request.</summary>
internal sealed class ClusterFiguresReader(
    WatchCache<NodeObject, NodeItem> nodes,
    WatchCache<VirtualMachineObject, VirtualMachineItem> machines,
    WatchCache<VirtualMachineInstanceObject, VirtualMachineInstanceItem> instances,
    WatchCache<ClaimObject, ClaimItem> claims,
    WatchCache<StorageClassObject, StorageClassItem> classes,
    WatchCache<StorageCapacityObject, StorageCapacityItem> capacities,
    UsageCollector usage,
    TimeProvider time)
{
    private const int ShownNodes = 3;

    // Time for the first answers after a start.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <summary>Completes when it is known what there is, or after a while.</summary>
    public Task WaitForFirstAnswersAsync(CancellationToken cancellationToken) => TimeLimit.RunAsync(
        Patience,
        time,
        token => Task.WhenAll(((IWatchCacheStatus[])[nodes, machines, instances, claims, classes]).Select(cache => cache.WaitForFirstAnswerAsync(token))),
        cancellationToken);

    /// <summary>The figures of now.</summary>
    public ClusterFigures Read()
    {
        var (now, status, sample) = (time.GetUtcNow(), usage.Status, usage.Current);
        var ofNodes = nodes.Status.LastSync is null ? null : NodesWith(sample, RequestsByNode());
        return new ClusterFigures
        {
            CollectedAt = OldestOf(now, sample),
            Nodes = ofNodes,
            Vms = machines.Count,
            Storage = StorageFigures.Of(claims.Items, classes.Items, capacities.Items),
            Warnings = [.. WarningsOf(ofNodes, status, sample)],
        };
    }

    /// <summary>What is missing in the figures, and of how many nodes they are (null: not known) and how many of these were measured.</summary>
    public (IReadOnlyList<string> Warnings, int? Nodes, int Measured) Look()
    {
        var (status, sample) = (usage.Status, usage.Current);
        var ofNodes = nodes.Status.LastSync is null ? null : NodesWith(sample, []);
        return ([.. WarningsOf(ofNodes, status, sample)], ofNodes?.Count, ofNodes?.Count(node => node.Used is not null) ?? 0);
    }

    /// <summary>What a VM's pods use; null: not measured.</summary>
    public MeasuredUse? UseOf(NamespacedName vm) =>
        usage.Current is { } sample && sample.VirtualMachines.TryGetValue(vm, out var use) ? use : null;

    private IReadOnlyList<NodeFigures> NodesWith(UsageSample? sample, Dictionary<string, MeasuredUse> requested) =>
    [
        .. nodes.Items.OrderBy(node => node.Name, StringComparer.Ordinal).Select(node => new NodeFigures(
            node,
            sample is not null && sample.Nodes.TryGetValue(node.Name, out var use) ? use : null,
            requested.GetValueOrDefault(node.Name))),
    ];

    private Dictionary<string, MeasuredUse> RequestsByNode()
    {
        var requested = new Dictionary<string, MeasuredUse>();
        foreach (var vmi in instances.Items)
        {
            if (vmi.NodeName is not { } node || vmi.IsFinal) continue;
            var (cpu, memory) = (vmi.Footprint.PodCpu + VirtualMachineOverhead.Cores, vmi.Footprint.PodMemory + VirtualMachineOverhead.Of(vmi.Footprint));
            requested[node] = requested.GetValueOrDefault(node) + new MeasuredUse(Saturating.Ceiling(cpu * 1000), Saturating.Ceiling(memory));
        }
        return requested;
    }

    // A report that is sent again and again with the same old figures says so.
    private DateTimeOffset OldestOf(DateTimeOffset now, UsageSample? sample)
    {
        var ofNodes = nodes.Status is { State: CacheState.Failing, LastEvent: { } heard } ? heard : now;
        return sample is not null && sample.CollectedAt < ofNodes ? sample.CollectedAt : ofNodes;
    }

    private IEnumerable<string> WarningsOf(IReadOnlyList<NodeFigures>? ofNodes, UsageStatus status, UsageSample? sample)
    {
        if (ofNodes is null) yield return $"which nodes there are is not known: {nodes.Status.Problem ?? "not asked yet"}";
        else if (nodes.Status.State is not CacheState.Synced) yield return $"nodes not heard of since {nodes.Status.LastEvent:O}: {nodes.Status.Problem}";
        if (status.State is UsageState.Absent)
            yield return "the cluster has no metrics.k8s.io: what is used is not known, only what VMs request";
        if (status.State is UsageState.Failing)
        {
            var shown = sample is null ? "what is used is not known" : $"what is used is of {sample.CollectedAt:O}";
            yield return $"{shown}, metrics.k8s.io does not tell: {status.Problem}";
        }
        if (sample is null) yield break;
        var without = (ofNodes ?? []).Where(node => node.Used is null).Select(node => node.Node.Name).ToList();
        if (without.Count > 0) yield return $"{without.Count} of {ofNodes!.Count} nodes were not measured: {ShortList.Names(without, ShownNodes)}";
        foreach (var odd in sample.Odd) yield return odd;
        if (sample.VirtualMachinesProblem is { } problem) yield return $"what VMs use is not known: {problem}";
    }
}
