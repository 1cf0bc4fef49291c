using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.VirtualMachines;

namespace OvimSpokeAgent.Tests.VirtualMachines;

/// <summary>Stopping by KubeVirt's table of run strategies, a test a row.</summary>
public sealed class StopTests
{
    private const string Payload = """{"name":"web","namespace":"acme"}""";

    [Theory]
    [InlineData("Always")]
    [InlineData("Once")]
    [InlineData("WaitAsReceiver")]
    public async Task Stop_sets_halted(string strategy)
    {
        await using var world = await VmWorld.OpenAsync();
        world.HasVm(VmWorld.Web, strategy);
        world.HasGuest(VmWorld.Web);

        Assert.True((await VmWorld.RunAsync(world.Stop)).IsCompleted);

        Assert.Equal("Halted", world.Strategy());
        Assert.Equal(["patch"], world.Changes());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Stop_of_a_vm_with_the_older_field_writes_the_newer_and_removes_it(bool running)
    {
        await using var world = await VmWorld.OpenAsync();
        world.HasOldVm(running);

        Assert.True((await VmWorld.RunAsync(world.Stop)).IsCompleted);

        Assert.Equal(
            running ? """{"runStrategy":"Halted"}""" : """{"running":false}""", world.Vm()["spec"]!.ToJsonString());
    }

    [Fact]
    public async Task Stop_of_halted_asks_for_nothing()
    {
        await using var world = await VmWorld.OpenAsync();
        world.HasVm(VmWorld.Web, "Halted");

        Assert.True((await VmWorld.RunAsync(world.Stop)).IsCompleted);

        Assert.Equal([], world.Changes());
    }

    [Theory]
    [InlineData("Manual")]
    [InlineData("RerunOnFailure")]
    public async Task Stop_of_a_strategy_that_keeps_itself_is_asked_of_kubevirt(string strategy)
    {
        await using var world = await VmWorld.OpenAsync();
        world.HasVm(VmWorld.Web, strategy);
        world.HasGuest(VmWorld.Web);
        var execution = VmWorld.Of(world.Stop, Payload);

        Assert.True((await execution.RunAsync()).IsCompleted);
        Assert.True((await execution.RunAsync()).IsCompleted);

        Assert.Equal(["stop"], world.Changes());
        Assert.Equal(["Stop"], world.Asked());
        Assert.Equal(strategy, world.Strategy());
    }

    [Theory]
    [InlineData("Manual", null)]
    [InlineData("Manual", "Succeeded")]
    [InlineData("Manual", "Failed")]
    [InlineData("RerunOnFailure", "Succeeded")]
    public async Task Stop_of_what_is_down_asks_for_nothing(string strategy, string? phase)
    {
        await using var world = await VmWorld.OpenAsync();
        world.HasVm(VmWorld.Web, strategy);
        if (phase is not null) world.HasGuest(VmWorld.Web, phase);

        Assert.True((await VmWorld.RunAsync(world.Stop)).IsCompleted);

        Assert.Equal([], world.Changes());
    }

    [Fact]
    public async Task Stop_between_two_runs_waits_for_the_next_to_stop_it()
    {
        await using var world = await VmWorld.OpenAsync();
        world.HasVm(VmWorld.Web, "RerunOnFailure");
        world.HasGuest(VmWorld.Web, "Failed");
        var execution = VmWorld.Of(world.Stop, Payload);

        await Assert.ThrowsAsync<KubernetesApiException>(execution.RunAsync);
        world.Cluster.Remove(KubeVirtKinds.VirtualMachineInstance, VmWorld.Web);
        world.HasGuest(VmWorld.Web);

        Assert.True((await execution.RunAsync()).IsCompleted);
        Assert.Equal(["Stop"], world.Asked());
    }

    [Fact]
    public async Task Stop_after_a_restart_that_waits_replaces_it()
    {
        await using var world = await VmWorld.OpenAsync();
        world.HasVm(VmWorld.Web, "Manual");
        world.HasGuest(VmWorld.Web);
        Assert.True((await VmWorld.RunAsync(world.Restart)).IsCompleted);

        Assert.True((await VmWorld.RunAsync(world.Stop)).IsCompleted);

        Assert.Equal(["Stop"], world.Asked());
    }

    [Theory]
    [InlineData("Always", ",\"force\":true", 0)]
    [InlineData("Always", ",\"grace_period_seconds\":5", 5)]
    [InlineData("Always", ",\"force\":true,\"grace_period_seconds\":5", 0)]
    [InlineData("Halted", ",\"force\":true", 0)]
    [InlineData("Manual", ",\"force\":true", 0)]
    [InlineData("Manual", ",\"grace_period_seconds\":5", 5)]
    public async Task Stop_with_less_grace_shortens_the_guests(string strategy, string wish, int seconds)
    {
        await using var world = await VmWorld.OpenAsync();
        world.HasVm(VmWorld.Web, strategy);
        world.HasGuest(VmWorld.Web);

        Assert.True((await VmWorld.RunAsync(world.Stop, wish)).IsCompleted);

        Assert.Equal(seconds, (int)world.Guest()!["spec"]!["terminationGracePeriodSeconds"]!);
        Assert.Equal(["Stop"], world.Asked());
    }

    [Theory]
    [InlineData("Always")]
    [InlineData("Halted")]
    public async Task Stop_with_more_grace_than_the_vm_gives_stops_all_the_same(string strategy)
    {
        await using var world = await VmWorld.OpenAsync();
        world.HasVm(VmWorld.Web, strategy);
        world.HasGuest(VmWorld.Web);

        Assert.True((await VmWorld.RunAsync(world.Stop, ",\"grace_period_seconds\":600")).IsCompleted);

        Assert.Equal("Halted", world.Strategy());
        Assert.Equal(30, (int)world.Guest()!["spec"]!["terminationGracePeriodSeconds"]!);
    }

    [Fact]
    public async Task Forced_stop_of_what_is_down_asks_for_nothing()
    {
        await using var world = await VmWorld.OpenAsync();
        world.HasVm(VmWorld.Web, "Halted");

        Assert.True((await VmWorld.RunAsync(world.Stop, ",\"force\":true")).IsCompleted);

        Assert.Equal([], world.Changes());
    }
}
