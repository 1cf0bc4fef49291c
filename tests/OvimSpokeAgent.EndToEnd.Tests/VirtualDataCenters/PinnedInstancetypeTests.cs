using System.Text.Json.Nodes;
using OvimSpokeAgent.EndToEnd.Tests.Harness;

namespace OvimSpokeAgent.EndToEnd.Tests.VirtualDataCenters;

/// <summary>The size that an instancetype gave a VM stays the VM's, whatever becomes of the instancetype.</summary>
public sealed class PinnedInstancetypeTests(Clusters clusters) : IClassFixture<Clusters>
{
    private const string Group = "apis/instancetype.kubevirt.io/v1beta1";
    private const string ClusterTypes = $"{Group}/virtualmachineclusterinstancetypes";
    private const string Medium = """{"image_url":"quay.io/x/disk:1","instancetype":"virtualmachineinstancetype/medium","run":false}""";

    [Theory, OnSandbox, OnRealApiServer]
    public async Task Quota_counts_what_is_pinned_when_the_instancetype_shrinks_grows_and_goes(ClusterKind kind)
    {
        await using var world = await VdcWorld.OpenAsync(clusters, kind);
        var vdc = world.NewVdc();
        var types = $"{Group}/namespaces/{vdc}/virtualmachineinstancetypes";
        await world.CompletesAsync("create_vdc", vdc, """{"quota":{"cpu":8}}""");
        await world.Admin.CreateAsync(types, Type("VirtualMachineInstancetype", "medium", 3));
        foreach (var vm in (string[])["a", "b"])
        {
            Assert.Null(await CreatesAsync(vm));
            await world.WaitForAsync(vdc, "virtualmachines", vm, IsPinned);
        }

        await world.Admin.MergeAsync($"{types}/medium", Spec(1));
        var third = await RepeatedAsync(() => CreatesAsync("c"), error => error != "quota.cpu: asked 3 vCPUs, used 6 vCPUs, allowed 8");
        var fourth = await CreatesAsync("d");
        var fifth = await CreatesAsync("e");
        foreach (var vm in (string[])["c", "d"]) await world.WaitForAsync(vdc, "virtualmachines", vm, IsPinned);
        await world.Admin.MergeAsync($"{types}/medium", Spec(7));
        var large = await RepeatedAsync(() => CreatesAsync("f"), error => error != "quota.cpu: asked 1 vCPUs, used 8 vCPUs, allowed 8");
        await world.Admin.DeleteAsync($"{types}/medium");
        var lost = await RepeatedAsync(() => CreatesAsync("g"), error => error?.StartsWith("quota", StringComparison.Ordinal) is not true);
        var started = await world.RunsVmAsync("start_vm", vdc, "a");

        Assert.Equal((null, null), (third, fourth));
        Assert.Equal("quota.cpu: asked 1 vCPUs, used 8 vCPUs, allowed 8", fifth);
        Assert.Equal("quota.cpu: asked 7 vCPUs, used 8 vCPUs, allowed 8", large);
        Assert.Contains("\"medium\" does not exist", lost, StringComparison.Ordinal);
        Assert.Equal(("completed", "3"), ((string?)started["status"], (string?)started["result"]?["cpu"]));
        // The latest report may be from before the last VM.
        await world.ReportsVdcAsync(vdc, status => (long?)status["resource_usage"]!["cpu_used"] == 8000);
        await world.Admin.WaitForAsync(
            $"apis/kubevirt.io/v1/namespaces/{vdc}/virtualmachineinstances", "a", vmi => (int?)vmi?["spec"]!["domain"]!["cpu"]!["sockets"] == 3);

        async Task<string?> CreatesAsync(string vm) => (string?)(await world.RunsVmAsync("create_vm", vdc, vm, Medium))["error"];

        async Task<string?> RepeatedAsync(Func<Task<string?>> operation, Func<string?, bool> isAsWanted)
        {
            string? error;
            // The watch shows the instancetype a moment later.
            while (!isAsWanted(error = await operation())) await world.Environment.NextReportAsync(world.Agent);
            return error;
        }
    }

    [Theory, OnSandbox, OnRealApiServer]
    public async Task Vm_that_is_off_is_reported_with_the_size_of_its_instancetype_even_if_that_is_gone(ClusterKind kind)
    {
        await using var environment = await clusters.OnAsync(kind);
        var type = $"size-{Guid.NewGuid().ToString("N")[..8]}";
        await environment.Cluster.Admin.CreateAsync(ClusterTypes, Type("VirtualMachineClusterInstancetype", type, 2));
        await environment.Cluster.Admin.CreateAsync(TestClusterExtensions.VmsOf(environment.Namespace), Vm("typed", type));
        var agent = await environment.StartAgentAsync();

        var before = await environment.ReportsVmAsync(agent, "typed", "stopped");
        await environment.Cluster.WaitForVmAsync(environment.Namespace, "typed", IsPinned);
        await environment.Cluster.Admin.DeleteAsync($"{ClusterTypes}/{type}");
        await environment.NextReportAsync(agent);
        await environment.NextReportAsync(agent);
        var after = await environment.ReportsVmAsync(agent, "typed", "stopped");

        foreach (var reported in (JsonObject?[])[before, after])
            Assert.Equal(("2", "4Gi"), ((string?)reported!["cpu"], (string?)reported["memory"]));
    }

    [Theory, OnSandbox, OnRealApiServer]
    public async Task Vm_starts_from_any_revision_that_it_names_and_not_without_it(ClusterKind kind)
    {
        await using var world = await VdcWorld.OpenAsync(clusters, kind);
        var vdc = world.NewVdc();
        await world.CompletesAsync("create_vdc", vdc, """{"quota":{"cpu":8,"memory":16}}""");
        var revisions = $"apis/apps/v1/namespaces/{vdc}/controllerrevisions";
        // As a backup brings it back: the revision without labels, the instancetype not at all.
        foreach (var (name, revision) in ((string, string)[])[("kept", "restored"), ("lost", "lost-too")])
        {
            await world.Admin.CreateAsync(revisions, new JsonObject
            {
                ["apiVersion"] = "apps/v1",
                ["kind"] = "ControllerRevision",
                ["metadata"] = new JsonObject { ["name"] = revision },
                ["revision"] = 0,
                ["data"] = Type("VirtualMachineClusterInstancetype", "gone", 2),
            });
            var vm = Vm(name, "gone");
            vm["spec"]!["instancetype"]!["revisionName"] = revision;
            await world.Admin.CreateAsync(VdcWorld.Collection(vdc, "virtualmachines"), vm);
        }
        await world.ReportsVdcAsync(vdc, status => (long?)status["resource_usage"]!["cpu_used"] == 4000);
        await world.Admin.DeleteAsync($"{revisions}/lost-too");
        var usage = (await world.ReportsVdcAsync(vdc, status => (long?)status["resource_usage"]!["cpu_used"] == 2000))["resource_usage"]!;

        var kept = await world.RunsVmAsync("start_vm", vdc, "kept");
        var lost = await world.RunsVmAsync("start_vm", vdc, "lost");

        Assert.Equal(("completed", "2", "4Gi"), ((string?)kept["status"], (string?)kept["result"]?["cpu"], (string?)kept["result"]?["memory"]));
        Assert.Contains("ControllerRevision \"lost-too\"", (string?)lost["error"], StringComparison.Ordinal);
        Assert.Equal((2, 4L << 30), ((int)usage["vm_count"]!, (long)usage["memory_used"]!));
    }

    private static bool IsPinned(JsonObject? vm) => vm?["status"]?["instancetypeRef"]?["controllerRevisionRef"]?["name"] is not null;

    private static JsonObject Spec(int vcpus) =>
        new() { ["spec"] = new JsonObject { ["cpu"] = new JsonObject { ["guest"] = vcpus } } };

    private static JsonObject Type(string kind, string name, int vcpus) => JsonNode.Parse($$$"""
        {"apiVersion":"instancetype.kubevirt.io/v1beta1","kind":"{{{kind}}}","metadata":{"name":"{{{name}}}"},
        "spec":{"cpu":{"guest":{{{vcpus}}} },"memory":{"guest":"4Gi"} } }
        """)!.AsObject();

    private static JsonObject Vm(string name, string type) => JsonNode.Parse($$$"""
        {"apiVersion":"kubevirt.io/v1","kind":"VirtualMachine",
        "metadata":{"name":"{{{name}}}","labels":{"app.kubernetes.io/managed-by":"ovim-spoke-agent"} },
        "spec":{"runStrategy":"Halted","instancetype":{"name":"{{{type}}}","kind":"VirtualMachineClusterInstancetype"},
        "template":{"spec":{"domain":{"devices":{} } } } } }
        """)!.AsObject();
}
