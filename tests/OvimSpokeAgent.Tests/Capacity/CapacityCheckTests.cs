using OvimSpokeAgent.Capacity;
using OvimSpokeAgent.Contract;

namespace OvimSpokeAgent.Tests.Capacity;

public sealed class CapacityCheckTests
{
    private const long Gi = 1L << 30;

    private static readonly NodeAmounts Amounts = new(10_000, 100 * Gi, 0, 110);

    [Fact]
    public void Cluster_with_room_gives_no_warning() =>
        Assert.Empty(CapacityCheck.WarningsOf(Figures(new MeasuredUse(9_000, 90 * Gi), new MeasuredUse(9_000, 90 * Gi), claimed: 90 * Gi, free: 10 * Gi)));

    [Fact]
    public void What_is_used_requested_or_claimed_beyond_nine_tenths_is_named_with_its_share() => Assert.Equal(
        [
            "91 % of the nodes' CPU is used",
            "92 % of the nodes' memory is used",
            "VMs request 93 % of the CPU of the nodes that take them",
            "VMs request 120 % of the memory of the nodes that take them",
            "StorageClasses nearly full: fast (95 %)",
        ],
        CapacityCheck.WarningsOf(Figures(new MeasuredUse(9_100, 92 * Gi), new MeasuredUse(9_300, 120 * Gi), claimed: 95 * Gi, free: 5 * Gi)));

    [Fact]
    public void Nodes_that_are_away_or_under_pressure_are_named_the_first_of_many()
    {
        var nodes = Enumerable.Range(1, 5).Select(i => new NodeFigures(
            new NodeItem { Name = $"n{i}", Capacity = Amounts, Allocatable = Amounts, Readiness = NodeReadiness.NotReady }, null, default));
        var pressed = new NodeItem
        {
            Name = "p1",
            Capacity = Amounts,
            Allocatable = Amounts,
            Readiness = NodeReadiness.Ready,
            Conditions = [new NodeCondition { Type = "DiskPressure", Status = "True" }],
        };

        var warnings = CapacityCheck.WarningsOf(Figures(null, default, 0, null) with { Nodes = [.. nodes, new NodeFigures(pressed, null, default)] });

        Assert.Equal(["not ready: n1, n2, n3 and 2 more", "under pressure: p1 (DiskPressure)"], warnings);
    }

    [Fact]
    public void What_is_not_known_is_no_warning() =>
        Assert.Empty(CapacityCheck.WarningsOf(Figures(null, default, claimed: 95 * Gi, free: null) with { Nodes = null }));

    private static ClusterFigures Figures(MeasuredUse? used, MeasuredUse requested, long claimed, long? free) => new()
    {
        CollectedAt = DateTimeOffset.UnixEpoch,
        Nodes =
        [
            new NodeFigures(Node("n1", runsVms: true), used, requested),
            new NodeFigures(Node("control-plane", runsVms: false), null, default), // no room for VMs
            new NodeFigures(Node("drained", runsVms: true) with { IsCordoned = true }, null, default),
        ],
        Vms = 0,
        Storage = new StorageFigures([new StorageClassFigures("fast") { ClaimedBytes = claimed, AvailableBytes = free }], claimed, null),
        Warnings = [],
    };

    private static NodeItem Node(string name, bool runsVms) =>
        new() { Name = name, Capacity = Amounts, Allocatable = Amounts, Readiness = NodeReadiness.Ready, RunsVms = runsVms };
}
