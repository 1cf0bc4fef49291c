using System.Text.Json;
using System.Text.Json.Nodes;
using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Operations;
using OvimSpokeAgent.Tests.Cluster;
using OvimSpokeAgent.VirtualMachines;

namespace OvimSpokeAgent.Tests.VirtualMachines;

public sealed class UpdateVirtualMachineTests
{
    private const string Key = "ovim-op-0123456789abcdef0123";

    [Fact]
    public async Task Stopped_vm_gets_the_size_and_the_request_that_belongs_to_it()
    {
        await using var world = await VmWorld.OpenAsync();
        HasVm(world, "Halted");

        var status = (await RunAsync(world, """,{"cpu":4,"memory":"8Gi"}""")).VmStatus();

        Assert.Equal(("4", "8Gi", false), (status.Cpu, status.Memory, status.RestartRequired));
        Assert.Equal(
            """{"cpu":{"sockets":4,"cores":1,"threads":1},"memory":{"guest":"8Gi"},"resources":{"requests":{"cpu":"4"}}}""",
            Domain(world));
    }

    [Fact]
    public async Task Labels_reach_vm_and_guest_annotations_the_vm_and_null_removes()
    {
        await using var world = await VmWorld.OpenAsync();
        HasVm(world, "Halted");

        await RunAsync(world, """,{"labels":{"tier":"back","old":null},"annotations":{"note":"x"}}""");

        var (vm, template) = (world.Vm()["metadata"]!, world.Vm()["spec"]!["template"]!["metadata"]!);
        Assert.Equal(("back", "back"), ((string?)vm["labels"]!["tier"], (string?)template["labels"]!["tier"]));
        Assert.False(vm["labels"]!.AsObject().ContainsKey("old"));
        Assert.Equal(("x", Key), ((string?)vm["annotations"]!["note"], (string?)vm["annotations"]![Names.OperationAnnotation]));
        Assert.Equal(Names.Agent, (string?)vm["labels"]![Names.ManagedByLabel]);
        Assert.Empty(world.Admission.Asked);
    }

    // The guest has 2 vCPUs and 4 GiB; with a maximum of 8 sockets and 16 GiB where it can take more as it runs.
    [Theory]
    [InlineData(true, """,{"cpu":4}""", false, "2")]
    [InlineData(true, """,{"cpu":8}""", false, "2")]
    [InlineData(true, """,{"cpu":9}""", true, "9")]
    [InlineData(true, """,{"cpu":1}""", true, "1")]
    [InlineData(false, """,{"cpu":4}""", true, "4")]
    [InlineData(true, """,{"memory":16}""", false, "2")]
    [InlineData(true, """,{"memory":17}""", true, "2")]
    [InlineData(true, """,{"memory":"1Gi"}""", true, "2")]
    [InlineData(false, """,{"memory":8}""", true, "2")]
    [InlineData(true, """,{"cpu":2,"memory":"4Gi"}""", false, "2")]
    [InlineData(true, """,{"labels":{"a":"b"}}""", false, "2")]
    public async Task Running_guest_takes_at_once_what_it_can_and_else_needs_a_restart(
        bool hasMaximum, string change, bool restart, string request)
    {
        await using var world = await VmWorld.OpenAsync();
        HasVm(world, "Always");
        HasGuest(world, hasMaximum);

        var status = (await RunAsync(world, change)).VmStatus();

        Assert.Equal(restart, status.RestartRequired);
        Assert.Equal(request, (string?)JsonNode.Parse(Domain(world))!["resources"]!["requests"]!["cpu"]);
    }

    [Fact]
    public async Task Kubevirts_own_word_that_a_restart_is_required_counts()
    {
        await using var world = await VmWorld.OpenAsync();
        HasVm(world, "Always", vm => vm["status"] = JsonNode.Parse("""{"conditions":[{"type":"RestartRequired","status":"True"}]}"""));

        Assert.True((await RunAsync(world, """,{"labels":{"a":"b"}}""")).VmStatus().RestartRequired);
    }

    [Fact]
    public async Task Only_sockets_are_changed_of_a_topology()
    {
        await using var world = await VmWorld.OpenAsync();
        HasVm(world, "Halted", vm => vm["spec"]!["template"]!["spec"]!["domain"]!["cpu"] = JsonNode.Parse("""{"sockets":1,"cores":2,"threads":2}"""));

        Assert.Contains("cpu: 6 is not a multiple of 4", (await RunAsync(world, """,{"cpu":6}""")).FailureOf(), StringComparison.Ordinal);
        Assert.Equal("8", (await RunAsync(world, """,{"cpu":8}""")).VmStatus().Cpu);
        Assert.Equal("""{"sockets":2,"cores":2,"threads":2}""", JsonNode.Parse(Domain(world))!["cpu"]!.ToJsonString());
    }

    [Fact]
    public async Task Size_of_an_instancetype_is_not_changed_beside_it()
    {
        await using var world = await VmWorld.OpenAsync();
        HasVm(world, "Halted", vm => vm["spec"]!["instancetype"] = new JsonObject { ["name"] = "medium" });

        Assert.Contains(
            "memory: the size of VM acme/web is given by its instancetype \"medium\"",
            (await RunAsync(world, """,{"memory":8}""")).FailureOf(),
            StringComparison.Ordinal);
        Assert.True((await RunAsync(world, """,{"labels":{"a":"b"}}""")).IsCompleted);
    }

    [Fact]
    public async Task Refused_size_changes_nothing()
    {
        await using var world = await VmWorld.OpenAsync();
        HasVm(world, "Halted");
        world.Admission.Refusal = "quota.cpu: asked 4 vCPUs, used 18 vCPUs, allowed 20";

        Assert.Equal(world.Admission.Refusal, (await RunAsync(world, """,{"cpu":4}""")).FailureOf());

        Assert.Empty(world.Cluster.RequestsWith("patch"));
        var asked = Assert.Single(world.Admission.Asked);
        Assert.Equal((ClaimKind.Resize, 4L, 4L << 30), (asked.Kind, asked.Footprint.Vcpus, asked.Footprint.MemoryBytes));
    }

    [Fact]
    public async Task Done_again_it_leaves_what_people_changed_since()
    {
        await using var world = await VmWorld.OpenAsync();
        HasVm(world, "Halted");
        var execution = Of(world, """,{"cpu":4}""");
        Assert.True((await execution.RunAsync()).IsCompleted);
        world.Cluster.Change(KubeVirtKinds.VirtualMachine, VmWorld.Web, vm => vm["spec"]!["template"]!["spec"]!["domain"]!["cpu"]!["sockets"] = 1);

        Assert.Equal("1", (await execution.RunAsync()).VmStatus().Cpu);

        Assert.Single(world.Cluster.RequestsWith("patch"));
    }

    [Fact]
    public async Task Change_in_between_is_a_conflict_and_done_on_what_is_there_then()
    {
        await using var world = await VmWorld.OpenAsync();
        HasVm(world, "Halted");
        var patches = 0;
        world.Cluster.Fault = request =>
        {
            if (request.Verb == "patch" && patches++ == 0)
                world.Cluster.Change(KubeVirtKinds.VirtualMachine, VmWorld.Web, vm => vm["metadata"]!["labels"]!["tier"] = "other");
            return null;
        };

        Assert.True((await Of(world, """,{"cpu":4}""").RunUntilDoneAsync()).IsCompleted);

        Assert.Equal("other", (string?)world.Vm()["metadata"]!["labels"]!["tier"]);
        Assert.Equal(4, (int?)JsonNode.Parse(Domain(world))!["cpu"]!["sockets"]);
    }

    [Fact]
    public async Task Lost_answer_is_read_back()
    {
        await using var world = await VmWorld.OpenAsync();
        HasVm(world, "Halted");
        world.Cluster.LostAnswer = request =>
            request.Verb == "patch" ? new KubernetesApiException(ApiErrorReason.Unavailable, "lost") : null;
        var execution = Of(world, """,{"cpu":4}""");
        await Assert.ThrowsAsync<KubernetesApiException>(execution.RunAsync);

        Assert.Equal("4", (await execution.ReadBackAsync())!.VmStatus().Cpu);
    }

    [Fact]
    public async Task Refused_by_the_server_the_room_is_given_back()
    {
        await using var world = await VmWorld.OpenAsync();
        HasVm(world, "Halted");
        world.Cluster.Fault = request =>
            request.Verb == "patch" ? new KubernetesApiException(ApiErrorReason.Invalid, "no") : null;

        await Assert.ThrowsAsync<KubernetesApiException>(() => RunAsync(world, """,{"cpu":4}"""));

        Assert.Equal(4, Assert.Single(world.Admission.Withdrawn).Footprint.Vcpus);
    }

    [Theory]
    [InlineData("{}", "payload: nothing to change")]
    [InlineData("""{"cpu":0}""", "cpu:")]
    [InlineData("""{"cpu":1.5}""", "cpu:")]
    [InlineData("""{"memory":"lots"}""", "memory:")]
    [InlineData("""{"labels":{"kubevirt.io/x":"y"}}""", "labels[")]
    [InlineData("""{"labels":{"a":"not a value"}}""", "labels[")]
    public void What_is_wrong_is_named(string change, string error)
    {
        var payload = JsonNode.Parse(change)!.AsObject();
        (payload["name"], payload["namespace"]) = ("web", "acme");
        var reader = new PayloadReader(JsonElement.Parse(payload.ToJsonString()));

        VirtualMachineChange.Read(reader);

        Assert.StartsWith(error, Assert.Single(reader.Errors), StringComparison.Ordinal);
    }

    private static Task<OperationOutcome> RunAsync(VmWorld world, string change) => Of(world, change).RunAsync();

    private static Execution Of(VmWorld world, string change) =>
        VmWorld.Of(world.Update, $$"""{"name":"web","namespace":"acme",{{change[2..]}}""", Key);

    private static void HasVm(VmWorld world, string strategy, Action<JsonObject>? change = null) => world.HasVm(
        VmWorld.Web,
        strategy,
        vm =>
        {
            vm["metadata"]!["labels"]!["tier"] = "front";
            vm["metadata"]!["labels"]!["old"] = "x";
            vm["spec"]!["template"] = JsonNode.Parse("""
                {"metadata":{"labels":{"tier":"front"}},"spec":{"domain":{"cpu":{"sockets":2,"cores":1,"threads":1},
                "memory":{"guest":"4Gi"},"resources":{"requests":{"cpu":"2"}}}}}
                """);
            change?.Invoke(vm);
        });

    private static void HasGuest(VmWorld world, bool hasMaximum) => world.HasGuest(
        VmWorld.Web,
        change: vmi => vmi["spec"]!["domain"] = JsonNode.Parse(hasMaximum
            ? """{"cpu":{"sockets":2,"cores":1,"threads":1,"maxSockets":8},"memory":{"guest":"4Gi","maxGuest":"16Gi"}}"""
            : """{"cpu":{"sockets":2,"cores":1,"threads":1},"memory":{"guest":"4Gi"}}"""));

    private static string Domain(VmWorld world) => world.Vm()["spec"]!["template"]!["spec"]!["domain"]!.ToJsonString();
}
