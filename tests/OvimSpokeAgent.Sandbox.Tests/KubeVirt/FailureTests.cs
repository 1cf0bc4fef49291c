using System.Text.Json.Nodes;
using KubernetesSandbox;
using KubernetesSandbox.KubeVirt;

namespace OvimSpokeAgent.Sandbox.Tests.KubeVirt;

[Collection(TestClusterCollection.Name)]
public sealed class FailureTests
{
    public static TheoryData<string> Clusters => TestCluster.AtHand;

    public static TheoryData<string, string, string> Faults
    {
        get
        {
            var data = new TheoryData<string, string, string>();
            foreach (var which in TestCluster.NamesAtHand)
            {
                data.Add(which, "unschedulable", "ErrorUnschedulable");
                data.Add(which, "image-pull", "ImagePullBackOff");
                data.Add(which, "crash-loop", "CrashLoopBackOff");
            }
            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Faults))]
    public async Task A_fault_by_annotation_shows_and_when_it_is_taken_back_the_VM_runs(string which, string fault, string status)
    {
        await using var cluster = await TestCluster.StartAsync(which);
        await cluster.CreateVmAsync(changes: Annotated(fault));
        await cluster.UntilPrintsAsync(status);

        await cluster.Api.MergeAsync(
            Kinds.Vm,
            cluster.Name("web"),
            TestObjects.Parse("""{"metadata":{"annotations":{"sandbox.ovim.io/fail":null}}}"""),
            CancellationToken.None);

        // The attempt under way may have begun before the controller heard of that: then there is another wait.
        var running = cluster.UntilPrintsAsync("Running");
        while (await Task.WhenAny(running, Task.Delay(TimeSpan.FromMilliseconds(100))) != running)
            cluster.Clock.Advance(TimeSpan.FromSeconds(11));
        await running;
    }

    [Theory]
    [MemberData(nameof(Clusters))]
    public async Task A_crash_loop_counts_its_failures_and_waits_longer_each_time(string which)
    {
        await using var cluster = await TestCluster.StartAsync(which);
        await cluster.CreateVmAsync(changes: Annotated("crash-loop"));

        foreach (var (count, wait) in new[] { (1, 10), (2, 40), (3, 90) })
        {
            var vm = await cluster.UntilAsync(Kinds.Vm, "web", item =>
                item.Number("status", "startFailure", "consecutiveFailCount") == count
                && Conditions.Has(item["status"], "Ready", false, "VMINotExists"));
            var retry = vm.Time("status", "startFailure", "retryAfterTimestamp");
            Assert.InRange((retry!.Value - cluster.Clock.GetUtcNow()).TotalSeconds, wait - 1, wait);
            Assert.Equal("CrashLoopBackOff", vm.Text("status", "printableStatus"));
            cluster.Clock.Advance(TimeSpan.FromSeconds(wait + 1));
        }
    }

    [Theory]
    [MemberData(nameof(Clusters))]
    public async Task A_full_quota_leaves_the_VM_starting_and_says_why(string which)
    {
        await using var cluster = await TestCluster.StartAsync(which);
        await cluster.CreateVmAsync(changes: Annotated("quota"));

        var vm = await cluster.UntilAsync(
            Kinds.Vm, "web", item => Conditions.Has(item["status"], "Synchronized", false, "FailedCreate"));

        Assert.Equal("Starting", vm.Text("status", "printableStatus"));
        Assert.Contains("exceeded quota", Conditions.Find(vm["status"], "Synchronized").Text("message"), StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Clusters))]
    public async Task A_claim_that_does_not_exist_is_an_error_until_it_does(string which)
    {
        await using var cluster = await TestCluster.StartAsync(which);
        await cluster.CreateVmAsync(changes: vm =>
            vm["spec"]!["template"]!["spec"]!["volumes"] =
                JsonNode.Parse("""[{"name":"root","persistentVolumeClaim":{"claimName":"web-root"}}]"""));
        await cluster.UntilPrintsAsync("ErrorPvcNotFound");

        var claim = TestObjects.Claim("Pending");
        claim.Remove("status");
        await cluster.CreateAsync(Kinds.Claim, claim);

        await cluster.UntilPrintsAsync("Running");
        await cluster.UntilAsync(Kinds.Claim, "web-root", item => item.Text("status", "phase") == "Bound");
    }

    [Theory]
    [MemberData(nameof(Clusters))]
    public async Task A_VM_waits_while_its_disk_is_filled_and_takes_the_disk_with_it(string which)
    {
        await using var cluster = await TestCluster.StartAsync(which);

        await cluster.CreateVmAsync(changes: TestObjects.WithDisk);

        await cluster.UntilPrintsAsync("Running");
        // A controller that is late sees a guest that runs already.
        Assert.Equal(["Provisioning", "Running"], cluster.StatusesOf("web").Where(status => status != "Starting"));
        var volume = await cluster.UntilAsync(Kinds.DataVolume, "web-root", item => item.Text("status", "phase") == "Succeeded");
        Assert.Equal("100.0%", volume.Text("status", "progress"));
        await cluster.UntilAsync(Kinds.Claim, "web-root", item => item.Text("status", "phase") == "Bound");
        await cluster.DeleteAsync(Kinds.Vm, "web");
        await cluster.UntilGoneAsync(Kinds.Vm, "web");
        await cluster.UntilGoneAsync(Kinds.DataVolume, "web-root");
        await cluster.UntilGoneAsync(Kinds.Claim, "web-root");
    }

    [Theory]
    [MemberData(nameof(Clusters))]
    public async Task A_disk_whose_owners_are_taken_off_gets_its_VM_back_while_that_lives_and_stays_without_it_after_that(string which)
    {
        await using var cluster = await TestCluster.StartAsync(which);
        await cluster.CreateVmAsync("Halted", TestObjects.WithDisk);
        await cluster.Api.MergeAsync(
            Kinds.Vm, cluster.Name("web"), TestObjects.Parse("""{"metadata":{"finalizers":["test.example/held"]}}"""), CancellationToken.None);
        await cluster.UntilAsync(Kinds.DataVolume, "web-root", item => item.Text("status", "phase") == "Succeeded");

        await DisownAsync();
        await cluster.UntilAsync(Kinds.DataVolume, "web-root", item => item.OwnerOf(Kinds.Vm) is not null);

        await cluster.DeleteAsync(Kinds.Vm, "web");
        await cluster.UntilAsync(Kinds.Vm, "web", item => item.IsDeleting());
        await DisownAsync();
        await cluster.Api.MergeAsync(Kinds.Vm, cluster.Name("web"), TestObjects.Parse("""{"metadata":{"finalizers":null}}"""), CancellationToken.None);
        await cluster.UntilGoneAsync(Kinds.Vm, "web");
        var left = await cluster.UntilAsync(Kinds.DataVolume, "web-root", item => item.OwnerOf(Kinds.Vm) is null);
        Assert.False(left.IsDeleting());

        Task DisownAsync() => cluster.Api.MergeAsync(
            Kinds.DataVolume, cluster.Name("web-root"), TestObjects.Parse("""{"metadata":{"ownerReferences":null}}"""), CancellationToken.None);
    }

    [Theory]
    [MemberData(nameof(Clusters))]
    public async Task A_disk_whose_volume_is_tidied_away_stays_and_goes_with_its_VM(string which)
    {
        await using var cluster = await TestCluster.StartAsync(which);
        await cluster.CreateVmAsync("Halted", TestObjects.WithDisk, vm => vm["spec"]!["dataVolumeTemplates"]![0]!["metadata"]!["annotations"] =
            new JsonObject { ["cdi.kubevirt.io/storage.deleteAfterCompletion"] = "true" });

        var claim = await cluster.UntilAsync(Kinds.Claim, "web-root", item => item.OwnerOf(Kinds.Vm) is not null);
        await cluster.UntilGoneAsync(Kinds.DataVolume, "web-root");
        Assert.Equal("Bound", claim.Text("status", "phase"));

        await cluster.DeleteAsync(Kinds.Vm, "web");
        await cluster.UntilGoneAsync(Kinds.Claim, "web-root");
    }

    [Theory]
    [MemberData(nameof(Clusters))]
    public async Task An_import_that_fails_is_an_error_until_it_works(string which)
    {
        await using var cluster = await TestCluster.StartAsync(which);
        cluster.KubeVirt.SetFault(cluster.Namespace, "web", KubeVirtFault.DataVolume);
        await cluster.CreateVmAsync(changes: TestObjects.WithDisk);
        await cluster.UntilPrintsAsync("DataVolumeError");

        cluster.KubeVirt.SetFault(cluster.Namespace, "web", KubeVirtFault.None);

        await cluster.UntilPrintsAsync("Running");
    }

    [Theory]
    [MemberData(nameof(Clusters))]
    public async Task An_import_whose_fault_was_an_annotation_goes_on_when_it_is_taken_back(string which)
    {
        await using var cluster = await TestCluster.StartAsync(which);
        await cluster.CreateVmAsync("Always", Annotated("data-volume"), TestObjects.WithDisk);
        await cluster.UntilPrintsAsync("DataVolumeError");

        await cluster.Api.MergeAsync(
            Kinds.Vm,
            cluster.Name("web"),
            TestObjects.Parse("""{"metadata":{"annotations":{"sandbox.ovim.io/fail":null}}}"""),
            CancellationToken.None);

        await cluster.UntilPrintsAsync("Running");
    }

    [Theory]
    [MemberData(nameof(Clusters))]
    public async Task An_instancetype_that_does_not_exist_is_a_failure_until_it_does(string which)
    {
        await using var cluster = await TestCluster.StartAsync(which);
        await cluster.CreateVmAsync(changes: vm =>
        {
            vm["spec"]!["instancetype"] = JsonNode.Parse("""{"kind":"VirtualMachineInstancetype","name":"huge"}""");
            vm["spec"]!["template"]!["spec"]!["domain"]!.AsObject().Remove("cpu");
            vm["spec"]!["template"]!["spec"]!["domain"]!.AsObject().Remove("memory");
        });
        var vm = await cluster.UntilAsync(
            Kinds.Vm, "web", item => Conditions.Has(item["status"], "Failure", true, "FailedFindInstancetype"));
        Assert.Equal("Stopped", vm.Text("status", "printableStatus"));

        await cluster.CreateAsync(Kinds.Types["VirtualMachineInstancetype"], TestObjects.Parse("""
            {"apiVersion":"instancetype.kubevirt.io/v1beta1","kind":"VirtualMachineInstancetype","metadata":{"name":"huge"},
             "spec":{"cpu":{"guest":16},"memory":{"guest":"64Gi"} } }
            """));
        cluster.Clock.Advance(TimeSpan.FromSeconds(6));

        var vmi = await cluster.UntilPhaseAsync("Running");
        Assert.Equal(16, vmi.Number("spec", "domain", "cpu", "sockets"));
        vm = await cluster.UntilPrintsAsync("Running");
        Assert.Null(Conditions.Find(vm["status"], "Failure"));
        Assert.Null(Conditions.Find(vm["status"], VmStatus.RestartRequired));
    }

    [Theory]
    [MemberData(nameof(Clusters))]
    public async Task An_unknown_fault_is_named(string which)
    {
        await using var cluster = await TestCluster.StartAsync(which);

        await cluster.CreateVmAsync(changes: Annotated("meteor"));

        var vm = await cluster.UntilAsync(Kinds.Vm, "web", item => Conditions.Has(item["status"], "Failure", true));
        Assert.Contains("meteor", Conditions.Find(vm["status"], "Failure").Text("message"), StringComparison.Ordinal);
    }

    private static Action<JsonObject> Annotated(string fault) =>
        vm => vm.MapAt("metadata").MapAt("annotations")[KubeVirtFaultNames.Annotation] = fault;

}
