using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Operations;
using OvimSpokeAgent.Tests.Cluster;
using OvimSpokeAgent.Tests.VirtualDataCenters;
using OvimSpokeAgent.VirtualMachines;

namespace OvimSpokeAgent.Tests.VirtualMachines;

/// <summary>What holds for all VM operations: where they work, on whose VMs, and what is said otherwise.</summary>
public sealed class VirtualMachineOperationTests
{
    private static readonly string[] Types =
        ["start_vm", "stop_vm", "restart_vm", "delete_vm", "get_vm_status", "create_vm"];

    public static TheoryData<string> Changing => ["start_vm", "stop_vm", "restart_vm", "delete_vm"];

    public static TheoryData<string> All => [.. Types];

    [Theory]
    [MemberData(nameof(All))]
    public async Task Namespace_without_the_label_is_refused(string type)
    {
        await using var world = await VmWorld.OpenAsync(cluster => cluster.HasNamespace("private", managed: false));
        world.HasVm(new("private", "web"));

        var error = (await ExecuteAsync(world, type, "private")).FailureOf();

        Assert.Equal(
            "namespace: \"private\" is not managed by this agent; its owner opts in with the label app.kubernetes.io/managed-by=ovim-spoke-agent",
            error);
        Assert.Empty(Writes(world));
    }

    [Theory]
    [InlineData("default")]
    [InlineData("kube-system")]
    [InlineData("openshift-cnv")]
    [InlineData("ovim-system")]
    public async Task Protected_namespace_is_refused_even_with_the_label(string ns)
    {
        await using var world = await VmWorld.OpenAsync(cluster => cluster.HasNamespace(ns));
        world.HasVm(new(ns, "web"));

        foreach (var type in Types)
        {
            Assert.Equal(
                $"namespace: \"{ns}\" belongs to the cluster or to the agent itself and is never managed",
                (await ExecuteAsync(world, type, ns)).FailureOf());
        }
        Assert.Empty(Writes(world));
        Assert.Empty((await VmWorld.Of(world.List, "{}").RunAsync()).Result!.Value.GetProperty("vms").EnumerateArray());
    }

    [Theory]
    [InlineData("start_vm")]
    [InlineData("create_vm")]
    [InlineData("get_vm_status")]
    [InlineData("list_vms")]
    public async Task Namespace_that_is_not_there_is_named(string type)
    {
        await using var world = await VmWorld.OpenAsync();

        Assert.Equal(
            "namespace: \"nowhere\" does not exist on this cluster", (await ExecuteAsync(world, type, "nowhere")).FailureOf());
    }

    // All lists belong to no namespace, as get_health does: what they wait for must not keep that out.
    [Fact]
    public async Task List_that_waits_for_the_first_look_at_the_cluster_holds_no_slot()
    {
        var time = new TestTime();
        var cluster = new FakeKubernetesApi(time)
        {
            Fault = request => request is { Verb: "list" } && request.Kind == KubeVirtKinds.VirtualMachine
                ? FakeKubernetesApi.Error(ApiErrorReason.Unavailable, "no conversion webhook")
                : null,
        };
        await using var host = await VdcHost.StartAsync([], cluster, time, KubeVirtKinds.VirtualMachine);
        var list = host.Of("list_vms");

        var running = list.RunAsync();
        await Eventually.HoldsAsync(() => list.WaitsForOthers);
        Assert.False(running.IsCompleted);
        cluster.Fault = null;
        await host.PassesUntilAsync(() => running.IsCompleted);

        Assert.True((await running).IsCompleted);
        Assert.False(list.WaitsForOthers);
    }

    [Fact]
    public async Task Namespace_labelled_just_now_is_managed_before_the_cache_knows_it()
    {
        await using var world = await VmWorld.OpenAsync();
        world.Cluster.EndWatches();
        world.Cluster.HasNamespace("fresh");
        world.HasVm(new("fresh", "web"), "Halted");

        Assert.True((await ExecuteAsync(world, "start_vm", "fresh")).IsCompleted);
    }

    [Theory]
    [MemberData(nameof(Changing))]
    public async Task Vm_of_someone_else_is_left_alone(string type)
    {
        await using var world = await VmWorld.OpenAsync();
        world.HasVm(VmWorld.Web, "Manual", vm => vm["metadata"]!["labels"]!.AsObject().Clear());
        world.HasGuest(VmWorld.Web);

        Assert.Equal(
            "VM acme/web is not managed by this agent; its owner opts in with the label app.kubernetes.io/managed-by=ovim-spoke-agent",
            (await ExecuteAsync(world, type, "acme")).FailureOf());
        Assert.Empty(Writes(world));
    }

    [Theory]
    [InlineData("start_vm")]
    [InlineData("stop_vm")]
    [InlineData("restart_vm")]
    [InlineData("get_vm_status")]
    public async Task Vm_that_is_not_there_is_a_failure(string type)
    {
        await using var world = await VmWorld.OpenAsync();

        Assert.Equal("there is no VM acme/web", (await ExecuteAsync(world, type, "acme")).FailureOf());
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task Cluster_without_kubevirt_is_the_reason(string type)
    {
        await using var world = await VmWorld.OpenAsync();
        world.Cluster.LosesKind(KubeVirtKinds.VirtualMachine);

        var e = await Assert.ThrowsAsync<KubernetesApiException>(() => ExecuteAsync(world, type, "acme"));

        Assert.Equal(ApiErrorReason.NoKindMatch, e.Reason);
        Assert.Contains("virtualmachines.kubevirt.io", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Status_of_a_vm_is_read_from_the_server()
    {
        await using var world = await VmWorld.OpenAsync();
        world.HasVm(VmWorld.Web, "Halted");

        var status = (await ExecuteAsync(world, "get_vm_status", "acme")).VmStatus();

        Assert.Equal(("web", "acme", "stopped"), (status.Name, status.Namespace, status.Status));
    }

    // Migrated from elsewhere they have names of up to 253 characters; those that the agent makes become label values.
    [Theory]
    [MemberData(nameof(All))]
    public async Task Name_is_any_that_kubernetes_takes_but_for_a_vm_to_be_made(string type)
    {
        await using var world = await VmWorld.OpenAsync();

        foreach (var (length, isTaken) in new[] { (63, true), (64, type != "create_vm"), (253, type != "create_vm"), (254, false) })
        {
            var payload = new PayloadReader(System.Text.Json.JsonElement.Parse(
                $$"""{"name":"{{new string('a', length)}}","namespace":"acme","image_url":"img","cpu":1,"memory":1}"""));
            Handler(world, type).Plan(payload);

            Assert.Equal(isTaken, payload.Errors.Count == 0);
            Assert.All(payload.Errors, error => Assert.StartsWith("name: ", error, StringComparison.Ordinal));
        }
    }

    [Theory]
    [InlineData("start_vm", "VMStart")]
    [InlineData("stop_vm", "VMStop")]
    [InlineData("restart_vm", "VMRestart")]
    [InlineData("delete_vm", "VMDelete")]
    [InlineData("create_vm", "VMCreate")]
    public async Task Operation_has_the_contracts_names(string type, string alias)
    {
        await using var world = await VmWorld.OpenAsync();

        var handler = Handler(world, type);

        Assert.Equal((type, alias), (handler.Type, Assert.Single(handler.Aliases)));
    }

    private static Task<OperationOutcome> ExecuteAsync(VmWorld world, string type, string ns) => VmWorld.Of(
        Handler(world, type),
        $$"""{"name":"web","namespace":"{{ns}}","image_url":"img","cpu":1,"memory":1}""").RunAsync();

    private static IOperationHandler Handler(VmWorld world, string type) => type switch
    {
        "start_vm" => world.Start,
        "stop_vm" => world.Stop,
        "restart_vm" => world.Restart,
        "delete_vm" => world.Delete,
        "create_vm" => world.Create,
        "get_vm_status" => world.Get,
        _ => world.List,
    };

    private static IEnumerable<FakeRequest> Writes(VmWorld world) =>
        world.Cluster.Requests.Where(request => request.Verb is not ("get" or "list" or "watch"));
}
