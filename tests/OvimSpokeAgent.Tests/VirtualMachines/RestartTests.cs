using System.Text.Json;
using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Operations;
using OvimSpokeAgent.Tests.Cluster;
using OvimSpokeAgent.VirtualMachines;

namespace OvimSpokeAgent.Tests.VirtualMachines;

/// <summary>Restarting: which boot is meant is fixed first, so that no repeat ends a second one.</summary>
public sealed class RestartTests
{
    private const string Payload = """{"name":"web","namespace":"acme"}""";
    private const string Forced = """{"name":"web","namespace":"acme","force":true}""";

    [Fact]
    public async Task Restart_of_always_deletes_the_boot_that_is_meant()
    {
        await using var world = await VmWorld.OpenAsync();
        world.HasVm(VmWorld.Web);
        var uid = world.HasGuest(VmWorld.Web);
        var execution = VmWorld.Of(world.Restart, Payload);

        Assert.True((await execution.RunAsync()).IsCompleted);

        Assert.Equal(uid, execution.Checkpoint);
        Assert.Equal([$"delete virtualmachineinstances.kubevirt.io acme/web {uid}"], world.Cluster.RequestsWith("delete"));
        Assert.Null(world.Guest());
    }

    [Theory]
    [InlineData("Manual")]
    [InlineData("RerunOnFailure")]
    public async Task Restart_of_a_strategy_that_keeps_itself_is_asked_of_kubevirt_once(string strategy)
    {
        await using var world = await VmWorld.OpenAsync();
        world.HasVm(VmWorld.Web, strategy);
        world.HasGuest(VmWorld.Web);
        var execution = VmWorld.Of(world.Restart, Payload);

        Assert.True((await execution.RunAsync()).IsCompleted);
        Assert.True((await execution.RunAsync()).IsCompleted);

        Assert.Equal(["put virtualmachines.subresources.kubevirt.io acme/web restart {}"], world.Cluster.RequestsWith("put"));
        Assert.Equal(["Stop", "Start"], world.Asked());
    }

    [Theory]
    [InlineData("Always")]
    [InlineData("Manual")]
    public async Task Forced_restart_is_asked_of_kubevirt_with_no_grace(string strategy)
    {
        await using var world = await VmWorld.OpenAsync();
        world.HasVm(VmWorld.Web, strategy);
        world.HasGuest(VmWorld.Web);

        Assert.True((await VmWorld.Of(world.Restart, Forced).RunAsync()).IsCompleted);

        Assert.Equal(
            ["""put virtualmachines.subresources.kubevirt.io acme/web restart {"gracePeriodSeconds":0}"""],
            world.Cluster.RequestsWith("put"));
    }

    [Theory]
    [InlineData("Always")]
    [InlineData("Manual")]
    public async Task Grace_period_that_a_restart_does_not_take_is_named_as_ignored(string strategy)
    {
        await using var world = await VmWorld.OpenAsync();
        world.HasVm(VmWorld.Web, strategy);
        world.HasGuest(VmWorld.Web);

        var status = (await VmWorld.RunAsync(world.Restart, ",\"grace_period_seconds\":90")).VmStatus();

        Assert.StartsWith("grace_period_seconds (90): ", Assert.Single(status.IgnoredFields!), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Halted", "Running", "its run strategy is Halted")]
    [InlineData("Once", "Running", "its run strategy is Once")]
    [InlineData("WaitAsReceiver", null, "its run strategy is WaitAsReceiver")]
    [InlineData("Manual", null, "it is not running")]
    [InlineData("Manual", "Succeeded", "it is not running")]
    [InlineData("RerunOnFailure", null, "it is not running")]
    public async Task Restart_of_what_cannot_be_restarted_is_refused(string strategy, string? phase, string why)
    {
        await using var world = await VmWorld.OpenAsync();
        world.HasVm(VmWorld.Web, strategy);
        if (phase is not null) world.HasGuest(VmWorld.Web, phase);

        Assert.Equal($"VM acme/web cannot be restarted: {why}", (await VmWorld.RunAsync(world.Restart)).FailureOf());

        Assert.Empty(world.Cluster.RequestsWith("delete").Concat(world.Cluster.RequestsWith("put")));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("Failed")]
    public async Task Restart_of_always_between_two_boots_is_done_already(string? phase)
    {
        await using var world = await VmWorld.OpenAsync();
        world.HasVm(VmWorld.Web);
        if (phase is not null) world.HasGuest(VmWorld.Web, phase);

        Assert.True((await VmWorld.RunAsync(world.Restart)).IsCompleted);

        Assert.Empty(world.Cluster.RequestsWith("delete"));
    }

    [Theory]
    [InlineData("Always", null)]
    [InlineData("Manual", "VM acme/web cannot be restarted: it is not running")]
    public async Task Restart_of_a_guest_that_is_shutting_down(string strategy, string? error)
    {
        await using var world = await VmWorld.OpenAsync();
        world.HasVm(VmWorld.Web, strategy);
        world.HasGuest(VmWorld.Web, "Running", vmi => vmi["metadata"]!["deletionTimestamp"] = "2026-11-23T08:00:00Z");

        Assert.Equal(error, (await VmWorld.RunAsync(world.Restart)).Error);

        Assert.Empty(world.Cluster.RequestsWith("delete").Concat(world.Cluster.RequestsWith("put")));
    }

    [Theory]
    [InlineData("Always", Payload)]
    [InlineData("Always", Forced)]
    [InlineData("Manual", Payload)]
    public async Task Repeat_after_the_restart_never_ends_the_next_boot(string strategy, string payload)
    {
        await using var world = await VmWorld.OpenAsync();
        world.HasVm(VmWorld.Web, strategy);
        world.HasGuest(VmWorld.Web);
        var execution = VmWorld.Of(world.Restart, payload);
        world.Cluster.LostAnswer = request =>
            request.Verb is "delete" or "put" ? FakeKubernetesApi.Error(ApiErrorReason.Unavailable, "killed") : null;
        await Assert.ThrowsAsync<KubernetesApiException>(execution.RunAsync);
        world.Cluster.LostAnswer = null;
        // KubeVirt has restarted it meanwhile.
        if (world.Guest() is not null) world.Cluster.Remove(KubeVirtKinds.VirtualMachineInstance, VmWorld.Web);
        world.Cluster.Change(KubeVirtKinds.VirtualMachine, VmWorld.Web, vm => vm.Remove("status"));
        var next = world.HasGuest(VmWorld.Web);
        world.Cluster.ForgetRequests();

        Assert.True((await execution.RunAsync()).IsCompleted);

        Assert.Equal(next, (string?)world.Guest()!["metadata"]!["uid"]);
        Assert.Empty(world.Cluster.RequestsWith("delete").Concat(world.Cluster.RequestsWith("put")));
    }

    [Fact]
    public async Task Boot_that_ended_in_the_last_moment_is_not_followed_by_a_second_end()
    {
        await using var world = await VmWorld.OpenAsync();
        world.HasVm(VmWorld.Web);
        world.HasGuest(VmWorld.Web);
        var next = "";
        world.Cluster.Fault = request =>
        {
            if (request.Verb != "delete" || next.Length > 0) return null;
            world.Cluster.Remove(KubeVirtKinds.VirtualMachineInstance, VmWorld.Web);
            next = world.HasGuest(VmWorld.Web);
            return null;
        };

        Assert.True((await VmWorld.RunAsync(world.Restart)).IsCompleted);

        Assert.Equal(next, (string?)world.Guest()!["metadata"]!["uid"]);
    }

    [Fact]
    public async Task After_a_timeout_the_restart_has_landed_when_its_boot_is_over()
    {
        await using var world = await VmWorld.OpenAsync();
        world.HasVm(VmWorld.Web);
        world.HasGuest(VmWorld.Web);
        var execution = VmWorld.Of(world.Restart, Payload);
        Assert.Null(await execution.ReadBackAsync());
        world.Cluster.Fault = request => request.Verb == "delete" ? FakeKubernetesApi.Error(ApiErrorReason.Unavailable) : null;
        await Assert.ThrowsAsync<KubernetesApiException>(execution.RunAsync);

        Assert.Null(await execution.ReadBackAsync());
        world.Cluster.Remove(KubeVirtKinds.VirtualMachineInstance, VmWorld.Web);
        Assert.NotNull(await execution.ReadBackAsync());
    }

    [Theory]
    [InlineData("\"force\":\"yes\"", "force: \"yes\" is not true or false")]
    [InlineData("\"grace_period_seconds\":-1", "grace_period_seconds: -1 is not a whole number from 0 to 86400")]
    [InlineData("\"grace_period_seconds\":1.5", "grace_period_seconds: 1.5 is not a whole number from 0 to 86400")]
    public async Task Bad_wish_is_named(string field, string error)
    {
        await using var world = await VmWorld.OpenAsync();

        foreach (var handler in (IOperationHandler[])[world.Stop, world.Restart])
        {
            var reader = new PayloadReader(
                JsonElement.Parse($$"""{"name":"web","namespace":"acme",{{field}}}"""));
            handler.Plan(reader);
            Assert.Equal([error], reader.Errors);
        }
    }
}
