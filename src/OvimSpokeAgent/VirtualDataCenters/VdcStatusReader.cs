using System.Globalization;
using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Contract;
using OvimSpokeAgent.Supervision;
using OvimSpokeAgent.Validation;

namespace OvimSpokeAgent.VirtualDataCenters;

/// <summary>The VDCs as reports, metrics and health show them: from what is in memory, no request.</summary>
internal sealed class VdcStatusReader(
    VdcDeclarationCache namespaces,
    Cluster.WatchCache<Cluster.NamespaceObject, HubNamespace> hubNamespaces,
    QuotaLedger ledger,
    VdcCaches caches,
    VdcConditions states,
    ObjectFailures failures,
    Configuration.AgentSettings settings)
{
    private const int ShownVms = 5;

    private readonly ObjectGuard _guard = failures.At("VDC status");

    /// <summary>The contract's words (<c>Suspended</c> is the hub's own).</summary>
    public static readonly IReadOnlyList<string> Words = ["Pending", "Active", "Failed", "Suspended", "Terminating"];

    /// <summary>All VDCs, by namespace. One whose status cannot be told is there, and says so.</summary>
    public IReadOnlyList<VdcStatus> List()
    {
        var vdcs = namespaces.Vdcs();
        _guard.RetainOnly(vdcs.Select(vdc => vdc.Name));
        return
        [
            .. vdcs.Select(vdc => _guard.Run(vdc.Name, () => StatusOf(vdc), failure => StatusUnavailable(vdc, failure.Message))),
            .. hubNamespaces.Items.Where(ns => ns.VdcName is not null).OrderBy(ns => ns.Name, StringComparer.Ordinal).Select(StatusOf),
        ];
    }

    // The hub's own controller keeps its quota and all else.
    private VdcStatus StatusOf(HubNamespace ns)
    {
        var usage = ledger.MachinesOf(ns.Name).Aggregate(default(QuotaUsage), (sum, vm) => sum.With(vm.Footprint));
        return new()
        {
            Name = ns.VdcName!,
            Namespace = ns.Name,
            Status = ns.IsTerminating ? "Terminating" : "Active",
            ResourceUsage = new ResourceMetrics
            {
                CpuUsed = Saturating.Multiply(usage.Vcpus, 1000),
                MemoryUsed = usage.MemoryBytes,
                VmCount = usage.Vms,
            },
            Labels = ns.Labels.All,
            LabelsTruncated = ns.Labels.AreTruncated ? true : null,
            CreatedAt = ns.CreatedAt ?? ns.SeenAt,
            UpdatedAt = ns.SeenAt,
        };
    }

    private static VdcStatus StatusUnavailable(DeclaredNamespace vdc, string problem) => new()
    {
        Name = vdc.VdcName,
        Namespace = vdc.Name,
        Status = "Failed",
        ResourceUsage = new ResourceMetrics(), // nothing is known of it
        CreatedAt = vdc.CreatedAt ?? vdc.SeenAt,
        UpdatedAt = vdc.SeenAt,
        Warnings = [$"the agent cannot tell its status: {problem}"],
    };

    private VdcStatus StatusOf(DeclaredNamespace vdc)
    {
        var state = states.Get(vdc.Name);
        var quota = vdc.Declaration?.Quota ?? new QuotaDeclaration();
        var labels = KeptLabels.ForReport(vdc.Labels);
        var machines = ledger.MachinesOf(vdc.Name);
        var usage = machines.Aggregate(default(QuotaUsage), (sum, vm) => sum.With(vm.Footprint));
        return new VdcStatus
        {
            Name = vdc.VdcName,
            Namespace = vdc.Name,
            Status = vdc.IsBeingDeleted ? "Terminating"
                : (vdc.Problem ?? state.Problem ?? state.Fault) is not null ? "Failed"
                : state.IsWhole ? "Active" : "Pending",
            ResourceUsage = UsageOf(vdc, quota, usage),
            Labels = labels.All,
            LabelsTruncated = labels.AreTruncated || vdc.AreLabelsTruncated ? true : null,
            CreatedAt = vdc.CreatedAt ?? vdc.SeenAt,
            UpdatedAt = vdc.SeenAt,
            Warnings = Warnings(vdc, state, quota, usage, machines) is { Count: > 0 } warnings ? warnings : null,
        };
    }

    private ResourceMetrics UsageOf(DeclaredNamespace vdc, QuotaDeclaration quota, QuotaUsage usage)
    {
        var counted = caches.Quotas.Get(new(vdc.Name, VdcNames.Quota))?.Used;
        var (cpu, cpuAllowed) = (Saturating.Multiply(usage.Vcpus, 1000), Saturating.Ceiling((quota.Cpu?.Value ?? 0) * 1000));
        var memoryAllowed = Saturating.Ceiling(quota.Memory?.Value ?? 0);
        var (storage, storageAllowed) = (Saturating.Ceiling(Counted(VdcManifests.RequestsStorage)), Saturating.Ceiling(quota.Storage?.Value ?? 0));
        return new ResourceMetrics
        {
            CpuUsed = cpu,
            CpuCapacity = cpuAllowed,
            CpuPercent = Percent(cpu, cpuAllowed),
            MemoryUsed = usage.MemoryBytes,
            MemoryCapacity = memoryAllowed,
            MemoryPercent = Percent(usage.MemoryBytes, memoryAllowed),
            StorageUsed = storage,
            StorageCapacity = storageAllowed,
            StoragePercent = Percent(storage, storageAllowed),
            PodCount = int.CreateSaturating(Counted(VdcManifests.PodCount)),
            VmCount = usage.Vms,
        };

        decimal Counted(string resource) => counted?.GetValueOrDefault(resource) ?? 0;
    }

    private List<string> Warnings(
        DeclaredNamespace vdc,
        VdcCondition state,
        QuotaDeclaration quota,
        QuotaUsage usage,
        IReadOnlyList<LedgerEntry> machines)
    {
        var warnings = new List<string>();
        if (vdc.Problem is not null) warnings.Add($"what is declared cannot be read: {vdc.Problem}");
        if (state.Problem is not null) warnings.Add($"not as declared: {state.Problem}");
        if (state.DeletionWaitsFor is not null) warnings.Add($"being deleted: {state.DeletionWaitsFor}");
        if (state.Fault is not null) warnings.Add($"not repaired: {state.Fault}");
        warnings.AddRange(state.WeakenedBy.Select(weakening => weakening.ToString()));
        warnings.AddRange(state.Contests);
        if (quota.Cpu is { } cpu && usage.Vcpus > cpu.Value) warnings.Add($"over quota: {usage.Vcpus} vCPUs, allowed {cpu.Text}");
        if (quota.Memory is { } memory && usage.MemoryBytes > memory.Value)
            warnings.Add($"over quota: {usage.MemoryBytes} bytes of guest memory, allowed {memory.Text}");
        if (quota.Vms is { } vms && usage.Vms > vms) warnings.Add($"over quota: {usage.Vms} VMs, allowed {vms}");
        if (HeadroomCalculator.WithoutRoomToMigrate(quota, machines) is { Count: > 0 } cramped)
        {
            var names = ShortList.Names([.. cramped.Select(vm => vm.Name)], ShownVms);
            warnings.Add($"the quota has no room for a second pod of VM {names}: cannot migrate");
        }
        var odd = machines.Where(vm => vm.Footprint.Problem is not null).OrderBy(vm => vm.Name.Name, StringComparer.Ordinal).ToList();
        warnings.AddRange(odd.Take(ShownVms).Select(vm => $"VM {vm.Name.Name}: {vm.Footprint.Problem}"));
        if (odd.Count > ShownVms) warnings.Add($"{odd.Count - ShownVms} more VMs of which something is odd");
        if (quota.Cpu is null) return warnings;
        // What they request is what a ResourceQuota sees of them.
        var light = machines.Count(vm => (vm.Footprint.CpuRequest ?? 0) < vm.Footprint.Vcpus / settings.CpuOvercommit);
        if (light > 0)
        {
            warnings.Add(string.Create(CultureInfo.InvariantCulture,
                $"{light} VMs request fewer cores than their vCPUs count here: the ResourceQuota does not stop more of their kind"));
        }
        return warnings;
    }

    private static double Percent(long used, long capacity) =>
        capacity <= 0 ? 0 : Math.Min(100, Math.Round(100.0 * used / capacity, 2));
}
