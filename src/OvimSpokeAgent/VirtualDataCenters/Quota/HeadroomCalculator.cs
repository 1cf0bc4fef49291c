using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.VirtualMachines;

namespace OvimSpokeAgent.VirtualDataCenters;

/// <summary>
/// How much the ResourceQuota of a namespace allows beyond what is declared: the overhead of its VMs' pods and one migration
/// of the largest of them. It counts the VMs that are within what is declared, those that run first and then the oldest:
/// whatever tenants write besides raises nothing, and what they write of these raises it to <see cref="Most"/> at most.
/// Pure.
/// </summary>
internal static class HeadroomCalculator
{
    private const decimal CpuStep = 2;
    private const decimal MemoryStep = 4L << 30;

    // As many steps, or fewer, lead from nothing to what is declared.
    private const int Steps = 16;

    // Where their number is not declared: a VM with less is none.
    private const long MinMemory = 128L << 20;

    // A VM with less memory for each vCPU counts with memory / this many vCPUs.
    private const long MemoryOfVcpu = 64L << 20;

    private static readonly decimal MaxOfFeatures = VirtualMachineOverhead.Largest(0, 0) - VirtualMachineOverhead.OfSize(0, 0);

    /// <summary>What the VMs need, in steps, so that a new VM rarely needs a new quota.</summary>
    public static QuotaHeadroom Of(QuotaDeclaration quota, IReadOnlyList<LedgerEntry> vms)
    {
        if (quota is { Cpu: null, Memory: null }) return QuotaHeadroom.None;
        decimal cpu = 0, memory = 0, migrationCpu = 0, migrationMemory = 0;
        foreach (var vm in Within(quota, vms))
        {
            var overhead = OverheadOf(vm.Footprint);
            cpu += VirtualMachineOverhead.Cores;
            memory += overhead;
            migrationCpu = Math.Max(migrationCpu, vm.PodCpu + VirtualMachineOverhead.Cores);
            migrationMemory = Math.Max(migrationMemory, MemoryOf(vm) + overhead);
        }
        return InSteps(quota, cpu + migrationCpu, memory + migrationMemory);
    }

    /// <summary>What <see cref="Of"/> is at most, whatever VMs there are.</summary>
    public static QuotaHeadroom Most(QuotaDeclaration quota)
    {
        if (quota is { Cpu: null, Memory: null }) return QuotaHeadroom.None;
        var vms = MaxVms(quota);
        var (cpu, memory) = (quota.Cpu?.Value ?? 0, quota.Memory?.Value ?? 0);
        var vcpus = Math.Min(quota.Cpu is null ? decimal.MaxValue : Math.Floor(cpu), memory / MemoryOfVcpu);
        // All of them, and the largest once more: it has all vCPUs and all memory then.
        var ofSizes = ((vms - 1) * VirtualMachineOverhead.OfSize(0, 0)) + (2 * VirtualMachineOverhead.OfSize(vcpus, memory));
        var ofFeatures = Math.Min(vms * MaxOfFeatures, memory) + Math.Min(MaxOfFeatures, memory);
        return InSteps(quota, ((vms + 1) * VirtualMachineOverhead.Cores) + cpu, memory + ofSizes + ofFeatures);
    }

    /// <summary>
    /// The VMs that run and cannot migrate: with all that run, the quota has no room for a second pod of theirs. None is among
    /// them where all are within what is declared.
    /// </summary>
    public static IReadOnlyList<NamespacedName> WithoutRoomToMigrate(QuotaDeclaration quota, IReadOnlyList<LedgerEntry> vms)
    {
        var running = vms.Where(vm => vm.IsUp).ToList();
        var headroom = Of(quota, vms);
        var cpuLeft = quota.Cpu?.Value + headroom.Cpu - running.Sum(CpuOfPod);
        var memoryLeft = quota.Memory?.Value + headroom.Memory - running.Sum(MemoryOfPod);
        return [.. running.Where(vm => CpuOfPod(vm) > cpuLeft || MemoryOfPod(vm) > memoryLeft).Select(vm => vm.Name)];

        static decimal CpuOfPod(LedgerEntry vm) => vm.PodCpu + VirtualMachineOverhead.Cores;

        static decimal MemoryOfPod(LedgerEntry vm) => vm.PodMemory + OverheadOf(vm.Footprint);
    }

    private static IEnumerable<LedgerEntry> Within(QuotaDeclaration quota, IReadOnlyList<LedgerEntry> vms)
    {
        var most = MaxVms(quota);
        decimal count = 0, cpu = 0, memory = 0;
        // One without a size (its instancetype is missing) cannot boot.
        foreach (var vm in vms.Where(vm => vm.Footprint.Vcpus > 0).OrderByDescending(vm => vm.IsUp).ThenBy(vm => vm.CreatedAt)
            .ThenBy(vm => vm.Name.Name, StringComparer.Ordinal))
        {
            count++;
            cpu += Math.Max(vm.Footprint.Vcpus, vm.PodCpu);
            memory += MemoryOf(vm);
            if (count > most || cpu > quota.Cpu?.Value || memory > quota.Memory?.Value) yield break;
            yield return vm;
        }
    }

    // Each VM has one vCPU at least.
    private static decimal MaxVms(QuotaDeclaration quota)
    {
        decimal most = quota.Vms ?? decimal.MaxValue;
        if (quota.Cpu is { } cpu) most = Math.Min(most, Math.Floor(cpu.Value));
        if (quota.Memory is { } memory) most = Math.Min(most, Math.Max(1, Math.Floor(memory.Value / MinMemory)));
        return most;
    }

    private static decimal MemoryOf(LedgerEntry vm) => Math.Max(vm.Footprint.MemoryBytes, vm.PodMemory);

    // What a VM's owner writes costs no more than what it takes of the declared.
    private static decimal OverheadOf(VirtualMachineFootprint vm) =>
        VirtualMachineOverhead.OfSize(Math.Min(vm.Vcpus, vm.MemoryBytes / MemoryOfVcpu), vm.MemoryBytes)
        + Math.Min(VirtualMachineOverhead.OfFeatures(vm), vm.MemoryBytes);

    private static QuotaHeadroom InSteps(QuotaDeclaration quota, decimal cpu, decimal memory) => new(
        quota.Cpu is { } cores ? InSteps(cpu, CpuStep, cores.Value) : 0,
        quota.Memory is { } bytes ? InSteps(memory, MemoryStep, bytes.Value) : 0);

    private static decimal InSteps(decimal value, decimal step, decimal declared)
    {
        while (step * Steps < declared) step *= 2;
        return Math.Ceiling(value / step) * step;
    }
}
