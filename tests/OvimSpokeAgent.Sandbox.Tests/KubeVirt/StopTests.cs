using System.Text.Json.Nodes;
using KubernetesSandbox;
using KubernetesSandbox.KubeVirt;

namespace OvimSpokeAgent.Sandbox.Tests.KubeVirt;

/// <summary>Stopping VMs that have no VMI just now: virt-api has nothing to stop, virt-controller starts them later all the same.</summary>
[Collection(TestClusterCollection.Name)]
public sealed class StopTests
{
    private const string NotRunning = "Operation cannot be fulfilled on virtualmachine.kubevirt.io \"web\": VM is not running";

    public static TheoryData<string> Clusters => TestCluster.AtHand;

    [Theory]
    [MemberData(nameof(Clusters))]
    public async Task RerunOnFailure_before_its_first_boot_is_not_running_and_boots_when_its_disk_is_there(string which)
    {
        await using var cluster = await StartAsync(which);
        await cluster.CreateVmAsync("RerunOnFailure", Fails("data-volume"), TestObjects.WithDisk);
        await cluster.UntilPrintsAsync("DataVolumeError");

        await RefusesStopAsync(cluster);
        await WorksAgainAsync(cluster);

        await cluster.UntilPrintsAsync("Running");
    }

    [Theory]
    [MemberData(nameof(Clusters))]
    public async Task Halted_before_its_first_boot_it_does_not_boot(string which)
    {
        await using var cluster = await StartAsync(which);
        await cluster.CreateVmAsync("RerunOnFailure", Fails("data-volume"), TestObjects.WithDisk);
        await cluster.UntilPrintsAsync("DataVolumeError");

        await cluster.PatchSpecAsync(Kinds.Vm, "web", """{"runStrategy":"Halted"}""");
        await WorksAgainAsync(cluster);

        await HasItsDiskAndStandsStillAsync(cluster);
    }

    [Theory]
    [MemberData(nameof(Clusters))]
    public async Task A_queued_start_is_not_stopped_and_boots_unless_it_is_withdrawn(string which)
    {
        await using var cluster = await StartAsync(which);
        await cluster.CreateVmAsync("Manual", Fails("data-volume"), TestObjects.WithDisk);
        await cluster.UntilPrintsAsync("DataVolumeError");
        Assert.Equal(202, (await cluster.PutAsync("start")).Code);

        await RefusesStopAsync(cluster);
        var vm = await cluster.Api.GetAsync(Kinds.Vm.Path(cluster.Name("web")), CancellationToken.None);
        Assert.Equal("Start", Assert.Single(vm.Objects("status", "stateChangeRequests")).Text("action"));
        await cluster.WithdrawRequestsAsync();
        await WorksAgainAsync(cluster);

        await HasItsDiskAndStandsStillAsync(cluster);
    }

    [Theory]
    [MemberData(nameof(Clusters))]
    public async Task A_queued_start_boots_even_a_VM_that_is_halted_meanwhile(string which)
    {
        await using var cluster = await StartAsync(which);
        await cluster.CreateVmAsync("Manual", Fails("data-volume"), TestObjects.WithDisk);
        await cluster.UntilPrintsAsync("DataVolumeError");
        Assert.Equal(202, (await cluster.PutAsync("start")).Code);

        await cluster.PatchSpecAsync(Kinds.Vm, "web", """{"runStrategy":"Halted"}""");

        await cluster.UntilAsync(Kinds.Vm, "web", vm => vm.Text("spec", "runStrategy") == "Always");
        await WorksAgainAsync(cluster);
        await cluster.UntilPrintsAsync("Running");
    }

    [Theory]
    [MemberData(nameof(Clusters))]
    public async Task In_a_crash_loop_RerunOnFailure_is_not_running_and_comes_up_again(string which)
    {
        await using var cluster = await StartAsync(which);
        await cluster.CreateVmAsync("RerunOnFailure", Fails("crash-loop"));
        await cluster.UntilPrintsAsync("CrashLoopBackOff");

        await RefusesStopAsync(cluster);
        await WorksAgainAsync(cluster);
        cluster.Clock.Advance(TimeSpan.FromSeconds(11));

        await cluster.UntilPrintsAsync("Running");
    }

    private static Action<JsonObject> Fails(string fault) =>
        vm => vm.MapAt("metadata").MapAt("annotations")[KubeVirtFaultNames.Annotation] = fault;

    private static async Task RefusesStopAsync(TestCluster cluster)
    {
        var (code, status) = await cluster.PutAsync("stop");
        Assert.Equal((409, NotRunning), (code, status.Text("message")));
    }

    private static Task<JsonObject> WorksAgainAsync(TestCluster cluster) => cluster.Api.MergeAsync(
        Kinds.Vm,
        cluster.Name("web"),
        TestObjects.Parse("""{"metadata":{"annotations":{"sandbox.ovim.io/fail":null}}}"""),
        CancellationToken.None);

    private static async Task HasItsDiskAndStandsStillAsync(TestCluster cluster)
    {
        await cluster.UntilAsync(Kinds.DataVolume, "web-root", item => item.Text("status", "phase") == "Succeeded");
        await cluster.UntilPrintsAsync("Stopped");
        Assert.Null(await cluster.Api.FindAsync(Kinds.Vmi.Path(cluster.Name("web")), CancellationToken.None));
    }

    private static Task<TestCluster> StartAsync(string which) =>
        TestCluster.StartAsync(which, options => options with { HasVirtApi = true });
}
