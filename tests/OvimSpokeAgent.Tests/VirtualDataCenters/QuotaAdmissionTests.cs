using OvimSpokeAgent.VirtualDataCenters;
using OvimSpokeAgent.VirtualMachines;

namespace OvimSpokeAgent.Tests.VirtualDataCenters;

/// <summary>What fits into a declaration.</summary>
public sealed class QuotaAdmissionTests
{
    private const long Gi = 1L << 30;

    private const string Declaration =
        """{"quota":{"cpu":20,"memory":64,"vms":5},"limit_range":{"min_cpu":2,"max_cpu":8,"min_memory":1,"max_memory":32}}""";

    internal static IEnumerable<(ClaimKind Kind, long Cpu, long Gib, QuotaUsage Others, (long Cpu, long Gib)? Before, string? Refusal)> Rows =>
    [
        (ClaimKind.Create, 4, 8, new(16, 56 * Gi, 4), null, null),
        (ClaimKind.Create, 4, 8, new(17, 0, 1), null, "quota.cpu: asked 4 vCPUs, used 17 vCPUs, allowed 20"),
        (ClaimKind.Create, 4, 8, new(0, 57 * Gi, 1), null, "quota.memory: asked 8Gi, used 57Gi, allowed 64Gi"),
        (ClaimKind.Create, 4, 8, new(0, 0, 5), null, "quota.vms: asked 1 VM, used 5, allowed 5"),
        (ClaimKind.Create, 1, 8, default, null, "cpu: 1 vCPUs are too little, limit_range.min_cpu is 2"),
        (ClaimKind.Create, 16, 8, default, null, "cpu: 16 vCPUs are too much, limit_range.max_cpu is 8"),
        (ClaimKind.Create, 4, 33, default, null, "memory: 33Gi are too much, limit_range.max_memory is 32Gi"),
        (ClaimKind.Create, 4, 0, default, null, "memory: 0 are too little, limit_range.min_memory is 1Gi"),
        (ClaimKind.Create, 8, 16, new(16, 60 * Gi, 1), null,
            "quota.cpu: asked 8 vCPUs, used 16 vCPUs, allowed 20; quota.memory: asked 16Gi, used 60Gi, allowed 64Gi"),
        (ClaimKind.Resize, 8, 8, new(12, 0, 4), (4, 8), null),
        (ClaimKind.Resize, 8, 8, new(13, 0, 4), (4, 8), "quota.cpu: asked 8 vCPUs, used 13 vCPUs, allowed 20"),
        (ClaimKind.Resize, 4, 8, new(40, 0, 9), (8, 8), null),
        (ClaimKind.Resize, 4, 16, new(40, 60 * Gi, 9), (8, 8), "quota.memory: asked 16Gi, used 60Gi, allowed 64Gi"),
        (ClaimKind.Resize, 16, 8, default, (4, 8), "cpu: 16 vCPUs are too much, limit_range.max_cpu is 8"),
        (ClaimKind.Start, 4, 8, new(16, 0, 9), (4, 8), null),
        (ClaimKind.Start, 4, 8, new(17, 0, 1), (4, 8), "quota.cpu: asked 4 vCPUs, used 17 vCPUs, allowed 20"),
        (ClaimKind.Start, 16, 8, default, (16, 8), null),
    ];

    public static TheoryData<int> RowNumbers => [.. Enumerable.Range(0, Rows.Count())];

    [Theory]
    [MemberData(nameof(RowNumbers))]
    public void Claim_is_refused_with_the_figures_exactly_if_it_does_not_fit(int row)
    {
        var (kind, cpu, gib, others, before, refusal) = Rows.ElementAt(row);
        var claim = new VirtualMachineClaim(new("acme", "web"), Footprint(cpu, gib), kind, new("op"));

        var reason = QuotaAdmission.Refuse(
            claim, Declared.Parse(Declaration), others, before is { } b ? Footprint(b.Cpu, b.Gib) : null);

        Assert.Equal(refusal, reason);
    }

    [Fact]
    public void What_is_not_declared_is_not_limited() => Assert.Null(QuotaAdmission.Refuse(
        new(new("acme", "web"), Footprint(500, 9000), ClaimKind.Create, new("op")),
        Declared.Parse("""{"quota":{"storage":1}}"""),
        new QuotaUsage(1000, 9000 * Gi, 1000),
        null));

    [Theory]
    [InlineData(20, 0, 80, null)]
    [InlineData(20, 20, 60, null)]
    [InlineData(20, 0, 81, "quota.storage: asked 20Gi, used 81Gi, allowed 100Gi")]
    [InlineData(20, 20, 61, "quota.storage: asked 20Gi and, while its disks are filled, 20Gi more, used 61Gi, allowed 100Gi")]
    [InlineData(0, 0, 200, null)]
    public void Disks_fit_with_what_filling_them_takes(long disks, long filling, long used, string? refusal) => Assert.Equal(
        refusal,
        QuotaAdmission.Refuse(
            new(new("acme", "web"), Footprint(1, 1) with { StorageBytes = disks * Gi, FillingBytes = filling * Gi }, ClaimKind.Create, new("op")),
            Declared.Parse("""{"quota":{"storage":100}}"""),
            new QuotaUsage(0, 0, 0) { StorageBytes = used * Gi },
            null));

    private static VirtualMachineFootprint Footprint(long cpu, long gib) => new() { Vcpus = cpu, MemoryBytes = gib * Gi };
}
