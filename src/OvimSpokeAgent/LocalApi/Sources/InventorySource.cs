using OvimSpokeAgent.Capacity;
using OvimSpokeAgent.Contract;
using OvimSpokeAgent.VirtualDataCenters;
using OvimSpokeAgent.VirtualMachines;

namespace OvimSpokeAgent.LocalApi;

/// <summary>Which of the VMs or VDCs are asked for.</summary>
/// <param name="Namespace">Those of this namespace; null: of all.</param>
/// <param name="Name">Those with this text in their name; null: whatever the name.</param>
internal readonly record struct InventoryFilter(string? Namespace, string? Name)
{
    public bool Lets(string ns, string name) =>
        (Namespace is null || ns == Namespace) && (Name is null || name.Contains(Name, StringComparison.OrdinalIgnoreCase));
}

/// <summary>Reads <see cref="VmsDocument"/> and <see cref="VdcsDocument"/>: from the caches.</summary>
internal sealed class InventorySource(VirtualMachineManager machines, ClusterMetricsReader metrics, VdcStatusReader vdcs)
{
    /// <summary>How many a list has at most.</summary>
    public const int MaxListed = 1000;

    public VmsDocument ReadVms(InventoryFilter filter = default, int most = MaxListed)
    {
        var all = machines.List(null);
        var matching = all.Where(vm => filter.Lets(vm.Namespace, vm.Name)).ToList();
        return new VmsDocument
        {
            Count = all.Count,
            ByStatus = CountByStatus(all),
            Matching = matching.Count,
            Vms = [.. matching.Take(most).Select(metrics.WithUse)],
        };
    }

    /// <summary>How many VMs have each status, by its name.</summary>
    public static IReadOnlyDictionary<string, int> CountByStatus(IEnumerable<VirtualMachineStatus> vms) =>
        vms.CountBy(vm => vm.Status).OrderBy(count => count.Key, StringComparer.Ordinal).ToDictionary();

    public VdcsDocument ReadVdcs(InventoryFilter filter = default, int most = MaxListed)
    {
        var all = vdcs.List();
        var matching = all.Where(vdc => filter.Lets(vdc.Namespace, vdc.Name)).ToList();
        return new VdcsDocument { Count = all.Count, Matching = matching.Count, Vdcs = [.. matching.Take(most)] };
    }
}
