using System.Text.Json.Nodes;
using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Tests.Cluster;

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
    public async Task Stop_of_a_vm_with_the_older_field_keeps_to_it(bool running)
    {
        await using var world = await VmWorld.OpenAsync();
        world.HasOldVm(running);

        Assert.True((await VmWorld.RunAsync(world.Stop)).IsCompleted);

        Assert.Equal("""{"running":false}""", world.Vm()["spec"]!.ToJsonString());
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
    [InlineData("RerunOnFailure", null)]
    [InlineData("RerunOnFailure", "Succeeded")]
    public async Task Stop_of_what_is_down_asks_for_nothing(string strategy, string? phase)
    {
        await using var world = await VmWorld.OpenAsync();
        world.HasVm(VmWorld.Web, strategy, vm => vm["status"] = new JsonObject { ["runStrategy"] = strategy });
        if (phase is not null) world.HasGuest(VmWorld.Web, phase);

        Assert.True((await VmWorld.RunAsync(world.Stop)).IsCompleted);

        Assert.Equal([], world.Changes());
    }

    // KubeVirt boots it by itself: when its disks are filled for the first time, and after each failure.
    [Theory]
    [InlineData(null, null, 0)]
    [InlineData("RerunOnFailure", "Failed", 0)]
    [InlineData("RerunOnFailure", null, 1)]
    public async Task Stop_of_what_would_boot_by_itself_sets_halted(string? started, string? phase, int failures)
    {
        await using var world = await VmWorld.OpenAsync();
        world.HasVm(VmWorld.Web, "RerunOnFailure", vm => vm["status"] = new JsonObject
        {
            ["runStrategy"] = started,
            ["startFailure"] = failures == 0 ? null : new JsonObject { ["consecutiveFailCount"] = failures },
        });
        if (phase is not null) world.HasGuest(VmWorld.Web, phase);
        var execution = VmWorld.Of(world.Stop, Payload);
        Assert.Null(await execution.ReadBackAsync());

        Assert.True((await execution.RunAsync()).IsCompleted);
        Assert.True((await execution.RunAsync()).IsCompleted);

        Assert.Equal("Halted", world.Strategy());
        Assert.Equal(["patch"], world.Changes());
        Assert.NotNull(await execution.ReadBackAsync());
    }

    // Left there, it would make KubeVirt start the VM: a Manual one when it can, a halted one by setting Always.
    [Theory]
    [InlineData("Manual", null, "patch status", "Manual")]
    [InlineData("Manual", "Failed", "patch status", "Manual")]
    [InlineData("RerunOnFailure", null, "patch status", "RerunOnFailure")]
    [InlineData("RerunOnFailure", "Failed", "patch status,patch", "Halted")]
    [InlineData("Always", null, "patch status,patch", "Halted")]
    [InlineData("Always", "Running", "patch status,patch", "Halted")]
    [InlineData("Halted", null, "patch status", "Halted")]
    public async Task Stop_takes_back_a_start_that_waits(string strategy, string? phase, string changes, string after)
    {
        await using var world = await VmWorld.OpenAsync();
        world.HasVm(VmWorld.Web, strategy, vm => vm["status"] = Waiting(strategy, "Start"));
        if (phase is not null) world.HasGuest(VmWorld.Web, phase);
        var execution = VmWorld.Of(world.Stop, Payload);
        Assert.Null(await execution.ReadBackAsync());

        Assert.True((await execution.RunAsync()).IsCompleted);

        Assert.Equal(changes.Split(','), world.Changes());
        Assert.Empty(world.Asked());
        Assert.Equal(after, world.Strategy());
        Assert.NotNull(await execution.ReadBackAsync());
    }

    [Fact]
    public async Task Stop_that_waits_before_the_start_stays()
    {
        await using var world = await VmWorld.OpenAsync();
        world.HasVm(VmWorld.Web, "Always", vm => vm["status"] = Waiting("Always", "Stop", "Start"));
        world.HasGuest(VmWorld.Web);

        Assert.True((await VmWorld.RunAsync(world.Stop)).IsCompleted);

        Assert.Equal(["Stop"], world.Asked());
        Assert.Equal("Halted", world.Strategy());
    }

    [Fact]
    public async Task Stop_that_cannot_take_back_the_start_says_so_at_once()
    {
        await using var world = await VmWorld.OpenAsync();
        world.HasVm(VmWorld.Web, "Manual", vm => vm["status"] = Waiting("Manual", "Start"));
        world.Cluster.Fault = request =>
            request.Verb == "patch status" ? FakeKubernetesApi.Error(ApiErrorReason.Forbidden, "denied by a webhook") : null;

        Assert.Equal(
            "VM acme/web cannot be stopped: denied by a webhook", (await VmWorld.RunAsync(world.Stop)).FailureOf());
    }

    [Fact]
    public async Task Stop_that_meets_a_boot_is_tried_again_and_ends_it()
    {
        await using var world = await VmWorld.OpenAsync();
        world.HasVm(VmWorld.Web, "Manual", vm => vm["status"] = Waiting("Manual", "Start"));
        world.Cluster.LostAnswer = request =>
        {
            if (request.Verb == "patch status") world.HasGuest(VmWorld.Web);
            return null;
        };
        var execution = VmWorld.Of(world.Stop, Payload);

        Assert.Equal(ApiErrorReason.Conflict, (await Assert.ThrowsAsync<KubernetesApiException>(execution.RunAsync)).Reason);
        Assert.True((await execution.RunAsync()).IsCompleted);

        Assert.Equal(["Stop"], world.Asked());
    }

    [Fact]
    public async Task Stop_whose_shorter_grace_is_refused_says_that_it_goes_on()
    {
        await using var world = await VmWorld.OpenAsync();
        world.HasVm(VmWorld.Web);
        world.HasGuest(VmWorld.Web);
        world.Cluster.Fault = request => request.Verb == "put" ? FakeKubernetesApi.Error(ApiErrorReason.Invalid, "no") : null;

        Assert.Equal(
            "VM acme/web is being stopped, but with its own grace period; a shorter one is refused: no",
            (await VmWorld.RunAsync(world.Stop, ",\"force\":true")).FailureOf());
        Assert.Equal("Halted", world.Strategy());
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

    private static JsonObject Waiting(string strategy, params string[] actions) => new()
    {
        ["runStrategy"] = strategy,
        ["stateChangeRequests"] = new JsonArray([.. actions.Select(action => new JsonObject { ["action"] = action })]),
    };
}
