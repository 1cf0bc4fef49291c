using OvimSpokeAgent.VirtualDataCenters;
using OvimSpokeAgent.VirtualMachines;

namespace OvimSpokeAgent.Tests.VirtualDataCenters;

public sealed class HeadroomTrackerTests
{
    private const long MiB = 1L << 20;
    private const long GiB = 1L << 30;

    [Fact]
    public async Task Without_vms_the_quota_is_what_is_declared()
    {
        await using var world = await QuotaWorld.OpenAsync();

        Assert.Equal(QuotaHeadroom.None, world.Headroom());
    }

    [Fact]
    public async Task Headroom_grows_in_steps_with_what_is_only_admitted_too()
    {
        await using var world = await QuotaWorld.OpenAsync();
        var seen = new HashSet<QuotaHeadroom>();

        for (var i = 0; i < 24; i++)
        {
            world.Reserves(world.Claims($"vm-{i}", 1, 1, key: $"op-{i}"), 100);
            seen.Add(world.Headroom());
        }

        Assert.InRange(seen.Count, 2, 5);
        Assert.True(seen.Last().Memory > 24 * 300 * MiB);
    }

    [Fact]
    public async Task Headroom_is_lowered_only_after_it_was_too_high_for_a_while()
    {
        await using var world = await QuotaWorld.OpenAsync();
        await world.HasVmAsync("large", 16, 64);
        var high = world.Headroom();
        await world.LosesVmAsync("large");

        Assert.Equal(high, world.Headroom());
        Assert.Equal(HeadroomTracker.LowerAfter, world.Net.UntilLowered(QuotaWorld.Ns));
        world.Time.Advance(HeadroomTracker.LowerAfter / 2);
        Assert.Equal(high, world.Headroom());
        world.Time.Advance(HeadroomTracker.LowerAfter / 2);

        Assert.Equal(QuotaHeadroom.None, world.Headroom());
        Assert.Null(world.Net.UntilLowered(QuotaWorld.Ns));
    }

    [Fact]
    public async Task Headroom_that_an_agent_before_left_is_kept_where_it_is_enough_and_not_more_than_there_may_be()
    {
        await using var world = await QuotaWorld.OpenAsync();
        world.Quota = Declared.Parse("""{"quota":{"cpu":4,"memory":8}}""").Quota;
        await world.HasVmAsync("small", 1, 1);
        var needed = new QuotaHeadroom(2, 4 * GiB);

        foreach (var (found, kept) in ((QuotaHeadroom, QuotaHeadroom)[])
            [
                (new(4, 8 * GiB), new(4, 8 * GiB)), (new(2, GiB), needed), (new(0, 8 * GiB), needed), (new(4, 908 * GiB), needed),
                (new(502, 8 * GiB), needed),
            ])
        {
            Assert.Equal(kept, world.Headroom(() => found));
            world.Net.Forget();
        }
    }

    [Fact]
    public async Task Headroom_is_computed_anew_when_something_else_is_declared()
    {
        await using var world = await QuotaWorld.OpenAsync();
        await world.HasVmAsync("large", 16, 64);
        Assert.True(world.Headroom().Memory > 64 * GiB);

        world.Quota = Declared.Parse("""{"quota":{"cpu":4,"memory":8}}""").Quota;

        Assert.Equal(QuotaHeadroom.None, world.Headroom());
        Assert.Null(world.Net.UntilLowered(QuotaWorld.Ns));
    }

    [Theory]
    [InlineData("2 4294967296", true)]
    [InlineData("0 0", true)]
    [InlineData("2", false)]
    [InlineData("two 4", false)]
    [InlineData("-2 4", false)]
    [InlineData(null, false)]
    public void Headroom_is_written_and_read_back(string? text, bool isRight) =>
        Assert.Equal(isRight ? text : null, QuotaHeadroom.Parse(text)?.ToString());

    [Theory]
    [InlineData(2, 4, 304 + 64)]
    [InlineData(1, 1, 290 + 64)]
    public void Overhead_is_KubeVirts_formula_and_the_small_containers(long vcpus, long gib, long mib) =>
        Assert.Equal(mib * MiB, VirtualMachineOverhead.Of(Vm(vcpus, gib)));

    [Fact]
    public void Features_of_the_guest_cost_more() => Assert.Equal(
        VirtualMachineOverhead.Of(Vm(2, 4)) + ((53 + 100 + 128 + 1024) * MiB), VirtualMachineOverhead.Largest(2, 4 * GiB));

    private static VirtualMachineFootprint Vm(long vcpus, long gib) => new() { Vcpus = vcpus, MemoryBytes = gib * GiB };
}
