using System.Text.Json;
using System.Text.Json.Nodes;
using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Operations;
using OvimSpokeAgent.VirtualMachines;
using static OvimSpokeAgent.Tests.VirtualMachines.Updates;

namespace OvimSpokeAgent.Tests.VirtualMachines;

public sealed class UpdateVirtualMachineTests
{
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
        Assert.Equal(("x", Key), ((string?)vm["annotations"]!["note"], (string?)vm["annotations"]![WellKnownNames.OperationAnnotation]));
        Assert.Equal(WellKnownNames.Agent, (string?)vm["labels"]![WellKnownNames.ManagedByLabel]);
        Assert.Empty(world.Admission.Asked);
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

    // KubeVirt takes the size from the revision, as long as there is one.
    [Theory]
    [InlineData("medium", "virtualmachineclusterinstancetype", "medium")]
    [InlineData("virtualmachineinstancetype/large", "virtualmachineinstancetype", "large")]
    public async Task Another_instancetype_comes_without_the_revision_of_the_one_before(string asked, string kind, string name)
    {
        await using var world = await VmWorld.OpenAsync();
        HasVm(world, "Halted", vm =>
        {
            vm["spec"]!["instancetype"] = new JsonObject { ["name"] = "small", ["revisionName"] = "web-small-1" };
            vm["spec"]!["template"]!["spec"]!["domain"] = new JsonObject();
        });
        var patches = world.Cluster.Requests.Count;

        var status = (await RunAsync(world, $$""",{"instancetype":"{{asked}}"}""")).VmStatus();

        Assert.Equal(false, status.RestartRequired);
        Assert.Equal(
            $$"""{"name":"{{name}}","kind":"{{kind}}"}""", world.Vm()["spec"]!["instancetype"]!.ToJsonString());
        Assert.Equal("{}", Domain(world));
        var patch = Assert.Single(world.Cluster.Requests.Skip(patches), request => request.Verb == "patch");
        Assert.Contains("\"revisionName\":null", patch.Detail, StringComparison.Ordinal);
        Assert.Equal(name, Assert.Single(world.Admission.Asked).Footprint.Instancetype!.Type.Name);
    }

    [Fact]
    public async Task Instancetype_takes_the_place_of_the_vms_own_size()
    {
        await using var world = await VmWorld.OpenAsync();
        HasVm(world, "Halted");

        Assert.True((await RunAsync(world, """,{"instancetype":"medium"}""")).IsCompleted);

        Assert.Equal("""{"cpu":{},"memory":{},"resources":{"requests":{}}}""", Domain(world));
    }

    [Fact]
    public async Task Guest_that_runs_has_another_instancetype_after_a_restart()
    {
        await using var world = await VmWorld.OpenAsync();
        HasVm(world, "Always");
        HasGuest(world, hasMaximum: true);

        Assert.Equal(true, (await RunAsync(world, """,{"instancetype":"medium"}""")).VmStatus().RestartRequired);
    }

    [Theory]
    [InlineData("""{"instancetype":"a","cpu":2}""", "cpu: \"2\" is not allowed with instancetype, which sets it")]
    [InlineData("""{"instancetype":"a","memory":2}""", "memory: \"2Gi\" is not allowed with instancetype, which sets it")]
    [InlineData("""{"instancetype":"a/b/c"}""", "instancetype: \"a/b/c\" is not NAME, virtualmachineclusterinstancetype/NAME or virtualmachineinstancetype/NAME")]
    public void Instancetype_beside_a_size_is_refused(string change, string error)
    {
        var reader = new PayloadReader(JsonElement.Parse($$"""{"name":"web","namespace":"acme",{{change[1..]}}"""));
        VirtualMachineChange.Read(reader);

        Assert.Equal([error], reader.Errors);
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
}
