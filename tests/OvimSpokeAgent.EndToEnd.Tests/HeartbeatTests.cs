using System.Net;
using System.Text.Json.Nodes;
using KubernetesSandbox.Cluster;
using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.EndToEnd.Tests.Harness;
using OvimSpokeAgent.Sandbox.Hub;
using Xunit.Abstractions;

namespace OvimSpokeAgent.EndToEnd.Tests;

/// <summary>Registration and reports.</summary>
[Collection(AloneCollection.Name)]
public sealed class HeartbeatTests(Clusters clusters, ITestOutputHelper output) : IClassFixture<Clusters>
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
            agent, report => report["vms"]!.AsArray().Count(vm =>
                (string?)vm!["namespace"] == environment.Namespace && (string?)vm["status"] == "stopped") == ManyVms);
        await environment.ReportsAsync(agent, report => (string?)report["status"] == "healthy");
        await environment.SaysInHealthAsync(agent, "permissions", "all granted");
        var absent = await AbsentKindsAsync(agent);

        var requestsBefore = RequestsOf(agent).Count;
        for (var i = 0; i < 10; i++) await environment.NextReportAsync(agent);

        Assert.Equal([], RequestsOf(agent).Skip(requestsBefore).Where(request => !LooksForAnyOf(absent, request)));
    }

    [Fact]
    public async Task Heartbeats_are_in_time_while_nine_hundred_vms_are_made()
    {
        const int Vms = 900;
        var late = TimeSpan.FromSeconds(5); // for an interval of half a second, on a slow machine
        await using var world = await ProcessWorld.StartAsync(("OVIM_HEARTBEAT_INTERVAL", "500ms"));
        // Slots are taken all the time: a report that waited for one would come late.
        ((SandboxTestCluster)world.Environment.Cluster).Api.Faults.Add(
            new ClusterFault { Kind = ClusterFaultKind.Delay, DelayMs = 100, Method = "POST", Resource = "virtualmachines" });

        var started = DateTimeOffset.UtcNow;
        for (var i = 0; i < Vms; i++) world.Hub.Queue(world.AgentId, "create_vm", StoppedVm(world.Environment.Namespace, i), $"op-{i}");
        await world.ResultsAsync(results => results.Count >= Vms);
        var ended = DateTimeOffset.UtcNow;
        await world.ReportsAsync(report => report.ReceivedAt > ended);

        Assert.All(world.Hub.Results, result => Assert.Equal("completed", (string?)result.Json["status"]));
        Assert.True(ended - started > late, "made too quickly to tell");
        var times = world.Hub.Reports.Select(report => report.ReceivedAt).Where(at => at > started).Prepend(started).ToList();
        var longest = times.Zip(times.Skip(1), (before, after) => after - before).Max();
        output.WriteLine($"{Vms} VMs in {(ended - started).TotalSeconds:0.0} s, the longest time between two reports: {longest.TotalSeconds:0.00} s");
        Assert.InRange(longest, TimeSpan.Zero, late);
    }

    // Kinds that the server lacks, once every cache knows what there is; they are looked for whether the agent reports or not.
    private static async Task<List<ResourceKind>> AbsentKindsAsync(TestAgent agent)
    {
        using var limit = new CancellationTokenSource(JsonApi.Patience);
        List<IWatchCacheStatus> caches = [.. agent.Service<IEnumerable<IWatchCacheStatus>>()];
        foreach (var cache in caches) await cache.WaitForVerdictAsync(limit.Token);
        return [.. caches.Where(cache => cache.Status.LacksKind).Select(cache => cache.Kind)];
    }

    private static bool LooksForAnyOf(List<ResourceKind> kinds, string request) => kinds.Exists(kind =>
        request == $"GET /{kind.DiscoveryPath}" || request.StartsWith($"GET /{kind.CollectionPath()}?", StringComparison.Ordinal));

    private static JsonObject StoppedVm(string ns, int i) => new()
    {
        ["name"] = $"vm-{i}",
        ["namespace"] = ns,
        ["image_url"] = "disk",
        ["cpu"] = 1,
        ["memory"] = "1Gi",
        ["run"] = false,
    };

    // The Lease is renewed, and what nodes use is measured, whether the agent reports or not.
    private static List<string> RequestsOf(TestAgent agent) =>
    [
        .. agent.ClusterRequests.All.Where(request =>
            !request.Contains("/leases/", StringComparison.Ordinal) && !request.Contains("/metrics.k8s.io/", StringComparison.Ordinal)),
    ];

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
