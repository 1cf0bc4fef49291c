using KubernetesSandbox;
using KubernetesSandbox.KubeVirt;

namespace OvimSpokeAgent.Sandbox.Tests.KubeVirt;

[Collection(TestClusterCollection.Name)]
public sealed class SubresourceTests
{
    public static TheoryData<string> Clusters => TestCluster.AtHand;

    [Theory]
    [MemberData(nameof(Clusters))]
    public async Task A_manual_VM_starts_restarts_and_stops_through_the_API_server(string which)
    {
        await using var cluster = await StartAsync(which);
        await cluster.CreateVmAsync("Manual");
        await cluster.UntilPrintsAsync("Stopped");

        Assert.Equal(202, (await cluster.PutAsync("start")).Code);
        await cluster.UntilPrintsAsync("Running");
        var first = await cluster.UntilPhaseAsync("Running");

        Assert.Equal(202, (await cluster.PutAsync("restart", "{}")).Code);
        await cluster.UntilAsync(
            Kinds.Vmi, "web", vmi => vmi.UidOf() != first.UidOf() && vmi.Text("status", "phase") == "Running");
        await cluster.UntilAsync(Kinds.Vm, "web", vm =>
            vm.Text("status", "printableStatus") == "Running" && vm.At("status", "stateChangeRequests") is null);

        Assert.Equal(202, (await cluster.PutAsync("stop")).Code);
        await cluster.UntilGoneAsync(Kinds.Vmi, "web");
        await cluster.UntilAsync(Kinds.Vm, "web", vm =>
            vm.Text("status", "printableStatus") == "Stopped" && vm.At("status", "stateChangeRequests") is null);
    }

    [Theory]
    [MemberData(nameof(Clusters))]
    public async Task What_does_not_fit_the_state_is_refused_with_a_Status(string which)
    {
        await using var cluster = await StartAsync(which);
        await cluster.CreateVmAsync();
        await cluster.UntilPrintsAsync("Running");

        var (code, status) = await cluster.PutAsync("start");

        Assert.Equal(409, code);
        Assert.Equal("Status", status.Text("kind"));
        Assert.Equal("Conflict", status.Text("reason"));
        Assert.Equal(
            "Operation cannot be fulfilled on virtualmachine.kubevirt.io \"web\": VM is already running", status.Text("message"));
        Assert.Equal(404, (await cluster.PutAsync("start", vm: "nobody")).Code);
        Assert.Equal(400, (await cluster.PutAsync("restart", """{"gracePeriodSeconds":5}""")).Code);
    }

    [Theory]
    [MemberData(nameof(Clusters))]
    public async Task A_stop_with_a_shorter_grace_period_ends_a_guest_that_ignores_the_shutdown(string which)
    {
        await using var cluster = await StartAsync(which);
        cluster.KubeVirt.SetFault(cluster.Namespace, "web", KubeVirtFault.GuestIgnoresShutdown);
        await cluster.CreateVmAsync();
        await cluster.UntilPrintsAsync("Running");
        await cluster.PatchSpecAsync(Kinds.Vm, "web", """{"runStrategy":"Halted"}""");
        await cluster.UntilPrintsAsync("Stopping");

        Assert.Equal(202, (await cluster.PutAsync("stop", """{"gracePeriod":0}""")).Code);

        await cluster.UntilGoneAsync(Kinds.Vmi, "web");
        await cluster.UntilPrintsAsync("Stopped");
    }

    [Theory]
    [MemberData(nameof(Clusters))]
    public async Task A_halted_VM_can_be_started_paused(string which)
    {
        await using var cluster = await StartAsync(which);
        await cluster.CreateVmAsync("Halted");
        await cluster.UntilPrintsAsync("Stopped");

        Assert.Equal(202, (await cluster.PutAsync("start", """{"paused":true}""")).Code);

        var vm = await cluster.UntilPrintsAsync("Paused");
        Assert.Equal("Always", vm.Text("spec", "runStrategy"));
    }

    [Theory]
    [MemberData(nameof(Clusters))]
    public async Task While_virt_api_is_down_the_answer_is_503_and_VMs_are_still_there(string which)
    {
        await using var cluster = await StartAsync(which);
        await cluster.CreateVmAsync();
        await cluster.UntilPrintsAsync("Running");

        cluster.KubeVirt.SubresourcesAreAvailable = false;

        Assert.Equal(503, (await cluster.PutAsync("restart")).Code);
        Assert.NotNull(await cluster.Api.FindAsync(Kinds.Vm.Path(cluster.Name("web")), CancellationToken.None));
        cluster.KubeVirt.SubresourcesAreAvailable = true;
        Assert.Equal(202, (await cluster.PutAsync("restart")).Code);
    }

    [Theory]
    [MemberData(nameof(Clusters))]
    public async Task What_was_registered_is_taken_back(string which)
    {
        await using var cluster = await StartAsync(which);
        var service = new ObjectName("kubevirt", "virt-api");
        var apiService = new ObjectName("", "v1.subresources.kubevirt.io");
        Assert.NotNull(await cluster.Api.FindAsync(Kinds.Service.Path(service), CancellationToken.None));
        Assert.NotNull(await cluster.Api.FindAsync(Kinds.ApiService.Path(apiService), CancellationToken.None));

        await cluster.KubeVirt.DisposeAsync();

        Assert.Null(await cluster.Api.FindAsync(Kinds.Service.Path(service), CancellationToken.None));
        Assert.Null(await cluster.Api.FindAsync(Kinds.ApiService.Path(apiService), CancellationToken.None));
    }

    private static Task<TestCluster> StartAsync(string which) =>
        TestCluster.StartAsync(which, options => options with { HasVirtApi = true });
}
