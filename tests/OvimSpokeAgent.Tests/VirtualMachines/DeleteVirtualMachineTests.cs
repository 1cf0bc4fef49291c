using System.Text.Json;
using System.Text.Json.Nodes;
using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Contract;
using OvimSpokeAgent.Operations;
using OvimSpokeAgent.Tests.Cluster;
using OvimSpokeAgent.VirtualMachines;

namespace OvimSpokeAgent.Tests.VirtualMachines;

public sealed class DeleteVirtualMachineTests
{
    private const string Payload = """{"name":"web","namespace":"acme"}""";

    [Fact]
    public async Task Vm_is_deleted_with_what_it_owns_and_only_if_it_is_that_one()
    {
        await using var world = await VmWorld.OpenAsync();
        world.HasVm(VmWorld.Web);
        var uid = (string)world.Vm()["metadata"]!["uid"]!;
        var execution = VmWorld.Of(world.Delete, Payload);

        var outcome = await execution.RunAsync();

        IsDeleted(outcome);
        Assert.Equal(uid, execution.Checkpoint);
        Assert.Equal([$"delete virtualmachines.kubevirt.io acme/web {uid}"], world.Cluster.RequestsWith("delete"));
        Assert.Null(world.Cluster.Find(KubeVirtKinds.VirtualMachine, VmWorld.Web));
    }

    [Fact]
    public async Task Vm_that_is_gone_is_deleted()
    {
        await using var world = await VmWorld.OpenAsync();
        var execution = VmWorld.Of(world.Delete, Payload);

        IsDeleted(await execution.RunAsync());

        Assert.Empty(world.Cluster.RequestsWith("delete"));
    }

    [Fact]
    public async Task Vm_in_a_namespace_that_is_gone_is_deleted()
    {
        await using var world = await VmWorld.OpenAsync();

        IsDeleted(await VmWorld.Of(world.Delete, """{"name":"web","namespace":"nowhere"}""").RunAsync());
    }

    [Theory]
    [InlineData("private", "is not managed by this agent")]
    [InlineData("kube-system", "is never managed")]
    public async Task Vm_that_is_not_found_in_a_namespace_that_is_not_the_agents_is_no_deleted_one(string ns, string reason)
    {
        await using var world = await VmWorld.OpenAsync(cluster => cluster.HasNamespace("private", managed: false));

        var outcome = await VmWorld.Of(world.Delete, $$"""{"name":"web","namespace":"{{ns}}"}""").RunAsync();

        Assert.False(outcome.IsCompleted);
        Assert.Contains(reason, outcome.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Answer_comes_when_the_vm_is_gone_and_others_may_go_until_then()
    {
        await using var world = await VmWorld.OpenAsync();
        HasHeldVm(world);
        var execution = VmWorld.Of(world.Delete, Payload);

        var running = execution.RunAsync();
        await world.Machines.WaitUntilAsync(VmWorld.Web, vm => vm is { IsDeleting: true }, Limits.Token());

        await Eventually.HoldsAsync(() => execution.WaitsForOthers);
        Assert.False(running.IsCompleted);
        world.Cluster.Change(KubeVirtKinds.VirtualMachine, VmWorld.Web, vm => vm["metadata"]!["finalizers"]!.AsArray().Clear());
        IsDeleted(await running.WaitAsync(Limits.Patience));
    }

    [Fact]
    public async Task Namesake_made_since_is_never_hit()
    {
        await using var world = await VmWorld.OpenAsync();
        HasHeldVm(world);
        var execution = VmWorld.Of(world.Delete, Payload);
        world.Cluster.Fault = request =>
            request.Verb == "delete" ? FakeKubernetesApi.Error(ApiErrorReason.Unavailable, "the agent was killed") : null;
        await Assert.ThrowsAsync<KubernetesApiException>(execution.RunAsync);
        world.Cluster.Remove(KubeVirtKinds.VirtualMachine, VmWorld.Web);
        world.HasVm(VmWorld.Web);
        world.Cluster.Fault = null;
        world.Cluster.ForgetRequests();

        IsDeleted(await execution.RunAsync());

        Assert.Empty(world.Cluster.RequestsWith("delete"));
        Assert.NotNull(world.Vm());
    }

    [Fact]
    public async Task Namesake_made_in_the_last_moment_is_never_hit()
    {
        await using var world = await VmWorld.OpenAsync();
        world.HasVm(VmWorld.Web);
        var replaced = false;
        world.Cluster.Fault = request =>
        {
            if (request.Verb != "delete" || replaced) return null;
            replaced = true;
            world.Cluster.Remove(KubeVirtKinds.VirtualMachine, VmWorld.Web);
            world.HasVm(VmWorld.Web);
            return null;
        };

        IsDeleted(await VmWorld.Of(world.Delete, Payload).RunUntilDoneAsync());

        Assert.NotNull(world.Vm());
    }

    [Fact]
    public async Task Deletion_under_way_is_waited_for()
    {
        await using var world = await VmWorld.OpenAsync();
        HasHeldVm(world);
        var first = VmWorld.Of(world.Delete, Payload).RunAsync();
        await world.Machines.WaitUntilAsync(VmWorld.Web, vm => vm is { IsDeleting: true }, Limits.Token());

        var second = VmWorld.Of(world.Delete, Payload, "ovim-op-of-another").RunAsync();
        world.Cluster.Remove(KubeVirtKinds.VirtualMachine, VmWorld.Web);

        IsDeleted(await first.WaitAsync(Limits.Patience));
        IsDeleted(await second.WaitAsync(Limits.Patience));
    }

    [Fact]
    public async Task After_a_timeout_what_blocks_is_named()
    {
        await using var world = await VmWorld.OpenAsync();
        HasHeldVm(world);
        world.HasGuest(VmWorld.Web, "Running", vmi => vmi["metadata"]!["finalizers"] = new JsonArray("guest.example/held"));
        var execution = VmWorld.Of(world.Delete, Payload);
        var running = execution.RunAsync();
        await world.Machines.WaitUntilAsync(VmWorld.Web, vm => vm is { IsDeleting: true }, Limits.Token());

        var outcome = await execution.ReadBackAsync();

        Assert.Equal(
            "VM acme/web is not gone yet, the deletion goes on; what blocks: its guest is still there (VMI phase Running); "
            + "finalizers of the VMI: guest.example/held; finalizers of the VM: vm.example/held",
            outcome!.FailureOf());
        world.Cluster.Remove(KubeVirtKinds.VirtualMachine, VmWorld.Web);
        IsDeleted((await execution.ReadBackAsync())!);
        IsDeleted(await running.WaitAsync(Limits.Patience));
    }

    [Fact]
    public async Task After_a_timeout_before_the_deletion_nothing_landed()
    {
        await using var world = await VmWorld.OpenAsync();
        world.HasVm(VmWorld.Web);
        var execution = VmWorld.Of(world.Delete, Payload);
        Assert.Null(await execution.ReadBackAsync());
        world.Cluster.Fault = request =>
            request.Verb == "delete" ? FakeKubernetesApi.Error(ApiErrorReason.Unavailable) : null;
        await Assert.ThrowsAsync<KubernetesApiException>(execution.RunAsync);

        Assert.Null(await execution.ReadBackAsync());
    }

    private static void HasHeldVm(VmWorld world) =>
        world.HasVm(VmWorld.Web, "Always", vm => vm["metadata"]!["finalizers"] = new JsonArray("vm.example/held"));

    private static void IsDeleted(OperationOutcome outcome)
    {
        Assert.Null(outcome.Error);
        Assert.Equal(
            new DeletionResult { Status = "deleted", Name = "web", Namespace = outcome.Result!.Value.GetProperty("namespace").GetString()! },
            outcome.Result.Value.Deserialize(ContractJson.Default.DeletionResult));
    }
}
