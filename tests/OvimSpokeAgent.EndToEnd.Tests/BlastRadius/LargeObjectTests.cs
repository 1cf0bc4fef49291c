using System.Globalization;
using System.Text.Json.Nodes;
using OvimSpokeAgent.EndToEnd.Tests.Harness;

namespace OvimSpokeAgent.EndToEnd.Tests.BlastRadius;

/// <summary>Objects as large as the API server takes them, against the agent with the memory that it is deployed with.</summary>
public sealed class LargeObjectTests
{
    // What .NET takes of the container's 512Mi: 384 MiB.
    private const string HeapLimit = "18000000";

    // With the fields' managers 1.3 MiB each: the server's database takes 1.5.
    private const int Vms = 60;
    private const int Changed = 10;
    private const int Services = 200;
    private const int Labels = 3_000;

    private static readonly string Prefix = $"{new string('p', 60)}.{new string('q', 60)}.{new string('r', 45)}.example/";

    [Fact]
    public async Task Thousands_of_long_labels_on_many_vms_fit_into_the_memory_of_the_pod()
    {
        await using var environment = await TestEnvironment.StartAsync(await SandboxTestCluster.StartAsync(hasController: false), ownsCluster: true);
        var labels = LargeLabels();
        for (var i = 0; i < Vms; i++)
            await environment.Cluster.Admin.CreateAsync(TestClusterExtensions.VmsOf(environment.Namespace), Vm(environment.Namespace, i, labels));

        var variables = environment.Variables();
        variables["DOTNET_GCHeapHardLimit"] = HeapLimit;
        await using var agent = AgentProcess.Start(variables);
        await agent.IsReadyAsync();
        var id = $"spoke-agent-{environment.AgentNamespace}";
        var report = await environment.ReportsAsync(id, report => report["vms"]!.AsArray().Count == Vms);

        Assert.All(report["vms"]!.AsArray(), vm =>
        {
            Assert.True((bool?)vm!["labels_truncated"]);
            Assert.Equal(17, vm["labels"]!.AsObject().Count); // 16 of 245 bytes are within 4 KiB; and the agent's own
            Assert.Equal("ovim-spoke-agent", (string?)vm["labels"]!["app.kubernetes.io/managed-by"]);
        });
        // They come by the watch, too.
        for (var i = 0; i < Changed; i++)
        {
            await environment.Cluster.Admin.MergeAsync(
                $"{TestClusterExtensions.VmsOf(environment.Namespace)}/vm-{i}",
                new JsonObject { ["metadata"] = new JsonObject { ["labels"] = new JsonObject { ["a-first"] = "changed" } } });
        }
        await environment.ReportsAsync(id, report => report["vms"]!.AsArray().Count(vm => (string?)vm!["labels"]!["a-first"] == "changed") == Changed);
        Assert.Equal(0, await agent.TerminateAsync());
    }

    // As DNS has it, so that the agent looks at them: an address, and DNS's port.
    [Fact]
    public async Task Long_selectors_of_services_fit_into_the_memory_of_the_pod()
    {
        await using var environment = await TestEnvironment.StartAsync(await SandboxTestCluster.StartAsync(hasController: false), ownsCluster: true);
        var selector = LargeLabels();
        for (var i = 0; i < Services; i++)
            await environment.Cluster.Admin.CreateAsync($"api/v1/namespaces/{environment.Namespace}/services", Service(environment.Namespace, i, selector));

        var variables = environment.Variables();
        variables["DOTNET_GCHeapHardLimit"] = HeapLimit;
        await using var agent = AgentProcess.Start(variables);
        await agent.IsReadyAsync();
        Assert.Contains($"ovim_agent_cache_objects{{kind=\"services\"}} {Services}", await agent.GetAsync("metrics"), StringComparison.Ordinal);
        // They come by the watch, too.
        for (var i = 0; i < Changed; i++)
        {
            await environment.Cluster.Admin.MergeAsync(
                $"api/v1/namespaces/{environment.Namespace}/services/dns-{i}",
                new JsonObject { ["spec"] = new JsonObject { ["selector"] = new JsonObject { ["a-first"] = "changed" } } });
        }
        Assert.Equal(0, await agent.TerminateAsync());
    }

    private static JsonObject Service(string ns, int number, JsonObject selector) => new()
    {
        ["apiVersion"] = "v1",
        ["kind"] = "Service",
        ["metadata"] = new JsonObject { ["name"] = $"dns-{number}", ["namespace"] = ns },
        ["spec"] = new JsonObject
        {
            ["clusterIP"] = $"10.96.1.{number}",
            ["clusterIPs"] = new JsonArray($"10.96.1.{number}"),
            ["selector"] = selector.DeepClone(),
            ["ports"] = JsonNode.Parse("""[{"name":"dns","port":53,"protocol":"UDP","targetPort":53}]"""),
        },
    };

    private static JsonObject LargeLabels()
    {
        var labels = new JsonObject { ["app.kubernetes.io/managed-by"] = "ovim-spoke-agent" };
        for (var i = 0; i < Labels; i++) labels[string.Create(CultureInfo.InvariantCulture, $"{Prefix}k{i:d5}")] = new string('v', 63);
        return labels;
    }

    private static JsonObject Vm(string ns, int number, JsonObject labels) => new()
    {
        ["apiVersion"] = "kubevirt.io/v1",
        ["kind"] = "VirtualMachine",
        ["metadata"] = new JsonObject { ["name"] = $"vm-{number}", ["namespace"] = ns, ["labels"] = labels.DeepClone() },
        ["spec"] = JsonNode.Parse("""{"runStrategy":"Halted","template":{"spec":{"domain":{"devices":{}}}}}"""),
    };
}
