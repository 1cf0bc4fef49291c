using OvimSpokeAgent.VirtualDataCenters;
using OvimSpokeAgent.VirtualMachines;

namespace OvimSpokeAgent.Tests.VirtualDataCenters;

public sealed class QuotaNetTests
{
    private const long MiB = 1L << 20;
    private const long GiB = 1L << 30;

    [Fact]
    public async Task Without_vms_the_quota_is_what_is_declared()
    {
        await using var world = await QuotaWorld.OpenAsync();

        Assert.Equal(QuotaPadding.None, world.Net.Of(QuotaWorld.Ns, () => null));
    }

    [Fact]
    public async Task Padding_covers_overhead_of_all_and_a_migration_of_the_largest()
    {
        await using var world = await QuotaWorld.OpenAsync();
        for (var i = 0; i < 30; i++) await world.HasVmAsync($"vm-{i}", 2, 4);
        await world.HasVmAsync("large", 16, 64);

        var padding = world.Net.Of(QuotaWorld.Ns, () => null);

        var overhead = (30 * VirtualMachineOverhead.Of(Vm(2, 4))) + VirtualMachineOverhead.Of(Vm(16, 64));
        var migration = (64 * GiB) + VirtualMachineOverhead.Of(Vm(16, 64));
        Assert.InRange(padding.Memory, overhead + migration, overhead + migration + (4 * GiB));
        Assert.InRange(padding.Cpu, 16 + (32 * VirtualMachineOverhead.Cores), 16 + (32 * VirtualMachineOverhead.Cores) + 2);
    }

    [Fact]
    public async Task Padding_grows_in_steps_with_what_is_only_admitted_too()
    {
        await using var world = await QuotaWorld.OpenAsync();
        var seen = new HashSet<QuotaPadding>();

        for (var i = 0; i < 24; i++)
        {
            world.Reserves(world.Claims($"vm-{i}", 1, 1, key: $"op-{i}"), 100);
            seen.Add(world.Net.Of(QuotaWorld.Ns, () => null));
        }

        Assert.InRange(seen.Count, 2, 5);
        Assert.True(seen.Last().Memory > 24 * 300 * MiB);
    }

    [Fact]
    public async Task Padding_is_lowered_only_after_it_was_too_high_for_a_while()
    {
        await using var world = await QuotaWorld.OpenAsync();
        await world.HasVmAsync("large", 16, 64);
        var high = world.Net.Of(QuotaWorld.Ns, () => null);
        await world.LosesVmAsync("large");

        Assert.Equal(high, world.Net.Of(QuotaWorld.Ns, () => null));
        Assert.Equal(QuotaNet.LowerAfter, world.Net.UntilLowered(QuotaWorld.Ns));
        world.Time.Advance(QuotaNet.LowerAfter / 2);
        Assert.Equal(high, world.Net.Of(QuotaWorld.Ns, () => null));
        world.Time.Advance(QuotaNet.LowerAfter / 2);

        Assert.Equal(QuotaPadding.None, world.Net.Of(QuotaWorld.Ns, () => null));
        Assert.Null(world.Net.UntilLowered(QuotaWorld.Ns));
    }

    [Fact]
    public async Task Padding_that_an_agent_before_left_is_kept_where_it_is_enough()
    {
        await using var world = await QuotaWorld.OpenAsync();
        await world.HasVmAsync("small", 1, 1);
        var (much, little) = (new QuotaPadding(4, 8 * GiB), new QuotaPadding(2, GiB));

        Assert.Equal(much, world.Net.Of(QuotaWorld.Ns, () => much));
        world.Net.Forget();
        Assert.Equal(new QuotaPadding(2, 4 * GiB), world.Net.Of(QuotaWorld.Ns, () => little));
    }

    [Theory]
    [InlineData("2 4294967296", true)]
    [InlineData("0 0", true)]
    [InlineData("2", false)]
    [InlineData("two 4", false)]
    [InlineData("-2 4", false)]
    [InlineData(null, false)]
    public void Padding_is_written_and_read_back(string? text, bool isRight) =>
        Assert.Equal(isRight ? text : null, QuotaPadding.Parse(text)?.ToString());

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
