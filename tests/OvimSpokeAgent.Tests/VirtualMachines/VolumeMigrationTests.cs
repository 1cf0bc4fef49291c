using System.Text.Json.Nodes;
using OvimSpokeAgent.VirtualMachines;

namespace OvimSpokeAgent.Tests.VirtualMachines;

/// <summary>VMs whose volumes are moved, or were and did not come through.</summary>
public sealed class VolumeMigrationTests
{
    private const string Payload = """{"name":"web","namespace":"acme"}""";
    private const string Recovery = "ManualRecoveryRequired";
    private const string Moving = "VolumesChange";

    [Theory]
    [InlineData("Halted")]
    [InlineData("Always")]
    [InlineData("Manual")]
    [InlineData("RerunOnFailure")]
    public async Task Vm_that_kubevirt_does_not_boot_is_not_started(string strategy)
    {
        await using var world = await VmWorld.OpenAsync();
        world.HasVm(VmWorld.Web, strategy, vm => vm["status"] = Condition(Recovery, "True"));

        Assert.Equal(
            "VM acme/web cannot be started: it waits for recovery by hand of its volumes (the message)",
            (await VmWorld.RunAsync(world.Start)).FailureOf());
        Assert.Null(await VmWorld.Of(world.Start, Payload).ReadBackAsync());
        Assert.Equal([], world.Changes());
    }

    [Theory]
    [InlineData("Always")]
    [InlineData("Manual")]
    public async Task Vm_that_kubevirt_does_not_boot_is_not_restarted(string strategy)
    {
        await using var world = await VmWorld.OpenAsync();
        world.HasVm(VmWorld.Web, strategy, vm => vm["status"] = Condition(Recovery, "True"));

        Assert.Contains("recovery by hand", (await VmWorld.RunAsync(world.Restart)).FailureOf(), StringComparison.Ordinal);
        world.HasGuest(VmWorld.Web);
        Assert.Contains("recovery by hand", (await VmWorld.RunAsync(world.Restart)).FailureOf(), StringComparison.Ordinal);
        Assert.Equal([], world.Changes());
    }

    [Fact]
    public async Task Vm_that_waits_for_recovery_can_be_stopped_and_is_started_when_it_has_recovered()
    {
        await using var world = await VmWorld.OpenAsync();
        world.HasVm(VmWorld.Web, "Always", vm => vm["status"] = Condition(Recovery, "True"));

        Assert.True((await VmWorld.RunAsync(world.Stop)).IsCompleted);
        Assert.Equal("Halted", world.Strategy());
        world.Cluster.Change(KubeVirtKinds.VirtualMachine, VmWorld.Web, vm => vm["status"] = Condition(Recovery, "False"));

        Assert.True((await VmWorld.RunAsync(world.Start)).IsCompleted);
        Assert.Equal("Always", world.Strategy());
    }

    [Fact]
    public async Task Guest_that_is_up_has_started_whatever_its_next_boot_waits_for()
    {
        await using var world = await VmWorld.OpenAsync();
        world.HasVm(VmWorld.Web, "Always", vm => vm["status"] = Condition(Recovery, "True"));
        world.HasGuest(VmWorld.Web);

        Assert.True((await VmWorld.RunAsync(world.Start)).IsCompleted);
    }

    [Theory]
    [InlineData("Always", true)]
    [InlineData("Always", false)]
    [InlineData("Manual", true)]
    [InlineData("RerunOnFailure", true)]
    public async Task Guest_whose_volumes_are_moved_is_not_ended(string strategy, bool saysVmi)
    {
        await using var world = await VmWorld.OpenAsync();
        world.HasVm(VmWorld.Web, strategy, vm => vm["status"] = saysVmi ? [] : Condition(Moving, "True"));
        world.HasGuest(VmWorld.Web, change: vmi =>
        {
            if (saysVmi) vmi["status"]!["conditions"] = Condition(Moving, "True")["conditions"]!.DeepClone();
        });

        foreach (var (handler, what) in new[] { (world.Stop, "stopped"), (world.Restart, "restarted") })
        {
            Assert.Equal(
                $"VM acme/web cannot be {what}: its volumes are being moved (the message); if the guest ended now, "
                + "it could not boot again without recovery by hand",
                (await VmWorld.RunAsync(handler, ",\"force\":true")).FailureOf());
        }
        Assert.Equal([], world.Changes());
        Assert.True((await VmWorld.RunAsync(world.Start)).IsCompleted);
    }

    [Fact]
    public async Task Guest_whose_volumes_were_moved_is_ended()
    {
        await using var world = await VmWorld.OpenAsync();
        world.HasVm(VmWorld.Web, "Always", vm => vm["status"] = Condition(Moving, "False"));
        world.HasGuest(VmWorld.Web);

        Assert.True((await VmWorld.RunAsync(world.Stop)).IsCompleted);
        Assert.Equal("Halted", world.Strategy());
    }

    // A repeat must not end another boot, and not fail for what came later.
    [Fact]
    public async Task Restart_that_has_happened_is_done_whatever_came_since()
    {
        await using var world = await VmWorld.OpenAsync();
        world.HasVm(VmWorld.Web, "Always", vm => vm["status"] = Condition(Moving, "True"));
        world.HasGuest(VmWorld.Web);

        Assert.True((await VmWorld.Of(world.Restart, Payload, fact: "the boot before").RunAsync()).IsCompleted);
        Assert.Equal([], world.Changes());
    }

    private static JsonObject Condition(string type, string status) => new()
    {
        ["conditions"] = new JsonArray(new JsonObject { ["type"] = type, ["status"] = status, ["message"] = "the message" }),
    };
}
