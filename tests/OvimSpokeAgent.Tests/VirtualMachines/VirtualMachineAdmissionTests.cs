using System.Text.Json.Nodes;
using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.VirtualMachines;

namespace OvimSpokeAgent.Tests.VirtualMachines;

/// <summary>That VMs are made and started only where there is room, and that the room is told of truly.</summary>
public sealed class VirtualMachineAdmissionTests
{
    private const string Small = ""","image_url":"registry/disk:1","cpu":2,"memory":"4Gi" """;

    [Fact]
    public async Task Create_asks_for_what_it_makes()
    {
        await using var world = await VmWorld.OpenAsync();

        Assert.True((await VmWorld.RunAsync(world.Create, Small)).IsCompleted);

        var claim = Assert.Single(world.Admission.Asked);
        Assert.Equal(
            (VmWorld.Web, ClaimKind.Create, 2L, 4L << 30, 2m),
            (claim.Vm, claim.Kind, claim.Footprint.Vcpus, claim.Footprint.MemoryBytes, claim.Footprint.CpuRequest));
    }

    [Fact]
    public async Task Refused_vm_is_not_made()
    {
        await using var world = await VmWorld.OpenAsync();
        world.Admission.Refusal = "quota.vms: asked 1 VM, used 5, allowed 5";

        Assert.Equal(world.Admission.Refusal, (await VmWorld.RunAsync(world.Create, Small)).FailureOf());

        Assert.Empty(world.Cluster.RequestsWith("create"));
    }

    [Fact]
    public async Task Vm_that_this_operation_made_before_stays_made_whatever_was_declared_since()
    {
        await using var world = await VmWorld.OpenAsync();
        var execution = VmWorld.Of(world.Create, $$"""{"name":"web","namespace":"acme"{{Small}}}""");
        await execution.RunAsync();
        world.Admission.Refusal = "quota.cpu: asked 2 vCPUs, used 20 vCPUs, allowed 20";

        Assert.Equal("web", (await execution.RunAsync()).VmStatus().Name);
    }

    [Theory]
    [InlineData(nameof(ApiErrorReason.Invalid), true)]
    [InlineData(nameof(ApiErrorReason.Forbidden), true)]
    [InlineData(nameof(ApiErrorReason.Unavailable), false)]
    public async Task Room_of_what_was_refused_for_good_is_given_back(string reason, bool isGivenBack)
    {
        await using var world = await VmWorld.OpenAsync();
        world.Cluster.Fault = request => request.Verb == "create" ? new KubernetesApiException(Enum.Parse<ApiErrorReason>(reason), "no") : null;

        await Assert.ThrowsAsync<KubernetesApiException>(() => VmWorld.RunAsync(world.Create, Small));

        Assert.Equal(isGivenBack ? 1 : 0, world.Admission.Withdrawn.Count);
    }

    [Fact]
    public async Task Room_is_given_back_where_the_name_is_someone_elses()
    {
        await using var world = await VmWorld.OpenAsync();
        world.HasVm(VmWorld.Web);

        Assert.False((await VmWorld.RunAsync(world.Create, Small)).IsCompleted);

        Assert.Single(world.Admission.Withdrawn);
    }

    [Fact]
    public async Task Operation_of_before_takes_its_room_back()
    {
        await using var world = await VmWorld.OpenAsync();

        VmWorld.Of(world.Create, $$"""{"name":"web","namespace":"acme"{{Small}}}""").Plan.Restore!(new("op-9"));
        VmWorld.Of(world.Update, """{"name":"web","namespace":"acme","memory":8}""").Plan.Restore!(new("op-10"));

        Assert.Equal([("op-9", ClaimKind.Create), ("op-10", ClaimKind.Resize)], world.Admission.Restored.Select(c => (c.Key.Value, c.Kind)));
    }

    [Fact]
    public async Task Start_is_refused_where_there_is_no_room_and_not_asked_of_what_runs()
    {
        await using var world = await VmWorld.OpenAsync();
        world.HasVm(VmWorld.Web, "Halted");
        world.HasVm(new("acme", "up"), "Always");
        world.Admission.Refusal = "quota.cpu: asked 1 vCPUs, used 20 vCPUs, allowed 20";

        Assert.Equal(world.Admission.Refusal, (await VmWorld.RunAsync(world.Start)).FailureOf());
        Assert.True((await VmWorld.RunAsync(world.Start, name: "up")).IsCompleted);

        Assert.Equal("Halted", world.Strategy());
        Assert.Equal(ClaimKind.Start, Assert.Single(world.Admission.Asked).Kind);
    }

    [Theory]
    [InlineData("2", true, "4")]
    [InlineData("4", true, "4")]
    [InlineData("6", true, "6")]
    [InlineData("2", false, "2")]
    public async Task Start_puts_right_the_request_that_growing_while_running_left_behind(string request, bool isAgents, string after)
    {
        await using var world = await VmWorld.OpenAsync();
        world.HasVm(VmWorld.Web, "Halted", vm =>
        {
            if (isAgents) vm["metadata"]!["annotations"] = new JsonObject { [WellKnownNames.CreatedByAnnotation] = "op-0" };
            vm["spec"]!["template"] = JsonNode.Parse(
                """{"spec":{"domain":{"cpu":{"sockets":4},"resources":{"requests":{}}}}}""");
            vm["spec"]!["template"]!["spec"]!["domain"]!["resources"]!["requests"]!["cpu"] = request;
        });

        Assert.True((await VmWorld.RunAsync(world.Start)).IsCompleted);

        Assert.Equal("Always", world.Strategy());
        Assert.Equal(after, (string?)world.Vm()["spec"]!["template"]!["spec"]!["domain"]!["resources"]!["requests"]!["cpu"]);
    }

    [Theory]
    [InlineData(2, "1", "2")]
    [InlineData(2, "2", "1")]
    [InlineData(2, "3", "667m")]
    [InlineData(3, "1.5", "2")]
    public void Request_is_the_vcpus_divided_by_the_overcommit(int vcpus, string overcommit, string request) => Assert.Equal(
        request,
        VirtualMachineManifest.CpuRequest(vcpus, decimal.Parse(overcommit, System.Globalization.CultureInfo.InvariantCulture)).Text);
}
