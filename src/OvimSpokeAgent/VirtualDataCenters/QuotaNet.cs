using System.Collections.Concurrent;
using OvimSpokeAgent.VirtualMachines;

namespace OvimSpokeAgent.VirtualDataCenters;

/// <summary>
/// How much the ResourceQuota of each namespace allows beyond what is declared: the overhead of its VMs' pods and one
/// migration of the largest VM, in steps, so that a new VM rarely needs a new quota. It is raised at once, and lowered
/// only after it was too high for a while.
/// </summary>
internal sealed class QuotaNet(QuotaLedger ledger, TimeProvider time)
{
    private const decimal CpuStep = 2;
    private const decimal MemoryStep = 4L << 30;

    // Where KubeVirt decides: a tenth of a core a vCPU.
    private const decimal DefaultRequestOfVcpu = 0.1m;

    /// <summary>How long a padding is left higher than needed.</summary>
    public static readonly TimeSpan LowerAfter = TimeSpan.FromMinutes(10);

    private readonly ConcurrentDictionary<string, Padding> _paddings = [];

    /// <summary>The padding that the namespace's quota is to have now.</summary>
    /// <param name="ns">The namespace.</param>
    /// <param name="found">What an agent before this one gave it: kept, if nobody remembers another and it is enough.</param>
    public QuotaPadding Of(string ns, Func<QuotaPadding?> found)
    {
        var wanted = InSteps(NeededIn(ns));
        var padding = _paddings.GetOrAdd(ns, _ => new Padding(found() is { } before && before.Covers(wanted) ? before : wanted));
        lock (padding) return padding.Next(wanted, time);
    }

    /// <summary>When the padding is due to be lowered, if nothing changes; null: it is not too high.</summary>
    public TimeSpan? UntilLowered(string ns)
    {
        if (!_paddings.TryGetValue(ns, out var padding)) return null;
        lock (padding)
        {
            return padding.TooHighSince is { } since
                ? TimeSpan.FromTicks(Math.Max(0, (LowerAfter - time.GetElapsedTime(since)).Ticks))
                : null;
        }
    }

    /// <summary>Forgets all paddings: they are taken over from the quotas as they are then.</summary>
    public void Forget() => _paddings.Clear();

    public void Forget(string ns) => _paddings.TryRemove(ns, out _);

    private QuotaPadding NeededIn(string ns)
    {
        decimal cpu = 0, memory = 0, migrationCpu = 0, migrationMemory = 0;
        foreach (var vm in ledger.FootprintsOf(ns))
        {
            var overhead = VirtualMachineOverhead.Of(vm);
            cpu += VirtualMachineOverhead.Cores;
            memory += overhead;
            migrationCpu = Math.Max(migrationCpu, (vm.CpuRequest ?? (vm.Vcpus * DefaultRequestOfVcpu)) + VirtualMachineOverhead.Cores);
            migrationMemory = Math.Max(migrationMemory, vm.MemoryBytes + overhead);
        }
        return new QuotaPadding(cpu + migrationCpu, memory + migrationMemory);
    }

    private static QuotaPadding InSteps(QuotaPadding needed) => new(
        Math.Ceiling(needed.Cpu / CpuStep) * CpuStep, Math.Ceiling(needed.Memory / MemoryStep) * MemoryStep);

    private sealed class Padding(QuotaPadding first)
    {
        private QuotaPadding _now = first;

        public long? TooHighSince { get; private set; }

        public QuotaPadding Next(QuotaPadding wanted, TimeProvider time)
        {
            if (!_now.Covers(wanted))
            {
                _now = new(Math.Max(_now.Cpu, wanted.Cpu), Math.Max(_now.Memory, wanted.Memory));
                TooHighSince = null;
            }
            if (_now == wanted)
            {
                TooHighSince = null;
            }
            else if (TooHighSince is not { } since)
            {
                TooHighSince = time.GetTimestamp();
            }
            else if (time.GetElapsedTime(since) >= LowerAfter)
            {
                _now = wanted;
                TooHighSince = null;
            }
            return _now;
        }
    }
}
