using System.Globalization;
using OvimSpokeAgent.Supervision;
using OvimSpokeAgent.Validation;

namespace OvimSpokeAgent.Capacity;

/// <summary>
/// Whether the cluster's nodes and storage have room: nodes that are away or under pressure, and what is used or claimed beyond
/// nine tenths, as the alerts say. A warning, as the agent does its work all the same.
/// </summary>
internal sealed class CapacityCheck(ClusterFiguresReader figures) : IHealthCheck
{
    private const decimal NearlyFull = 0.9m;
    private const int Shown = 3;

    public string Name => "capacity";

    public bool NeededForReady => false;

    public HealthFinding Check()
    {
        var found = figures.Read();
        var warnings = WarningsOf(found).ToList();
        return warnings.Count > 0
            ? HealthFinding.Warning(string.Join("; ", warnings))
            : HealthFinding.Healthy(found.Nodes is { } nodes ? $"{nodes.Count} nodes, and none of what is known is nearly full" : "not known");
    }

    /// <summary>What there is too little of; empty: nothing that is known of.</summary>
    internal static IEnumerable<string> WarningsOf(ClusterFigures figures)
    {
        var nodes = (figures.Nodes ?? []).Select(node => node.Node).ToList();
        if (Named(nodes.Where(node => node.Readiness is not NodeReadiness.Ready).Select(node => node.Name)) is { } away) yield return $"not ready: {away}";
        if (Named(nodes.Where(node => node.Pressures.Any()).Select(node => $"{node.Name} ({string.Join(", ", node.Pressures)})")) is { } pressed)
            yield return $"under pressure: {pressed}";
        if (figures.Used is { } used)
        {
            if (Share(used.Cpu, figures.MeasuredCapacity.Cpu) is { } cpu) yield return $"{cpu} of the nodes' CPU is used";
            if (Share(used.Memory, figures.MeasuredCapacity.Memory) is { } memory) yield return $"{memory} of the nodes' memory is used";
        }
        if (Share(figures.Requested.Cpu, figures.AllocatableToVms.Cpu) is { } cpuRequested) yield return $"VMs request {cpuRequested} of the CPU of the nodes that take them";
        if (Share(figures.Requested.Memory, figures.AllocatableToVms.Memory) is { } memoryRequested) yield return $"VMs request {memoryRequested} of the memory of the nodes that take them";
        var full = figures.Storage.Classes
            .Select(item => (item.Name, Share: item.AvailableBytes is { } free ? Share(item.ClaimedBytes, (decimal)item.ClaimedBytes + free) : null))
            .Where(item => item.Share is not null);
        if (Named(full.Select(item => $"{item.Name} ({item.Share})")) is { } classes) yield return $"StorageClasses nearly full: {classes}";
    }

    private static string? Share(decimal part, decimal whole) =>
        whole > 0 && part > whole * NearlyFull ? string.Create(CultureInfo.InvariantCulture, $"{Math.Floor(100 * part / whole)} %") : null;

    private static string? Named(IEnumerable<string> names)
    {
        var all = names.ToList();
        return all.Count == 0 ? null : ShortList.Names(all, Shown);
    }
}
