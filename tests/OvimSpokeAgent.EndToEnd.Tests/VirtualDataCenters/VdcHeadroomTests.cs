using System.Text.Json.Nodes;
using OvimSpokeAgent.EndToEnd.Tests.Harness;

namespace OvimSpokeAgent.EndToEnd.Tests.VirtualDataCenters;

/// <summary>What the ResourceQuota of a VDC allows beyond what is declared: a bound that no tenant can lift.</summary>
public sealed class VdcHeadroomTests(Clusters clusters) : IClassFixture<Clusters>
{
    [Theory, OnRealApiServer]
    public async Task Tenants_cannot_lift_their_quota_by_what_they_write(ClusterKind kind)
    {
        await using var world = await VdcWorld.OpenAsync(clusters, kind);
        var vdc = world.NewVdc();
        await world.CompletesAsync("create_vdc", vdc, """{"quota":{"cpu":4,"memory":8},"admin_groups":["acme"]}""");
        var alice = world.AsMemberOf("acme");

        await alice.CreateAsync(VdcWorld.Collection(vdc, "virtualmachines"), Vm("large", """{"cpu":{"sockets":1},"memory":{"guest":"900Gi"}}"""));
        await alice.CreateAsync(VdcWorld.Collection(vdc, "virtualmachines"), Vm(
            "greedy", """{"cpu":{"sockets":1},"memory":{"guest":"1Gi"},"resources":{"requests":{"cpu":"500","memory":"900Gi"}}}"""));
        var reported = await world.ReportsVdcAsync(vdc, status => (long?)status["resource_usage"]!["memory_used"] == 901L << 30);
        // What is written of the VDC now is written in view of these VMs.
        await world.CompletesAsync("update_vdc", vdc, """{"description":"looked at"}""");

        await world.WaitForAsync(vdc, VdcWorld.Quotas, "vdc-quota", quota => quota?["status"]?["hard"]?["requests.memory"] is not null);
        await world.WaitForAsync(vdc, "serviceaccounts", "default", account => account is not null);
        var refusal = await Assert.ThrowsAsync<InvalidOperationException>(() =>
            world.Admin.CreateAsync(VdcWorld.Collection(vdc, "pods"), VdcWorld.Pod("beyond", """{"requests":{"cpu":"400","memory":"700Gi"}}""")));
        Assert.Contains("exceeded quota", refusal.Message, StringComparison.Ordinal);
        // As KubeVirt makes the pod of a guest in huge pages.
        refusal = await Assert.ThrowsAsync<InvalidOperationException>(() => world.Admin.CreateAsync(
            VdcWorld.Collection(vdc, "pods"),
            VdcWorld.Pod("huge", """{"requests":{"cpu":"1","memory":"1Mi","hugepages-2Mi":"700Gi"},"limits":{"hugepages-2Mi":"700Gi"}}""")));
        Assert.Contains("exceeded quota", refusal.Message, StringComparison.Ordinal);
        var hard = (await world.GetAsync(vdc, VdcWorld.Quotas, "vdc-quota"))["spec"]!["hard"]!;
        Assert.Equal(("4", "8Gi"), ((string?)hard["requests.cpu"], (string?)hard["requests.memory"]));
        await world.Admin.CreateAsync(VdcWorld.Collection(vdc, "pods"), VdcWorld.Pod("within", """{"requests":{"cpu":"4","memory":"8Gi"}}"""));
        Assert.Contains(reported["warnings"]!.AsArray(), warning => ((string)warning!).StartsWith("over quota", StringComparison.Ordinal));
    }

    [Theory, OnSandbox, OnRealApiServer]
    public async Task Vms_that_a_lowered_quota_leaves_no_room_for_say_that_they_cannot_migrate(ClusterKind kind)
    {
        await using var world = await VdcWorld.OpenAsync(clusters, kind);
        var vdc = world.NewVdc();
        await world.CompletesAsync("create_vdc", vdc, """{"quota":{"cpu":8,"memory":16}}""");
        Assert.Null(await world.CreatesVmAsync(vdc, "web", 4, "8Gi"));
        Assert.Null((string?)(await ReportsVmAsync("web", vm => (string?)vm["status"] == "running"))["message"]);

        await world.CompletesAsync("update_vdc", vdc, """{"quota":{"cpu":2,"memory":4}}""");

        Assert.Equal(
            "cannot migrate: the quota has no room for a second pod of it",
            (string?)(await ReportsVmAsync("web", vm => vm["message"] is not null))["message"]);
        var warnings = (await world.ReportsVdcAsync(vdc, _ => true))["warnings"]!.AsArray().Select(warning => (string)warning!);
        Assert.Contains("the quota has no room for a second pod of VM web: cannot migrate", warnings);
        var hard = (await world.GetAsync(vdc, VdcWorld.Quotas, "vdc-quota"))["spec"]!["hard"]!;
        Assert.Equal(("2", "4Gi"), ((string?)hard["requests.cpu"], (string?)hard["requests.memory"]));

        async Task<JsonObject> ReportsVmAsync(string name, Func<JsonObject, bool> isAsWanted) =>
            VmIn(await world.Environment.ReportsAsync(world.Agent, report => VmIn(report, name) is { } vm && isAsWanted(vm)), name)!;

        JsonObject? VmIn(JsonObject report, string name) => report["vms"]!.AsArray().Select(vm => vm!.AsObject())
            .SingleOrDefault(vm => (string?)vm["namespace"] == vdc && (string?)vm["name"] == name);
    }

    private static JsonObject Vm(string name, string domain)
    {
        var vm = JsonNode.Parse($$$"""
            {"apiVersion":"kubevirt.io/v1","kind":"VirtualMachine","metadata":{"name":"{{{name}}}"},
            "spec":{"runStrategy":"Halted","template":{"spec":{"domain":{{{domain}}} } } } }
            """)!.AsObject();
        vm["spec"]!["template"]!["spec"]!["domain"]!["devices"] = new JsonObject();
        return vm;
    }
}
