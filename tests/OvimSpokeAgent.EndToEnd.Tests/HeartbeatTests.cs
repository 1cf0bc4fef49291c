using System.Net;
using System.Text.Json.Nodes;
using OvimSpokeAgent.EndToEnd.Tests.Harness;
using OvimSpokeAgent.Sandbox.Hub;

namespace OvimSpokeAgent.EndToEnd.Tests;

/// <summary>Registration and reports.</summary>
[Collection(ClustersCollection.Name)]
public sealed class HeartbeatTests(Clusters clusters)
{
    private const int ManyVms = 1000;

    [Theory, OnSandbox, OnRealApiServer]
    public async Task Agent_without_a_hub_is_live_says_it_is_connecting_and_registers_when_the_hub_comes(ClusterKind kind)
    {
        await using var environment = await clusters.OnAsync(kind);
        var hub = await SandboxHub.StartAsync();
        var (url, port) = (hub.Url, hub.Url.Port);
        await hub.DisposeAsync();

        var agent = await environment.StartAgentAsync(("OVIM_HUB_ENDPOINT", url.ToString()));

        Assert.Equal(HttpStatusCode.OK, (await agent.GetAsync("health/live")).Status);
        Assert.Equal("Connecting", (string?)(await agent.HealthAsync())["state"]);
        await using var late = await SandboxHub.StartAsync(new SandboxHubOptions { Port = port });
        using var limit = new CancellationTokenSource(JsonApi.Patience);
        await late.ReportAsync(report => report.AgentId == agent.Id, limit.Token);
    }

    [Theory, OnSandbox, OnRealApiServer]
    public async Task Ten_heartbeats_of_a_thousand_vms_ask_the_api_server_for_nothing(ClusterKind kind)
    {
        await using var environment = await clusters.OnAsync(kind);
        await Parallel.ForEachAsync(Enumerable.Range(0, ManyVms), async (i, _) =>
            await environment.Cluster.Admin.CreateAsync(TestClusterExtensions.VmsOf(environment.Namespace), HaltedVm($"vm-{i}")));
        var agent = await environment.StartAgentAsync(("OVIM_HEARTBEAT_INTERVAL", "200ms"));
        await environment.ReportsAsync(
            agent, report => report["vms"]!.AsArray().Count(vm => (string?)vm!["status"] == "stopped") == ManyVms);
        await environment.ReportsAsync(agent, report => (string?)report["status"] == "healthy");
        await environment.SaysInHealthAsync(agent, "permissions", "all granted");

        var requestsBefore = RequestsOf(agent).Count;
        for (var i = 0; i < 10; i++) await environment.NextReportAsync(agent);

        Assert.Equal([], RequestsOf(agent).Skip(requestsBefore));
    }

    // The Lease is renewed whether the agent reports or not.
    private static List<string> RequestsOf(TestAgent agent) =>
        [.. agent.ClusterRequests.All.Where(request => !request.Contains("/leases/", StringComparison.Ordinal))];

    private static JsonObject HaltedVm(string name) => new()
    {
        ["apiVersion"] = "kubevirt.io/v1",
        ["kind"] = "VirtualMachine",
        ["metadata"] = new JsonObject { ["name"] = name },
        ["spec"] = new JsonObject
        {
            ["runStrategy"] = "Halted",
            ["template"] = new JsonObject { ["spec"] = new JsonObject { ["domain"] = new JsonObject { ["devices"] = new JsonObject() } } },
        },
    };
}
