using System.Text.Json.Nodes;
using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Tests.Cluster;
using OvimSpokeAgent.VirtualMachines;

namespace OvimSpokeAgent.Tests.VirtualMachines;

/// <summary>Starting by KubeVirt's table of run strategies, a test a row; and what starting and stopping have in common.</summary>
public sealed class StartTests
{
    private const string Payload = """{"name":"web","namespace":"acme"}""";

    [Fact]
    public async Task Start_of_always_asks_for_nothing()
    {
        await using var world = await VmWorld.OpenAsync();
        world.HasVm(VmWorld.Web, "Always");

        Assert.True((await VmWorld.RunAsync(world.Start)).IsCompleted);

        Assert.Equal([], world.Changes());
    }

    [Fact]
    public async Task Start_of_halted_sets_always_at_the_version_that_was_read()
    {
        await using var world = await VmWorld.OpenAsync();
        world.HasVm(VmWorld.Web, "Halted");
        var version = (string?)world.Vm()["metadata"]!["resourceVersion"];

        Assert.True((await VmWorld.RunAsync(world.Start)).IsCompleted);

        Assert.Equal("Always", world.Strategy());
        Assert.Equal("ovim-op-0123456789abcdef0123", (string?)world.Vm()["metadata"]!["annotations"]![WellKnownNames.OperationAnnotation]);
        Assert.Equal(version, (string?)JsonNode.Parse(Assert.Single(world.Cluster.Requests, r => r.Verb == "patch").Detail)!["metadata"]!["resourceVersion"]);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Start_of_a_vm_with_the_older_field_keeps_to_it(bool running)
    {
        await using var world = await VmWorld.OpenAsync();
        world.HasOldVm(running);

        Assert.True((await VmWorld.RunAsync(world.Start)).IsCompleted);

        Assert.Equal("""{"running":true}""", world.Vm()["spec"]!.ToJsonString());
    }

    [Theory]
    [InlineData("Manual")]
    [InlineData("RerunOnFailure")]
    public async Task Start_of_a_strategy_that_keeps_itself_is_asked_of_kubevirt(string strategy)
    {
        await using var world = await VmWorld.OpenAsync();
        world.HasVm(VmWorld.Web, strategy);
        var execution = VmWorld.Of(world.Start, Payload);

        Assert.True((await execution.RunAsync()).IsCompleted);
        Assert.True((await execution.RunAsync()).IsCompleted);

        Assert.Equal(["start"], world.Changes());
        Assert.Equal(["Start"], world.Asked());
        Assert.Equal(strategy, world.Strategy());
    }

    [Theory]
    [InlineData("Manual", "Succeeded", "Stop Start")]
    [InlineData("Manual", "Failed", "Stop Start")]
    [InlineData("RerunOnFailure", "Succeeded", "Stop Start")]
    [InlineData("Manual", "Running", "")]
    [InlineData("Manual", "Scheduling", "")]
    [InlineData("RerunOnFailure", "Failed", "")]
    public async Task Start_looks_at_what_the_guest_does(string strategy, string phase, string asked)
    {
        await using var world = await VmWorld.OpenAsync();
        world.HasVm(VmWorld.Web, strategy);
        world.HasGuest(VmWorld.Web, phase);

        Assert.True((await VmWorld.RunAsync(world.Start)).IsCompleted);

        Assert.Equal(asked, string.Join(' ', world.Asked()));
    }

    [Theory]
    [InlineData("Once", null, false)]
    [InlineData("Once", "Succeeded", false)]
    [InlineData("Once", "Running", true)]
    [InlineData("WaitAsReceiver", null, false)]
    public async Task Start_of_a_strategy_that_cannot_be_started_is_refused_unless_it_runs(string strategy, string? phase, bool isUp)
    {
        await using var world = await VmWorld.OpenAsync();
        world.HasVm(VmWorld.Web, strategy);
        if (phase is not null) world.HasGuest(VmWorld.Web, phase);

        var outcome = await VmWorld.RunAsync(world.Start);

        Assert.Equal(isUp ? null : $"VM acme/web cannot be started: its run strategy is {strategy}", outcome.Error);
        Assert.Equal([], world.Changes());
    }

    [Fact]
    public async Task Start_while_a_stop_is_under_way_is_asked_again_until_it_is_taken()
    {
        await using var world = await VmWorld.OpenAsync();
        world.HasVm(VmWorld.Web, "Manual");
        world.HasGuest(VmWorld.Web, "Running", vmi => vmi["metadata"]!["deletionTimestamp"] = "2026-11-23T08:00:00Z");
        var execution = VmWorld.Of(world.Start, Payload);

        var e = await Assert.ThrowsAsync<KubernetesApiException>(execution.RunAsync);
        Assert.Equal(ApiErrorReason.Conflict, e.Reason);
        Assert.True(execution.WaitsForOthers);
        world.Cluster.Remove(KubeVirtKinds.VirtualMachineInstance, VmWorld.Web);

        Assert.True((await execution.RunAsync()).IsCompleted);
        Assert.Equal(["Start"], world.Asked());
    }

    [Fact]
    public async Task Change_by_someone_else_in_between_is_seen_on_the_next_try()
    {
        await using var world = await VmWorld.OpenAsync();
        world.HasVm(VmWorld.Web, "Halted");
        var changed = false;
        world.Cluster.Fault = request =>
        {
            if (request.Verb != "patch" || changed) return null;
            changed = true;
            world.Cluster.Change(KubeVirtKinds.VirtualMachine, VmWorld.Web, vm => vm["spec"]!["runStrategy"] = "Manual");
            return null;
        };

        Assert.True((await VmWorld.Of(world.Start, Payload).RunUntilDoneAsync()).IsCompleted);

        Assert.Equal("Manual", world.Strategy());
        Assert.Equal(["Start"], world.Asked());
    }

    [Fact]
    public async Task Vm_that_is_being_deleted_cannot_be_started_but_stopped()
    {
        await using var world = await VmWorld.OpenAsync();
        world.HasVm(VmWorld.Web, "Halted", vm =>
        {
            vm["metadata"]!["finalizers"] = new JsonArray("vm.example/held");
            vm["metadata"]!["deletionTimestamp"] = "2026-11-23T08:00:00Z";
        });

        Assert.Equal(
            "VM acme/web cannot be started: it is being deleted", (await VmWorld.RunAsync(world.Start)).FailureOf());
        Assert.True((await VmWorld.RunAsync(world.Stop)).IsCompleted);
    }

    [Fact]
    public async Task Refusal_of_kubevirt_that_waiting_does_not_change_is_passed_on()
    {
        await using var world = await VmWorld.OpenAsync();
        world.HasVm(VmWorld.Web, "Manual");
        world.Cluster.Subresource = (name, _, _) =>
            throw FakeKubernetesApi.Conflict(KubeVirtKinds.VirtualMachine, name, "volumes need recovery by hand");

        Assert.Equal(
            "KubeVirt refuses to start VM acme/web: Operation cannot be fulfilled on virtualmachines.kubevirt.io \"web\": volumes need recovery by hand",
            (await VmWorld.RunAsync(world.Start)).FailureOf());
    }

    [Fact]
    public async Task Virt_api_that_is_down_is_worth_another_try()
    {
        await using var world = await VmWorld.OpenAsync();
        world.HasVm(VmWorld.Web, "Manual");
        world.Cluster.Fault = request => request.Verb == "put" ? FakeKubernetesApi.Error(ApiErrorReason.Unavailable) : null;

        Assert.True((await Assert.ThrowsAsync<KubernetesApiException>(() => VmWorld.RunAsync(world.Start))).IsTransient);
    }

    [Theory]
    [InlineData("Always", null, true, false)]
    [InlineData("Halted", null, false, true)]
    [InlineData("Halted", "Running", false, true)]
    [InlineData("Manual", null, false, true)]
    [InlineData("Manual", "Running", true, false)]
    [InlineData("Once", "Running", true, false)]
    public async Task After_a_timeout_what_landed_is_read_back(string strategy, string? phase, bool started, bool stopped)
    {
        await using var world = await VmWorld.OpenAsync();
        world.HasVm(VmWorld.Web, strategy);
        if (phase is not null) world.HasGuest(VmWorld.Web, phase);

        Assert.Equal(started, await VmWorld.Of(world.Start, Payload).ReadBackAsync() is not null);
        Assert.Equal(stopped, await VmWorld.Of(world.Stop, Payload).ReadBackAsync() is not null);
    }

    [Fact]
    public async Task After_a_timeout_a_forced_stop_has_landed_when_the_guest_is_down()
    {
        await using var world = await VmWorld.OpenAsync();
        world.HasVm(VmWorld.Web, "Halted");
        world.HasGuest(VmWorld.Web);
        var execution = VmWorld.Of(world.Stop, """{"name":"web","namespace":"acme","force":true}""");

        Assert.Null(await execution.ReadBackAsync());
        world.Cluster.Remove(KubeVirtKinds.VirtualMachineInstance, VmWorld.Web);
        Assert.NotNull(await execution.ReadBackAsync());
    }

    [Fact]
    public async Task After_a_timeout_nothing_is_told_of_a_vm_of_someone_else()
    {
        await using var world = await VmWorld.OpenAsync();
        world.HasVm(VmWorld.Web, "Always", vm => vm["metadata"]!["labels"]!.AsObject().Clear());

        Assert.Null(await VmWorld.Of(world.Start, Payload).ReadBackAsync());
        Assert.Null(await VmWorld.Of(world.Stop, Payload).ReadBackAsync());
    }
}
