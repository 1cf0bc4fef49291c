using System.Text.Json.Nodes;
using OvimSpokeAgent.EndToEnd.Tests.Harness;

namespace OvimSpokeAgent.EndToEnd.Tests.VirtualMachines;

/// <summary>What the hub hears of VMs' disks.</summary>
public sealed class DiskReportTests(Clusters clusters) : IClassFixture<Clusters>
{
    [Theory, OnSandbox, OnRealApiServer]
    public async Task Import_is_in_the_reports_with_its_percentage_until_the_disk_is_filled(ClusterKind kind)
    {
        await using var environment = await clusters.OnAsync(kind);
        var agent = await environment.StartAgentAsync();

        await environment.HasVmAsync(DiskObjects.WithTemplate("web", "Always", "import-stalls"));
        var importing = await environment.ReportsDiskAsync(agent, "web", vm => (string?)vm["message"] == "importing disk root: 33.30 %");

        Assert.Equal("provisioning", (string?)importing["status"]);
        Assert.Equal(
            ("root", "ImportInProgress", "33.30%"),
            ((string?)importing["disks"]![0]!["name"], (string?)importing["disks"]![0]!["phase"], (string?)importing["disks"]![0]!["progress"]));
        await environment.ChangesVmAsync("web", JsonNode.Parse("""{"metadata":{"annotations":{"sandbox.ovim.io/fail":null}}}""")!.AsObject());
        var running = await environment.ReportsDiskAsync(agent, "web", vm => (string?)vm["status"] == "running" && (string?)vm["disks"]![0]!["phase"] == "Succeeded");
        Assert.Equal(DiskObjects.Size, (string?)running["storage"]);
        Assert.Null(running["message"]);
    }

    [Theory, OnSandbox, OnRealApiServer]
    public async Task Disk_whose_data_volume_was_tidied_away_is_filled(ClusterKind kind)
    {
        await using var environment = await clusters.OnAsync(kind);
        var agent = await environment.StartAgentAsync();

        await environment.HasVmAsync(DiskObjects.WithTemplate(
            "web", "Always", annotations: new JsonObject { ["cdi.kubevirt.io/storage.deleteAfterCompletion"] = "true" }));
        await environment.ClaimAsync("web-root", claim => (string?)claim?["metadata"]?["ownerReferences"]?[0]?["kind"] == "VirtualMachine");
        await environment.VolumeAsync("web-root", volume => volume is null);

        var reported = await environment.ReportsDiskAsync(agent, "web", vm => (string?)vm["status"] == "running");
        Assert.Equal(("Succeeded", "100.00%"), ((string?)reported["disks"]![0]!["phase"], (string?)reported["disks"]![0]!["progress"]));
    }

    [Theory, OnSandbox, OnRealApiServer]
    public async Task Import_that_fails_makes_the_vm_an_error_by_the_reason_of_its_data_volume(ClusterKind kind)
    {
        await using var environment = await clusters.OnAsync(kind);
        var agent = await environment.StartAgentAsync();

        await environment.HasVmAsync(DiskObjects.WithTemplate("web", "Always", "data-volume"));

        var reported = await environment.ReportsDiskAsync(
            agent, "web", vm => (string?)vm["status"] == "error" && (string?)vm["phase"] == "DataVolumeError" && vm["disks"]![0]!["message"] is not null);
        Assert.Equal(
            "DataVolumeError: disk root: Error: Unable to process data: Unable to connect to http data source: expected status code 200, got 404. Status: 404 Not Found",
            (string?)reported["message"]);
    }

    [Theory, OnSandbox, OnRealApiServer]
    public async Task Disk_of_a_stopped_vm_that_was_deleted_by_hand_is_reported_and_not_imported_again(ClusterKind kind) // X23
    {
        await using var environment = await clusters.OnAsync(kind);
        await environment.HasVolumeAsync("data");
        await environment.VolumeAsync("data", volume => (string?)volume?["status"]?["phase"] == "Succeeded");
        await environment.HasVmAsync(DiskObjects.WithVolumes("web", "Halted", DiskObjects.DataVolume("data", "data")));
        var agent = await environment.StartAgentAsync();
        await environment.ReportsDiskAsync(agent, "web", vm => (string?)vm["status"] == "stopped" && (string?)vm["disks"]![0]!["phase"] == "Succeeded");

        await environment.Cluster.Admin.DeleteAsync($"{DiskObjects.VolumesOf(environment.Namespace)}/data");
        await environment.ClaimAsync("data", claim => claim is null);

        var reported = await environment.ReportsDiskAsync(agent, "web", vm => (string?)vm["disks"]![0]!["phase"] == "Missing");
        Assert.Equal(
            ("stopped", "disk data is missing: there is neither a DataVolume nor a claim data"), ((string?)reported["status"], (string?)reported["message"]));
        Assert.Null(await environment.Cluster.Admin.FindAsync($"{DiskObjects.VolumesOf(environment.Namespace)}/data"));
        Assert.DoesNotContain(agent.ClusterRequests.All, request => request.StartsWith("POST", StringComparison.Ordinal) && request.Contains("/datavolumes", StringComparison.Ordinal));
    }

    [Theory, OnSandbox, OnRealApiServer]
    public async Task Storage_of_a_vm_is_that_of_its_claims_where_it_brings_none_with_it(ClusterKind kind) // X24
    {
        await using var environment = await clusters.OnAsync(kind);
        await environment.HasClaimAsync("one", "10Gi");
        await environment.HasClaimAsync("two", "512Mi");
        await environment.HasVmAsync(DiskObjects.WithVolumes("web", "Halted", DiskObjects.Claim("root", "one"), DiskObjects.Claim("more", "two")));
        var agent = await environment.StartAgentAsync();

        var reported = await environment.ReportsDiskAsync(agent, "web", vm => vm["storage"] is not null);

        Assert.Equal("10752Mi", (string?)reported["storage"]);
        Assert.Equal("10752Mi", (string?)(await environment.CompletesAsync(agent, "get_vm_status", "web"))["storage"]);
    }

    [Fact]
    public async Task Storage_of_a_guest_is_what_its_volumes_have_hot_plugged_ones_too() // X24
    {
        await using var environment = await VmSituation.WithoutControllerAsync();
        var guest = VmSituation.Guest("Running");
        guest["volumeStatus"] = JsonNode.Parse("""
            [{"name":"root","target":"vda","persistentVolumeClaimInfo":{"claimName":"one","capacity":{"storage":"10Gi"},"requests":{"storage":"8Gi"}}},
             {"name":"plugged","target":"sda","hotplugVolume":{"attachPodName":"hp"},"persistentVolumeClaimInfo":{"claimName":"three","capacity":{"storage":"5Gi"}}}]
            """);
        await VmSituation.HasAsync(environment, DiskObjects.WithVolumes("web", "Always", DiskObjects.Claim("root", "one")), "Running", guest);
        var agent = await environment.StartAgentAsync();

        var reported = await environment.ReportsDiskAsync(agent, "web", vm => (string?)vm["status"] == "running");

        Assert.Equal("15Gi", (string?)reported["storage"]);
        Assert.Equal(["root", "plugged"], reported["disks"]!.AsArray().Select(disk => (string)disk!["name"]!));
    }

    [Fact]
    public async Task Cluster_without_cdi_is_healthy()
    {
        await using var cluster = await SandboxTestCluster.StartAsync(hasController: false);
        await cluster.Admin.DeleteAsync("apis/apiextensions.k8s.io/v1/customresourcedefinitions/datavolumes.cdi.kubevirt.io");
        await using var environment = await TestEnvironment.StartAsync(cluster, ownsCluster: false);
        await environment.HasVmAsync(VmSituation.Vm("web", "Halted"));
        var agent = await environment.StartAgentAsync();

        await environment.ReportsAsync(agent, report => (string?)report["status"] == "healthy" && report["vms"]!.AsArray().Count == 1);
        Assert.Equal("Healthy", (string?)(await agent.HealthAsync())["components"]!["caches"]!["status"]);
    }
}
