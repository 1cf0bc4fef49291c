using System.Text.Json.Nodes;
using KubernetesSandbox.Cluster;
using OvimSpokeAgent.EndToEnd.Tests.Harness;

namespace OvimSpokeAgent.EndToEnd.Tests;

/// <summary>What the API server does to the agent, and that the agent is right again afterwards.</summary>
public sealed class ClusterFaultTests : IAsyncLifetime
{
    private static (string, JsonNode)[] SmallVm => [("image_url", "disk"), ("cpu", 1), ("memory", "1Gi")];

    private SandboxTestCluster _cluster = null!;
    private TestEnvironment _environment = null!;

    public async Task InitializeAsync()
    {
        _cluster = await SandboxTestCluster.StartAsync();
        _environment = await TestEnvironment.StartAsync(_cluster, ownsCluster: true);
    }

    public async Task DisposeAsync() => await _environment.DisposeAsync();

    [Fact]
    public async Task Watches_that_are_cut_are_taken_up_again_without_a_new_list()
    {
        var agent = await StartAgentWithVmAsync();
        var listsBefore = Lists(agent);

        Assert.True(_cluster.Api.Faults.CutWatches() > 0);
        await _environment.ChangesVmAsync("web", Halted);

        await _environment.ReportsVmAsync(agent, "web", "stopped");
        Assert.Equal(listsBefore, Lists(agent));
    }

    [Fact]
    public async Task Version_that_the_server_forgot_leads_to_a_new_list()
    {
        var agent = await StartAgentWithVmAsync();
        var listsBefore = Lists(agent);

        _cluster.Api.Faults.Add(new ClusterFault { Kind = ClusterFaultKind.DropBefore, UserAgent = "ovim-spoke-agent", Watch = true });
        _cluster.Api.Faults.CutWatches();
        await _environment.ChangesVmAsync("web", Halted);
        await _cluster.WaitForVmAsync(_environment.Namespace, "web", vm => (string?)vm?["status"]?["printableStatus"] == "Stopped");
        _cluster.Api.Faults.Compact();
        _cluster.Api.Faults.Clear();

        await _environment.ReportsVmAsync(agent, "web", "stopped");
        Assert.True(Lists(agent) > listsBefore);
    }

    [Theory]
    [InlineData(429)]
    [InlineData(500)]
    [InlineData(503)]
    public async Task Errors_of_lists_and_watches_are_outlived(int status)
    {
        _cluster.Api.Faults.Add(new ClusterFault
        {
            Kind = ClusterFaultKind.Status,
            StatusCode = status,
            RetryAfterSeconds = status == 429 ? 1 : null,
            UserAgent = "ovim-spoke-agent",
            Method = "GET",
            Times = 8,
        });

        var agent = await StartAgentWithVmAsync();
        _cluster.Api.Faults.Add(new ClusterFault { Kind = ClusterFaultKind.Status, StatusCode = status, Watch = true, UserAgent = "ovim-spoke-agent", Times = 4 });
        _cluster.Api.Faults.CutWatches();
        await _environment.ChangesVmAsync("web", Halted);

        await _environment.ReportsVmAsync(agent, "web", "stopped");
        await _environment.ReportsAsync(agent, report => (string?)report["status"] == "healthy");
    }

    [Fact]
    public async Task Api_server_that_asks_to_come_back_once_does_not_make_the_agent_unhealthy()
    {
        var agent = await _environment.StartAgentAsync();
        await _environment.ReportsAsync(agent, report => (string?)report["status"] == "healthy");
        var before = await UnhealthyAsync(agent);

        _cluster.Api.Faults.Add(new ClusterFault
        {
            Kind = ClusterFaultKind.Status,
            StatusCode = 429,
            RetryAfterSeconds = 10,
            UserAgent = "ovim-spoke-agent",
            Resource = "secrets",
            Method = "PATCH",
            Times = 1,
        });
        var id = _environment.Queues(agent, "create_vm", "web", SmallVm);
        await _environment.SaysInHealthAsync(agent, "journal", "asks to come back later");

        Assert.Equal("completed", (string?)(await _environment.ResultOfAsync(id))["status"]);
        await _environment.SaysInHealthAsync(agent, "journal", "readable");
        Assert.Equal(before, await UnhealthyAsync(agent));
    }

    [Fact]
    public async Task Answer_that_is_lost_after_a_vm_was_made_still_gives_one_vm_and_one_completed_result()
    {
        var agent = await _environment.StartAgentAsync();
        _cluster.Api.Faults.Add(new ClusterFault { Kind = ClusterFaultKind.DropAfter, Resource = "virtualmachines", Method = "POST", Times = 1 });

        await _environment.CompletesAsync(agent, "create_vm", "web", SmallVm);

        Assert.Single(_environment.Hub.Results);
    }

    [Fact]
    public async Task Agent_takes_nothing_from_the_hub_while_the_cluster_cannot_be_reached()
    {
        var agent = await StartAgentWithVmAsync();
        var down = new ClusterFault { Kind = ClusterFaultKind.DropBefore, UserAgent = "ovim-spoke-agent" };

        _cluster.Api.Faults.Add(down);
        _cluster.Api.Faults.CutWatches();
        await _environment.ReportsAsync(agent, report => (string?)report["status"] == "unavailable");
        var id = _environment.Queues(agent, "stop_vm", "web");
        for (var i = 0; i < 3; i++) await _environment.NextReportAsync(agent);
        Assert.Equal(1, _environment.Hub.Queued(agent.Id));
        _cluster.Api.Faults.Clear();

        Assert.Equal("completed", (string?)(await _environment.ResultOfAsync(id))["status"]);
    }

    [Fact]
    public async Task KubeVirt_that_is_not_there_yet_is_said_and_picked_up_when_it_comes()
    {
        await using var cluster = await SandboxTestCluster.StartAsync(hasKubeVirt: false);
        await using var environment = await TestEnvironment.StartAsync(cluster, ownsCluster: false);
        var agent = await environment.StartAgentAsync();

        // Not the first one, which is as degraded, since the hub has not taken it yet.
        await environment.ReportsAsync(
            agent, report => (string?)report["status"] == "degraded" && report["last_hub_contact"] is not null);
        var health = await agent.HealthAsync();
        Assert.Equal("Degraded", (string?)health["state"]);
        Assert.Contains("virtualmachines.kubevirt.io", health.ToJsonString(), StringComparison.Ordinal);
        Assert.Contains("KubeVirt", await environment.FailsAsync(agent, "create_vm", "web", SmallVm), StringComparison.OrdinalIgnoreCase);
        await cluster.StartKubeVirtAsync();

        await environment.ReportsAsync(agent, report => (string?)report["status"] == "healthy");
        await environment.CompletesAsync(agent, "create_vm", "web", SmallVm);
        await environment.ReportsVmAsync(agent, "web", "running");
    }

    private static JsonObject Halted => new() { ["spec"] = new JsonObject { ["runStrategy"] = "Halted" } };

    private async Task<TestAgent> StartAgentWithVmAsync()
    {
        var agent = await _environment.StartAgentAsync();
        await _environment.CompletesAsync(agent, "create_vm", "web", SmallVm);
        await _environment.ReportsVmAsync(agent, "web", "running");
        return agent;
    }

    private static int Lists(TestAgent agent) => agent.ClusterRequests.All.Count(request =>
        request.Contains("/virtualmachines?", StringComparison.Ordinal) && request.Contains("limit=", StringComparison.Ordinal));

    private static async Task<string> UnhealthyAsync(TestAgent agent) => string.Join(
        '\n', (await agent.GetAsync("metrics")).Text.Split('\n').Where(line => line.Contains("to=\"Unhealthy\"", StringComparison.Ordinal)));
}
