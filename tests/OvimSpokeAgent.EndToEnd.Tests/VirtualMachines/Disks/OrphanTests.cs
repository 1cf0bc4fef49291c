using System.Text.Json.Nodes;
using OvimSpokeAgent.EndToEnd.Tests.Harness;

namespace OvimSpokeAgent.EndToEnd.Tests.VirtualMachines;

/// <summary>What operations that failed have left behind.</summary>
public sealed class OrphanTests(Clusters clusters) : IClassFixture<Clusters>
{
    [Theory, OnSandbox, OnRealApiServer]
    public async Task What_a_failed_creation_left_is_cleaned_up_with_an_event_each_and_what_holds_data_or_has_no_marks_stays(ClusterKind kind)
    {
        await using var environment = await clusters.OnAsync(kind);
        var (admin, vms, volumes) = (environment.Cluster.Admin, TestClusterExtensions.VmsOf(environment.Namespace), DiskObjects.VolumesOf(environment.Namespace));
        var agent = await environment.StartAgentAsync(("OVIM_ORPHAN_GRACE", "1s"));
        var failed = environment.Queues(agent, "create_vm", "web", ("image_url", "pvc:nothing"), ("cpu", 1), ("memory", 1));
        Assert.Equal("failed", (string?)(await environment.ResultOfAsync(failed))["status"]);
        var maker = await OrphanObjects.MakerAsync(admin, environment.AgentNamespace, failed);

        await environment.HasVolumeAsync("filled");
        await environment.VolumeAsync("filled", volume => (string?)volume?["status"]?["phase"] == "Succeeded");
        await admin.MergeAsync($"{volumes}/filled", OrphanObjects.Mark(new JsonObject { ["metadata"] = new JsonObject() }, maker));
        await admin.CreateAsync(volumes, OrphanObjects.Stray("of-others", null));
        var ofOthers = OrphanObjects.HalfMade(VmSituation.Vm("of-others", "Halted"), maker);
        ofOthers["metadata"]!.AsObject().Remove("labels");
        await environment.HasVmAsync(ofOthers);
        await environment.HasClaimAsync("data", "1Gi");
        await environment.HasVmAsync(OrphanObjects.HalfMade(DiskObjects.WithVolumes("uses-data", "Halted", DiskObjects.Claim("root", "data")), maker));
        await environment.HasVmAsync(OrphanObjects.HalfMade(VmSituation.Vm("half-made", "Halted"), maker));
        await admin.CreateAsync(volumes, OrphanObjects.Stray("stray", maker));
        await OrphanObjects.HasHeldVmAsync(admin, environment.Namespace, "held");

        await TellsAsync(environment, "half-made", "OrphanRemoved", $"removed: operation {maker} failed and left it half made");
        await TellsAsync(environment, "stray", "OrphanRemoved", $"removed: operation {maker} failed, and it was never filled");
        await TellsAsync(environment, "held", "DisksKept", "its disks are released, and it is let go");
        await TellsAsync(environment, "uses-data", "OrphanLeft", $"it is marked as half made by operation {maker}, and left: it does not bring disk data with it");
        foreach (var name in (string[])["half-made", "held"]) await admin.WaitForAsync(vms, name, vm => vm is null);
        await environment.VolumeAsync("stray", volume => volume is null);
        await environment.ClaimAsync("stray", claim => claim is null);
        foreach (var (collection, name) in ((string, string)[])
                 [(vms, "of-others"), (vms, "uses-data"), (volumes, "filled"), (volumes, "of-others"), (volumes, "held-root"), .. Claims(environment, "data", "filled", "held-root")])
        {
            Assert.Null((await admin.GetAsync($"{collection}/{name}"))["metadata"]!["deletionTimestamp"]);
        }
        Assert.True((await admin.GetAsync($"{volumes}/held-root"))["metadata"]!["ownerReferences"] is null or JsonArray { Count: 0 });
    }

    private static IEnumerable<(string, string)> Claims(TestEnvironment environment, params string[] names) =>
        names.Select(name => (DiskObjects.ClaimsOf(environment.Namespace), name));

    private static Task<JsonObject> TellsAsync(TestEnvironment environment, string name, string reason, string message) => environment.Cluster.Admin.WaitForAnyAsync(
        $"api/v1/namespaces/{environment.Namespace}/events",
        item => (string?)item["involvedObject"]?["name"] == name && (string?)item["reason"] == reason && (string?)item["message"] == message);
}
