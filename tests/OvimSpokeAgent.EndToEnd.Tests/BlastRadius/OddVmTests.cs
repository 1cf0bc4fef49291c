using System.Text.Json.Nodes;
using OvimSpokeAgent.EndToEnd.Tests.Harness;
using OvimSpokeAgent.EndToEnd.Tests.VirtualDataCenters;

namespace OvimSpokeAgent.EndToEnd.Tests.BlastRadius;

/// <summary>VMs as no one needs them and anyone may write them: they cost nobody else anything.</summary>
public sealed class OddVmTests(Clusters clusters) : IClassFixture<Clusters>
{
    private const string Declaration = """{"quota":{"cpu":4,"memory":8},"network_policy":"isolated"}""";

    private const string DisksInUse =
        """
        "template":{"spec":{"domain":{"devices":{"disks":[{"name":"a","disk":{}},{"name":"b","disk":{}}]}},
        "volumes":[{"name":"a","dataVolume":{"name":"a"}},{"name":"b","dataVolume":{"name":"b"}}]}}
        """;

    /// <summary>Names, and what of the spec is odd.</summary>
    private static readonly (string Name, string Spec)[] OddVms =
    [
        ("disks", $$"""{"dataVolumeTemplates":[{{Disk("a", "600Pi")}},{{Disk("b", "600Pi")}}],{{DisksInUse}}}"""),
        ("product", """{"template":{"spec":{"domain":{"cpu":{"cores":134217728,"threads":16383},"devices":{}}}}}"""),
        ("request", """{"template":{"spec":{"domain":{"resources":{"requests":{"cpu":"1073741824000000000"}},"devices":{}}}}}"""),
        ("negative", """{"template":{"spec":{"domain":{"resources":{"requests":{"cpu":"-500","memory":"-4Ti"}},"devices":{}}}}}"""),
        ("beyond", """{"template":{"spec":{"domain":{"memory":{"guest":"1e400"},"devices":{}}}}}"""),
        .. Enumerable.Range(0, 16).Select(i => ($"sum-{i}", """{"template":{"spec":{"domain":{"memory":{"guest":"512Pi"},"devices":{}}}}}""")),
    ];

    [Theory, OnSandbox, OnRealApiServer]
    public async Task Sizes_that_nobody_has_stop_nothing_and_are_told(ClusterKind kind)
    {
        await using var world = await VdcWorld.OpenAsync(clusters, kind);
        var (theirs, others) = (await IsDeclaredAsync(world), await IsDeclaredAsync(world));

        foreach (var (name, spec) in OddVms)
        {
            await HasVmAsync(world, theirs, name, spec);
            await HasVmAsync(world, world.Environment.Namespace, name, spec);
        }
        await world.Environment.ReportsAsync(world.Agent, report => HasAll(world, theirs, report));
        await world.RestartAgentAsync();

        var report = await world.Environment.ReportsAsync(world.Agent, report =>
            HasAll(world, theirs, report) && (string?)report["status"] == "healthy");
        foreach (var name in (string[])["disks", "product", "request", "negative", "beyond"])
        {
            var vm = VmsOf(report, theirs)[name];
            Assert.StartsWith("its size does not count as it is written: ", (string?)vm["message"], StringComparison.Ordinal);
        }
        var vdc = await world.ReportsVdcAsync(theirs, vdc => Warnings(vdc).Any(warning => warning.StartsWith("VM product: ", StringComparison.Ordinal)));
        Assert.All((string[])["cpu_used", "memory_used"], field => Assert.True((long)vdc["resource_usage"]![field]! > 0));
        await GoesOnAsync(world, others);
        Assert.DoesNotContain((await world.Agent.GetAsync("metrics")).Text.Split('\n'), line =>
            line.StartsWith("ovim_agent_object_failures_total{", StringComparison.Ordinal) && !line.EndsWith(" 0", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Vm_that_cannot_be_read_stops_nothing_and_is_told()
    {
        await using var world = await VdcWorld.OpenAsync(clusters, ClusterKind.Sandbox);
        var (theirs, others) = (await IsDeclaredAsync(world), await IsDeclaredAsync(world));

        // More than 64 bits hold: let through where the schema of the custom resource says nothing of the field.
        await HasVmAsync(world, theirs, "odd", """{"template":{"spec":{"domain":{"cpu":{"cores":1e21},"devices":{}}}}}""");
        await HasVmAsync(world, theirs, "fine", """{"template":{"spec":{"domain":{"cpu":{"cores":1},"devices":{}}}}}""");

        await world.Environment.ReportsAsync(world.Agent, report => IsTold(report, theirs));
        await world.RestartAgentAsync();
        await world.Environment.ReportsAsync(world.Agent, report => IsTold(report, theirs) && (string?)report["status"] == "healthy");
        await world.ReportsVdcAsync(theirs, vdc => Warnings(vdc).Any(warning => warning.StartsWith("VM odd: the agent cannot read it", StringComparison.Ordinal)));
        await world.Environment.SaysInHealthAsync(world.Agent, "objects", $"cache virtualmachines.kubevirt.io: {theirs}/odd fails since");
        Assert.True(await world.Agent.MetricAsync("ovim_agent_object_failures_total{place=\"cache virtualmachines.kubevirt.io\"}") >= 1);
        await GoesOnAsync(world, others);

        await world.Admin.MergeAsync(
            $"{TestClusterExtensions.VmsOf(theirs)}/odd", JsonNode.Parse("""{"spec":{"template":{"spec":{"domain":{"cpu":{"cores":2}}}}}}""")!.AsObject());
        await world.Environment.SaysInHealthAsync(world.Agent, "objects", "none fails");
    }

    private static bool HasAll(VdcWorld world, string vdc, JsonObject report) =>
        VmsOf(report, vdc).Count == OddVms.Length && VmsOf(report, world.Environment.Namespace).Count == OddVms.Length;

    private static Dictionary<string, JsonNode> VmsOf(JsonObject report, string ns) =>
        report["vms"]!.AsArray().Where(vm => (string?)vm!["namespace"] == ns).ToDictionary(vm => (string)vm!["name"]!, vm => vm!);

    private static bool IsTold(JsonObject report, string ns)
    {
        var vms = VmsOf(report, ns);
        return vms.Count == 2 && (string?)vms["odd"]["status"] == "error" && (string?)vms["fine"]["status"] == "stopped"
            && ((string?)vms["odd"]["message"])?.StartsWith("the agent cannot read it: ", StringComparison.Ordinal) is true;
    }

    // Another tenant's operations and repairs, and the agent's readiness.
    private static async Task GoesOnAsync(VdcWorld world, string vdc)
    {
        Assert.Null(await world.CreatesVmAsync(vdc, "web", 1, "1Gi"));
        var uid = (string)(await world.GetAsync(vdc, VdcWorld.Policies, "vdc-isolation-policy"))["metadata"]!["uid"]!;
        await world.Admin.DeleteAsync($"{VdcWorld.Collection(vdc, VdcWorld.Policies)}/vdc-isolation-policy");
        await world.WaitForAsync(vdc, VdcWorld.Policies, "vdc-isolation-policy", policy =>
            policy is not null && (string?)policy["metadata"]!["uid"] != uid);
        await world.ReportsVdcAsync(vdc, status => (string?)status["status"] == "Active");
        Assert.Equal(System.Net.HttpStatusCode.OK, (await world.Agent.GetAsync("health/ready")).Status);
    }

    private static async Task<string> IsDeclaredAsync(VdcWorld world)
    {
        var vdc = world.NewVdc();
        await world.CompletesAsync("create_vdc", vdc, Declaration);
        await world.ReportsVdcAsync(vdc, status => (string?)status["status"] == "Active");
        return vdc;
    }

    private static Task<JsonObject> HasVmAsync(VdcWorld world, string ns, string name, string spec)
    {
        var vm = JsonNode.Parse(spec)!.AsObject();
        vm["runStrategy"] = "Halted";
        vm["template"] ??= JsonNode.Parse("""{"spec":{"domain":{"devices":{}}}}""");
        return world.Admin.CreateAsync(TestClusterExtensions.VmsOf(ns), new JsonObject
        {
            ["apiVersion"] = "kubevirt.io/v1",
            ["kind"] = "VirtualMachine",
            ["metadata"] = new JsonObject { ["name"] = name, ["namespace"] = ns },
            ["spec"] = vm,
        });
    }

    private static string Disk(string name, string size) =>
        """{"metadata":{"name":"NAME"},"spec":{"source":{"blank":{}},"storage":{"resources":{"requests":{"storage":"SIZE"}}}}}"""
            .Replace("NAME", name, StringComparison.Ordinal).Replace("SIZE", size, StringComparison.Ordinal);

    private static IEnumerable<string> Warnings(JsonObject vdc) => (vdc["warnings"]?.AsArray() ?? []).Select(warning => (string)warning!);
}
