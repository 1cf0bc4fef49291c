using System.Text.Json;
using CsCheck;
using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.VirtualDataCenters;
using OvimSpokeAgent.VirtualMachines;

namespace OvimSpokeAgent.Tests.VirtualDataCenters;

/// <summary>What a ResourceQuota allows beyond what is declared: enough for what is within, and no more for what is beyond.</summary>
public sealed class HeadroomCalculatorTests
{
    private const long MiB = 1L << 20;
    private const long GiB = 1L << 30;

    private static readonly DateTimeOffset Start = new(2026, 11, 23, 8, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Whatever_tenants_write_the_quota_stays_within_the_bound_of_what_is_declared() =>
        Gen.Select(TenantVms.Declared, TenantVms.Vm.List[0, 40]).Sample(
            (quota, vms) =>
            {
                var headroom = HeadroomCalculator.Of(quota, Entries(vms));
                var (cpu, memory) = BoundOf(quota);

                Assert.InRange(headroom.Cpu, 0, cpu);
                Assert.InRange(headroom.Memory, 0, memory);
                Assert.Equal(new QuotaHeadroom(cpu, memory), HeadroomCalculator.Most(quota));
                var hard = HardOf(quota, headroom);
                if (quota.Cpu is { } cores) Assert.InRange(hard["requests.cpu"], cores.Value, Math.Max(cores.Value, Math.Min(cores.Value + cpu, 1_000_000)));
                if (quota.Memory is { } bytes) Assert.InRange(hard["requests.memory"], bytes.Value, bytes.Value + memory + 1);
            },
            iter: 3000);

    [Fact]
    public void More_declared_never_allows_less() =>
        Gen.Select(TenantVms.Declared, TenantVms.Declared, TenantVms.Vm.List[0, 20]).Sample(
            (one, other, vms) =>
            {
                var (entries, more) = (Entries(vms), new QuotaDeclaration
                {
                    Cpu = Larger(one.Cpu, other.Cpu),
                    Memory = Larger(one.Memory, other.Memory),
                    Vms = one.Vms is { } few && other.Vms is { } many ? Math.Max(few, many) : null,
                });
                var (before, after) = (HeadroomCalculator.Of(one, entries), HeadroomCalculator.Of(more, entries));

                if (more.Cpu is { } cpu) Assert.True(one.Cpu!.Value.Value + before.Cpu <= cpu.Value + after.Cpu);
                if (more.Memory is { } memory) Assert.True(one.Memory!.Value.Value + before.Memory <= memory.Value + after.Memory);
            },
            iter: 2000);

    [Fact]
    public void Vms_beyond_what_is_declared_raise_nothing() =>
        TenantVms.Vm.List[1, 30].Sample(
            beyond =>
            {
                var quota = Quota("""{"cpu":8,"memory":16}""");
                List<LedgerEntry> within = [.. Enumerable.Range(0, 4).Select(i => Entry($"vm-{i}", 2, 4, isUp: i < 2))];
                var halted = Entries(beyond).Select(vm => vm with { IsUp = false, CreatedAt = Start.AddDays(1) });

                Assert.Equal(HeadroomCalculator.Of(quota, within), HeadroomCalculator.Of(quota, [.. within, .. halted]));
            },
            iter: 1000);

    [Fact]
    public void Every_vm_within_what_is_declared_can_run_and_any_of_them_migrate() =>
        Gen.Select(Gen.Int[1, 8], Gen.Int[1, 16], Gen.Bool).List[1, 12].Sample(
            sizes =>
            {
                var vms = sizes.Select((size, i) => Entry($"vm-{i}", size.Item1, size.Item2, isUp: true, asksForAll: size.Item3)).ToList();
                var quota = Quota($$"""{"cpu":{{sizes.Sum(size => size.Item1)}},"memory":{{sizes.Sum(size => size.Item2)}}}""");

                var headroom = HeadroomCalculator.Of(quota, vms);

                var memory = vms.Sum(MemoryOfPod) + vms.Max(MemoryOfPod);
                var cpu = vms.Sum(CpuOfPod) + vms.Max(CpuOfPod);
                Assert.True(memory <= quota.Memory!.Value.Value + headroom.Memory);
                Assert.True(cpu <= quota.Cpu!.Value.Value + headroom.Cpu);
                Assert.Empty(HeadroomCalculator.WithoutRoomToMigrate(quota, vms));

                static decimal MemoryOfPod(LedgerEntry vm) => vm.Footprint.MemoryBytes + VirtualMachineOverhead.Of(vm.Footprint);

                static decimal CpuOfPod(LedgerEntry vm) => vm.PodCpu + VirtualMachineOverhead.Cores;
            },
            iter: 1000);

    [Fact]
    public void Headroom_covers_the_overhead_of_all_and_a_migration_of_the_largest()
    {
        List<LedgerEntry> vms = [.. Enumerable.Range(0, 8).Select(i => Entry($"vm-{i}", 2, 4)), Entry("large", 16, 32)];

        var headroom = HeadroomCalculator.Of(Quota("""{"cpu":32,"memory":64}"""), vms);

        var overhead = (8 * VirtualMachineOverhead.Of(vms[0].Footprint)) + VirtualMachineOverhead.Of(vms[8].Footprint);
        var migration = (32 * GiB) + VirtualMachineOverhead.Of(vms[8].Footprint);
        Assert.InRange(headroom.Memory, overhead + migration, overhead + migration + (4 * GiB));
        Assert.InRange(headroom.Cpu, 16 + (10 * VirtualMachineOverhead.Cores), 16 + (10 * VirtualMachineOverhead.Cores) + 2);
    }

    /// <summary>A VM of a tenant in a VDC of 4 vCPUs and 8 GiB: what it says, and whether it raises the quota.</summary>
    [Theory]
    [InlineData("""{"cpu":{"sockets":2},"memory":{"guest":"4Gi"}}""", true)]
    [InlineData("""{"cpu":{"sockets":4},"memory":{"guest":"8Gi"}}""", true)]
    [InlineData("""{"cpu":{"sockets":1},"memory":{"guest":"900Gi"}}""", false)]
    [InlineData("""{"cpu":{"sockets":5},"memory":{"guest":"1Gi"}}""", false)]
    [InlineData("""{"cpu":{"sockets":1},"memory":{"guest":"1Gi"},"resources":{"requests":{"cpu":"500"}}}""", false)]
    [InlineData("""{"cpu":{"sockets":1},"memory":{"guest":"1Gi"},"resources":{"requests":{"memory":"900Gi"}}}""", false)]
    [InlineData("""{"cpu":{"sockets":1},"memory":{"guest":"900Gi"},"resources":{"requests":{"memory":"1Gi"}}}""", false)]
    [InlineData("""{"cpu":{"sockets":900,"dedicatedCpuPlacement":true},"memory":{"guest":"1Gi","hugepages":{"pageSize":"1Gi"}}}""", false)]
    [InlineData("""{"cpu":{"sockets":1},"memory":{"guest":"-900Gi"},"resources":{"requests":{"cpu":"-500"}}}""", true)]
    [InlineData("""{"cpu":{"sockets":1},"memory":{"guest":"1Gi","reservedOverhead":{"addedOverhead":"900Gi"}}}""", true)]
    public void Vm_raises_the_quota_only_if_it_fits(string domain, bool isRaised)
    {
        var quota = Quota("""{"cpu":4,"memory":8}""");

        var headroom = HeadroomCalculator.Of(quota, Entries([(domain, false)]));

        Assert.Equal(isRaised, headroom != QuotaHeadroom.None);
        Assert.True(headroom is { Cpu: <= 6, Memory: <= 12 * GiB }, headroom.ToString());
    }

    [Fact]
    public void Vms_that_a_lowered_quota_left_too_large_cannot_migrate()
    {
        List<LedgerEntry> vms =
        [
            Entry("large", 4, 12, isUp: true),
            Entry("small", 1, 1, isUp: true) with { CreatedAt = Start.AddDays(-1) },
            Entry("halted", 4, 8),
        ];

        Assert.Empty(Told("""{"cpu":12,"memory":24}"""));
        Assert.Equal(["acme/large"], Told("""{"cpu":5,"memory":12}"""));
        Assert.Equal(["acme/large", "acme/small"], Told("""{"cpu":4,"memory":8}"""));
        Assert.Equal(["acme/large", "acme/small"], Told("""{"cpu":1}"""));
        Assert.Empty(Told("""{"vms":1}"""));

        IEnumerable<string> Told(string quota) => HeadroomCalculator.WithoutRoomToMigrate(Quota(quota), vms).Select(vm => vm.ToString());
    }

    [Theory]
    [InlineData("""{"cpu":4,"memory":8}""", 6, 20)]
    [InlineData("""{"cpu":20,"memory":64}""", 22, 100)]
    [InlineData("""{"cpu":20,"memory":64,"vms":3}""", 22, 72)]
    [InlineData("""{"memory":8}""", 0, 44)]
    [InlineData("""{"cpu":4}""", 6, 0)]
    [InlineData("""{"vms":10,"storage":100}""", 0, 0)]
    public void Bound_is_computed_from_what_is_declared_alone(string quota, decimal cpu, long gib) =>
        Assert.Equal(new QuotaHeadroom(cpu, gib * GiB), HeadroomCalculator.Most(Quota(quota)));

    // As README says it.
    private static (decimal Cpu, decimal Memory) BoundOf(QuotaDeclaration quota)
    {
        var (cpu, memory) = (quota.Cpu?.Value, quota.Memory?.Value);
        if (cpu is null && memory is null) return (0, 0);
        decimal vms = quota.Vms ?? decimal.MaxValue;
        if (cpu is { } c) vms = Math.Min(vms, Math.Floor(c));
        if (memory is { } m) vms = Math.Min(vms, Math.Max(1, Math.Floor(m / (128 * MiB))));
        var ofVcpus = 8 * MiB * Math.Min(cpu is { } all ? Math.Floor(all) : decimal.MaxValue / (8 * MiB), (memory ?? 0) / (64 * MiB));
        return (
            cpu is null ? 0 : RoundedUp(cpu.Value + (0.05m * (vms + 1)), 2, cpu.Value),
            memory is not { } bytes ? 0 : RoundedUp(
                bytes + ((vms + 1) * 344 * MiB) + (2 * (Math.Floor(bytes / 512) + ofVcpus))
                    + Math.Min(vms * 1305 * MiB, bytes) + Math.Min(1305 * MiB, bytes),
                4 * GiB,
                bytes));

        static decimal RoundedUp(decimal value, decimal step, decimal declared)
        {
            while (16 * step < declared) step *= 2;
            return Math.Ceiling(value / step) * step;
        }
    }

    // What the API server reads in the ResourceQuota.
    private static Dictionary<string, decimal> HardOf(QuotaDeclaration quota, QuotaHeadroom headroom)
    {
        var declaration = new VdcDeclaration { Name = "dev", Quota = quota };
        var settings = new Configuration.TestEnvironment().LoadClean();
        var manifest = VdcManifests.Objects("acme", declaration, headroom, ClusterNetwork.Usual(Declared.Settings), settings.Vdc).Single(item => item.Kind == KubernetesKinds.ResourceQuota);
        return manifest.Body["spec"]!["hard"]!.AsObject().ToDictionary(entry => entry.Key, entry =>
        {
            Assert.True(Quantity.TryParse((string)entry.Value!, out var quantity), $"{entry.Key}: {entry.Value}");
            return quantity.Value;
        });
    }

    private static Quantity? Larger(Quantity? one, Quantity? other) =>
        one is { } a && other is { } b ? a.Value > b.Value ? a : b : null;

    private static QuotaDeclaration Quota(string quota) => Declared.Parse($$"""{"quota":{{quota}}}""").Quota;

    private static LedgerEntry Entry(string name, long vcpus, long gib, bool isUp = false, bool asksForAll = true) => new(
        new("acme", name),
        new VirtualMachineFootprint { Vcpus = vcpus, MemoryBytes = gib * GiB, CpuRequest = asksForAll ? vcpus : null },
        isUp,
        Start);

    private static List<LedgerEntry> Entries(IEnumerable<(string Domain, bool IsUp)> vms) =>
    [
        .. vms.Select((vm, i) => new LedgerEntry(
            new("acme", $"vm-{i}"),
            VirtualMachineFootprint.Of(JsonSerializer.Deserialize(
                $$$"""{"spec":{"template":{"spec":{"architecture":"arm64","domain":{{{vm.Domain}}} } } } }""", KubeVirtJson.Default.VirtualMachineObject)!),
            vm.IsUp,
            Start.AddMinutes(i % 7))),
    ];
}
