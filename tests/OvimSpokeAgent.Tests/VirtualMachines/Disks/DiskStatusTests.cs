using System.Text.Json;
using System.Text.Json.Nodes;
using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Contract;
using OvimSpokeAgent.VirtualMachines;

namespace OvimSpokeAgent.Tests.VirtualMachines;

/// <summary>What reports say of a VM's disks: how far CDI is with them, what is wrong with them, how large they are.</summary>
public sealed class DiskStatusTests
{
    private const string TooSmall =
        "Unable to process data: Virtual image size 4294967296 is larger than the reported available storage 4050648064. A larger PVC is required.";

    private const string OneDisk = """
        {"runStrategy":"Always","template":{"spec":{"volumes":[{"name":"root","dataVolume":{"name":"web-root"}}]}},
         "dataVolumeTemplates":[{"metadata":{"name":"web-root"},"spec":{"storage":{"resources":{"requests":{"storage":"4Gi"}}}}}]}
        """;

    [Fact]
    public void Of_more_disks_than_are_reported_those_with_which_something_is_wrong_are_told_and_that_it_is_not_all()
    {
        var vm = VirtualMachineItem.From(new VirtualMachineObject { Metadata = new() { Name = "web", Namespace = "acme" } }, default);
        var disks = Enumerable.Range(0, 40).Select(i => new DiskState { Name = $"d{i}", Claim = $"d{i}", Phase = "Bound", Failure = i == 39 ? "no" : null }).ToList();

        var status = VirtualMachineStatusMap.ToStatus(vm, null, disks: disks);

        Assert.Equal((32, "d39", true), (status.Disks!.Count, status.Disks[0].Name, status.DisksTruncated));
        Assert.Null(VirtualMachineStatusMap.ToStatus(vm, null, disks: disks[..32]).DisksTruncated);
    }

    [Fact]
    public async Task Import_is_told_with_its_percentage()
    {
        await using var world = await VmWorld.OpenAsync(cluster => HasVm(cluster, OneDisk, "Provisioning"));
        HasVolume(world, "ImportInProgress", "42.10%", """{"type":"Running","status":"True","reason":"Pod is running"}""");
        HasClaim(world, "Pending", "4Gi");

        var status = await StatusAsync(world, vm => vm.Disks?[0].Progress is not null);

        Assert.Equal(("provisioning", "importing disk root: 42.10 %"), (status.Status, status.Message));
        Assert.Equal(new DiskStatus { Name = "root", Phase = "ImportInProgress", Progress = "42.10%", Size = "4Gi" }, Assert.Single(status.Disks!));
    }

    [Fact]
    public async Task Disk_whose_data_volume_cdi_has_tidied_away_is_filled()
    {
        await using var world = await VmWorld.OpenAsync(cluster => HasVm(cluster, OneDisk, "Running"));
        HasClaim(world, "Bound", "4Gi", "4508876800");

        var status = await StatusAsync(world, vm => vm.Disks?[0].Phase == "Succeeded");

        Assert.Equal(new DiskStatus { Name = "root", Phase = "Succeeded", Progress = "100.00%", Size = "4508876800" }, Assert.Single(status.Disks!));
        Assert.Null(status.Message);
    }

    [Theory]
    [InlineData("ImportInProgress", "Running", "False", "Error", TooSmall, "Error: " + TooSmall)]
    [InlineData("ImportScheduled", "Running", "False", "ImagePullFailed", "Unable to process data: failed to pull image: authentication required", "ImagePullFailed: Unable to process data: failed to pull image: authentication required")]
    [InlineData("ImportScheduled", "Running", "False", "CreateContainerConfigError", "secret \"login\" not found", "CreateContainerConfigError: secret \"login\" not found")]
    [InlineData("Pending", "Bound", "Unknown", "ErrExceededQuota", "exceeded quota: vdc-quota", "ErrExceededQuota: exceeded quota: vdc-quota")]
    [InlineData("Pending", "Bound", "False", "ErrClaimNotValid", "no access mode", "ErrClaimNotValid: no access mode")]
    [InlineData("Failed", "Ready", "False", "Error", "it broke", "Error: it broke")]
    [InlineData("Failed", "Ready", "True", "", "", "CDI says no reason")]
    [InlineData("CloneInProgress", "Running", "False", "Error", "a\nb", "Error: a\ufffdb")]
    public async Task Import_that_does_not_work_makes_the_vm_an_error_with_cdis_reason(
        string phase, string type, string conditionStatus, string reason, string message, string told)
    {
        await using var world = await VmWorld.OpenAsync(cluster => HasVm(cluster, OneDisk, "Provisioning"));
        HasVolume(world, phase, "N/A", new JsonObject { ["type"] = type, ["status"] = conditionStatus, ["reason"] = reason, ["message"] = message }.ToJsonString());

        var status = await StatusAsync(world, vm => vm.Disks?[0].Message is not null);

        Assert.Equal(("error", $"disk root: {told}"), (status.Status, status.Message));
    }

    [Fact]
    public async Task Data_volume_error_says_what_the_data_volume_says()
    {
        await using var world = await VmWorld.OpenAsync(cluster => HasVm(cluster, OneDisk, "DataVolumeError"));
        HasVolume(world, "ImportInProgress", "N/A", $$"""{"type":"Running","status":"False","reason":"Error","message":"{{TooSmall}}"}""");

        var status = await StatusAsync(world, vm => vm.Disks?[0].Message is not null);

        Assert.Equal(("error", $"DataVolumeError: disk root: Error: {TooSmall}"), (status.Status, status.Message));
    }

    [Theory]
    [InlineData("""{"type":"Running","status":"False","reason":"ContainerCreating"}""")]
    [InlineData("""{"type":"Running","status":"False","reason":"Completed","message":"Import Complete"}""")]
    [InlineData("""{"type":"Running","status":"True","reason":"Error"}""")]
    [InlineData("""{"type":"Bound","status":"False","reason":"Pending"}""")]
    [InlineData("""{"type":"Running","status":"False"}""")]
    [InlineData("null")]
    public async Task Import_that_goes_on_is_no_error(string condition)
    {
        await using var world = await VmWorld.OpenAsync(cluster => HasVm(cluster, OneDisk, "Provisioning"));
        HasVolume(world, "ImportInProgress", "N/A", condition);

        var status = await StatusAsync(world, vm => vm.Disks?[0].Phase == "ImportInProgress");

        Assert.Equal(("provisioning", "importing disk root"), (status.Status, status.Message));
    }

    [Theory]
    [InlineData("Halted", "WaitForFirstConsumer", "stopped")]
    [InlineData("Manual", "PendingPopulation", "stopped")]
    [InlineData("Always", "WaitForFirstConsumer", "starting")]
    public async Task Disk_that_waits_for_its_first_consumer_is_neither_an_error_nor_provisioned_for_ever(string strategy, string phase, string word)
    {
        await using var world = await VmWorld.OpenAsync(cluster => HasVm(cluster, OneDisk.Replace("Always", strategy, StringComparison.Ordinal), "Provisioning"));
        HasVolume(world, phase, "N/A");
        HasClaim(world, "Pending", "4Gi");

        var status = await StatusAsync(world, vm => vm.Disks?[0].Phase == phase);

        Assert.Equal((word, "disk root waits for its first consumer"), (status.Status, status.Message));
    }

    [Fact]
    public async Task Volume_that_waits_for_a_guest_which_no_node_takes_is_an_error()
    {
        await using var world = await VmWorld.OpenAsync(cluster => HasVm(
            cluster, OneDisk, "WaitingForVolumeBinding", """{"type":"PodScheduled","status":"False","reason":"Unschedulable","message":"0/3 nodes are available"}"""));
        HasVolume(world, "WaitForFirstConsumer", "N/A");

        var status = await StatusAsync(world, vm => vm.Disks is not null);

        Assert.Equal(("error", "ErrorUnschedulable: 0/3 nodes are available"), (status.Status, status.Message));
    }

    [Fact]
    public async Task Disk_of_a_stopped_vm_that_was_deleted_by_hand_is_told_and_nothing_is_imported_again() // X23
    {
        await using var world = await VmWorld.OpenAsync(cluster => HasVm(cluster, OneDisk.Replace("Always", "Halted", StringComparison.Ordinal), "Stopped"));
        HasVolume(world, "Succeeded", "100.0%");
        HasClaim(world, "Bound", "4Gi");
        await StatusAsync(world, vm => vm.Disks?[0].Phase == "Succeeded");
        world.Cluster.ForgetRequests();

        world.Cluster.Remove(KubeVirtKinds.DataVolume, new("acme", "web-root"));
        world.Cluster.Remove(KubernetesKinds.PersistentVolumeClaim, new("acme", "web-root"));
        var status = await StatusAsync(world, vm => vm.Disks?[0].Phase == "Missing");

        Assert.Equal(("stopped", "disk root is missing: there is neither a DataVolume nor a claim web-root"), (status.Status, status.Message));
        Assert.Empty(world.Changes());
    }

    [Fact]
    public async Task Claim_that_is_not_found_is_named()
    {
        await using var world = await VmWorld.OpenAsync(cluster => HasVm(
            cluster, """{"runStrategy":"Always","template":{"spec":{"volumes":[{"name":"data","persistentVolumeClaim":{"claimName":"lost"}}]}}}""", "ErrorPvcNotFound"));

        var status = await StatusAsync(world, vm => vm.Disks is not null);

        Assert.Equal(
            ("error", "ErrorPvcNotFound: disk data is missing: there is neither a DataVolume nor a claim lost"), (status.Status, status.Message));
    }

    [Fact]
    public void Disk_that_an_incomplete_cache_does_not_have_is_not_said_to_be_missing()
    {
        var disk = new NamedDisk("root", "web-root", true, null);

        Assert.False(DiskCaches.Of(disk, null, null, null, isComplete: false).IsAbsent);
        Assert.True(DiskCaches.Of(disk, null, null, null, isComplete: true).IsAbsent);
    }

    [Fact]
    public async Task Disk_that_is_not_made_yet_is_not_said_to_be_missing()
    {
        await using var world = await VmWorld.OpenAsync(cluster => HasVm(cluster, OneDisk, null));

        var status = await StatusAsync(world, vm => vm.Disks is not null);

        Assert.Equal(("pending", null, "Pending"), (status.Status, status.Message, status.Disks![0].Phase));
    }

    [Fact]
    public async Task Cluster_without_cdi_tells_of_claims_and_lacks_nothing()
    {
        await using var world = await VmWorld.OpenAsync(cluster =>
        {
            cluster.LosesKind(KubeVirtKinds.DataVolume);
            HasVm(cluster, """{"runStrategy":"Always","template":{"spec":{"volumes":[{"name":"data","persistentVolumeClaim":{"claimName":"web-root"}},{"name":"more","persistentVolumeClaim":{"claimName":"lost"}}]}}}""", "Stopped");
        });
        HasClaim(world, "Bound", "4Gi");

        var status = await StatusAsync(world, vm => vm.Disks?[0].Phase == "Bound");

        Assert.Equal((CacheState.NoKindMatch, true), (world.Volumes.Status.State, world.Volumes.IsOptional));
        Assert.Equal("Missing", status.Disks![1].Phase);
        Assert.Equal("4Gi", status.Storage);
    }

    [Fact]
    public void Storage_is_what_the_guests_disks_have_hot_plugged_ones_too() // X24
    {
        var vm = JsonElement.Parse("""{"spec":{"template":{"spec":{"volumes":[{"name":"root","persistentVolumeClaim":{"claimName":"a"}},{"name":"seed","cloudInitNoCloud":{}}]}}}}""");
        var vmi = JsonElement.Parse("""
            {"spec":{"volumes":[{"name":"root","persistentVolumeClaim":{"claimName":"a"}},{"name":"older","dataVolume":{"name":"b"}}]},
             "status":{"phase":"Running","volumeStatus":[
               {"name":"root","persistentVolumeClaimInfo":{"claimName":"a","capacity":{"storage":"10Gi"},"requests":{"storage":"8Gi"}}},
               {"name":"older","persistentVolumeClaimInfo":{"requests":{"storage":1073741824}}},
               {"name":"plugged","hotplugVolume":{},"persistentVolumeClaimInfo":{"claimName":"c","capacity":{"storage":"5Gi"}}},
               {"name":"seed","size":1048576}, null]}}
            """);

        var disks = Disks.Of(vm, vmi, [], []);
        var status = VirtualMachineStatusMap.ToStatus(VirtualMachineItem.From(vm.Deserialize(KubeVirtJson.Default.VirtualMachineObject)!, default), null, disks: disks);

        Assert.Equal([("root", "a"), ("older", "b"), ("plugged", "c")], disks.Select(disk => (disk.Name, disk.Claim)));
        Assert.Equal("16Gi", status.Storage);
    }

    [Fact]
    public void Storage_of_a_vm_that_is_off_is_its_claims()
    {
        var vm = JsonElement.Parse("""{"spec":{"template":{"spec":{"volumes":[{"name":"root","persistentVolumeClaim":{"claimName":"a"}},{"name":"again","persistentVolumeClaim":{"claimName":"a"}},{"name":"b","dataVolume":{"name":"b"}}]}}}}""");
        JsonElement[] claims =
        [
            JsonElement.Parse("""{"metadata":{"name":"a"},"spec":{"resources":{"requests":{"storage":"8Gi"}}},"status":{"phase":"Bound","capacity":{"storage":"10Gi"}}}"""),
            JsonElement.Parse("""{"metadata":{"name":"b"},"spec":{"resources":{"requests":{"storage":"2Gi"}}}}"""),
        ];

        var status = VirtualMachineStatusMap.ToStatus(
            VirtualMachineItem.From(vm.Deserialize(KubeVirtJson.Default.VirtualMachineObject)!, default), null, disks: Disks.Of(vm, null, [], claims));

        Assert.Equal("12Gi", status.Storage);
    }

    [Fact]
    public void Vm_that_names_disks_without_end_keeps_a_few_KiB_and_says_so()
    {
        var volumes = new JsonArray([.. Enumerable.Range(0, 5000).Select(i => (JsonNode)new JsonObject
        {
            ["name"] = $"disk-{i}", ["persistentVolumeClaim"] = new JsonObject { ["claimName"] = $"claim-{i}" },
        })]);
        var vm = new JsonObject { ["spec"] = new JsonObject { ["template"] = new JsonObject { ["spec"] = new JsonObject { ["volumes"] = volumes } } } };

        var item = VirtualMachineItem.From(vm.Deserialize(KubeVirtJson.Default.VirtualMachineObject)!, default);

        Assert.InRange(item.Disks.All.Sum(disk => disk.Name.Length + disk.Claim.Length), 1, DiskList.MaxLength);
        Assert.Equal("it names more disks than are reported", VirtualMachineStatusMap.ToStatus(item, null).Message);
    }

    [Fact]
    public async Task Subscriber_is_told_of_a_vms_disk()
    {
        await using var world = await VmWorld.OpenAsync(cluster => HasVm(cluster, OneDisk, "Provisioning"));
        var told = new TaskCompletionSource<NamespacedName>();
        using var subscription = world.Manager.Subscribe((name, _) => told.TrySetResult(name));

        HasVolume(world, "ImportInProgress", "1.00%");

        Assert.Equal(VmWorld.Web, await told.Task.WaitAsync(Limits.Patience));
    }

    [Fact]
    public async Task Data_volume_that_cannot_be_read_costs_itself_and_says_so()
    {
        await using var world = await VmWorld.OpenAsync(cluster => HasVm(cluster, OneDisk, "Provisioning"));
        world.Cluster.Has(KubeVirtKinds.DataVolume, JsonNode.Parse("""{"metadata":{"name":"web-root","namespace":"acme"},"status":"odd"}""")!.AsObject());

        var status = await StatusAsync(world, vm => vm.Disks?[0].Message is not null);

        Assert.StartsWith("disk root: the agent cannot read its DataVolume: ", status.Message, StringComparison.Ordinal);
    }

    private static void HasVm(OvimSpokeAgent.Tests.Cluster.FakeKubernetesApi cluster, string spec, string? printed, string? condition = null) =>
        VmWorld.HasVm(cluster, VmWorld.Web, change: vm =>
        {
            vm["spec"] = JsonNode.Parse(spec);
            if (printed is null) return;
            var conditions = new JsonArray(JsonNode.Parse("""{"type":"Ready","status":"False","reason":"VMINotExists"}"""));
            if (printed == "Running") conditions[0]!["status"] = "True";
            if (condition is not null) conditions.Add((JsonNode?)JsonNode.Parse(condition));
            vm["status"] = new JsonObject { ["printableStatus"] = printed, ["conditions"] = conditions };
        });

    private static void HasVolume(VmWorld world, string phase, string progress, params string[] conditions) => world.Cluster.Has(
        KubeVirtKinds.DataVolume,
        new JsonObject
        {
            ["metadata"] = new JsonObject { ["name"] = "web-root", ["namespace"] = "acme" },
            ["status"] = new JsonObject
            {
                ["phase"] = phase,
                ["progress"] = progress,
                ["conditions"] = new JsonArray([.. conditions.Select(condition => JsonNode.Parse(condition))]),
            },
        });

    private static void HasClaim(VmWorld world, string phase, string asked, string? capacity = null)
    {
        var status = new JsonObject { ["phase"] = phase };
        if (capacity is not null) status["capacity"] = new JsonObject { ["storage"] = capacity };
        world.Cluster.Has(KubernetesKinds.PersistentVolumeClaim, new JsonObject
        {
            ["metadata"] = new JsonObject { ["name"] = "web-root", ["namespace"] = "acme" },
            ["spec"] = new JsonObject { ["resources"] = new JsonObject { ["requests"] = new JsonObject { ["storage"] = asked } } },
            ["status"] = status,
        });
    }

    private static async Task<VirtualMachineStatus> StatusAsync(VmWorld world, Func<VirtualMachineStatus, bool> isAsWanted)
    {
        VirtualMachineStatus? status = null;
        await Eventually.HoldsAsync(() => (status = world.Manager.Get(VmWorld.Web)) is not null && isAsWanted(status));
        return status!;
    }
}
