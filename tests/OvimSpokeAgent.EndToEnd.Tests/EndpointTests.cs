using System.Net;
using System.Text.Json.Nodes;
using KubernetesSandbox.Cluster;
using OvimSpokeAgent.EndToEnd.Tests.Harness;
using OvimSpokeAgent.Supervision;

namespace OvimSpokeAgent.EndToEnd.Tests;

/// <summary>What the kubelet, the hub, Prometheus and operators ask, and what a report says of the same.</summary>
public sealed class EndpointTests : IAsyncLifetime
{
    private SandboxTestCluster _cluster = null!;
    private TestEnvironment _environment = null!;

    public async Task InitializeAsync()
    {
        _cluster = await SandboxTestCluster.StartAsync();
        _environment = await TestEnvironment.StartAsync(_cluster, ownsCluster: true);
    }

    public async Task DisposeAsync() => await _environment.DisposeAsync();

    [Fact]
    public async Task Healthy_agent_is_live_ready_and_says_what_it_is()
    {
        var agent = await HealthyAgentAsync();

        Assert.Equal((HttpStatusCode.OK, "alive\n"), await agent.GetAsync("health"));
        Assert.Equal((HttpStatusCode.OK, "alive\n"), await agent.GetAsync("health/live"));
        Assert.Equal((HttpStatusCode.OK, "ready\n"), await agent.GetAsync("health/ready"));
        var document = await agent.HealthAsync();
        Assert.Equal(("Healthy", true, agent.Id), ((string?)document["state"], (bool)document["ready"]!, (string?)document["agent_id"]));
        Assert.True((double)document["uptime_seconds"]! > 0);
        Assert.Equal((string?)(await _environment.NextReportAsync(agent))["version"], (string?)document["version"]);
        Assert.Equal(DocumentedComponents().Order(), document["components"]!.AsObject().Select(component => component.Key).Order());
        Assert.All(document["components"]!.AsObject(), component =>
        {
            Assert.Contains((string?)component.Value!["status"], (string[])["Healthy", "Warning"]);
            Assert.False(string.IsNullOrEmpty((string?)component.Value["message"]));
            Assert.True((double)component.Value["duration_ms"]! >= 0);
            Assert.True(DateTimeOffset.TryParse((string?)component.Value["last_check"], out _));
        });
    }

    [Fact]
    public async Task Agent_with_a_loop_that_stands_still_is_not_alive_and_names_it()
    {
        var agent = await HealthyAgentAsync();

        agent.Service<RunningLoops>().Add(new StuckLoop());

        foreach (var path in (string[])["health/live", "health"])
        {
            Assert.Equal(
                (HttpStatusCode.ServiceUnavailable, "not alive\nstuck stands still for 00:05:00, expected less than 5 minutes\n"),
                await agent.GetAsync(path));
        }
    }

    [Fact]
    public async Task Health_asked_for_as_an_operation_is_the_document()
    {
        var agent = await HealthyAgentAsync();

        var health = await _environment.CompletesAsync(agent, "get_health", "unused");

        Assert.Equal(("Healthy", agent.Id), ((string?)health["state"], (string?)health["agent_id"]));
        Assert.NotNull(health["components"]!["caches"]);
    }

    [Fact]
    public async Task Agent_that_does_not_know_the_cluster_yet_is_live_and_not_ready_and_says_why()
    {
        _cluster.Api.Faults.Add(new ClusterFault { Kind = ClusterFaultKind.Status, StatusCode = 500, UserAgent = "ovim-spoke-agent" });

        var agent = await _environment.StartAgentAsync();

        Assert.Equal(HttpStatusCode.OK, (await agent.GetAsync("health/live")).Status);
        var (status, text) = await agent.GetAsync("health/ready");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, status);
        Assert.StartsWith("not ready\n", text, StringComparison.Ordinal);
        Assert.Contains("caches: ", text, StringComparison.Ordinal);
        _cluster.Api.Faults.Clear();
        await BecomesReadyAsync(agent);
    }

    [Fact]
    public async Task Metrics_tell_the_state_the_caches_and_the_work()
    {
        var agent = await HealthyAgentAsync();
        await _environment.CompletesAsync(
            agent, "create_vm", "web", ("image_url", "disk"), ("cpu", 1), ("memory", "1Gi"));
        await _environment.ReportsVmAsync(agent, "web", "running");

        Assert.Equal(1, await agent.MetricAsync("ovim_agent_state{state=\"Healthy\"}"));
        Assert.Equal(0, await agent.MetricAsync("ovim_agent_state{state=\"Degraded\"}"));
        Assert.Equal(1, await agent.MetricAsync("ovim_agent_cache_synced{kind=\"virtualmachines.kubevirt.io\"}"));
        Assert.Equal(1, await agent.MetricAsync("ovim_agent_cache_objects{kind=\"virtualmachines.kubevirt.io\"}"));
        Assert.InRange(await agent.MetricAsync("ovim_agent_cache_last_event_age_seconds{kind=\"namespaces\"}"), 0, 600);
        Assert.Equal(0, await agent.MetricAsync("ovim_agent_operations_backlog"));
        Assert.Equal(0, await agent.MetricAsync("ovim_agent_loop_failures_total{loop=\"heartbeat\"}"));
        var (status, text) = await agent.GetAsync("metrics");
        Assert.Equal(HttpStatusCode.OK, status);
        // Each with a line of help and a type, as Prometheus' text format wants it.
        var names = text.Split('\n').Where(line => line.StartsWith("ovim_agent_", StringComparison.Ordinal))
            .Select(line => line[..line.AsSpan().IndexOfAny('{', ' ')])
            .Select(name => text.Contains($"# TYPE {name} ", StringComparison.Ordinal) ? name : name[..name.LastIndexOf('_')])
            .Distinct().ToList();
        Assert.NotEmpty(names);
        Assert.All(names, name =>
        {
            Assert.Contains($"# HELP {name} ", text, StringComparison.Ordinal);
            Assert.Contains($"# TYPE {name} ", text, StringComparison.Ordinal);
        });
    }

    [Fact]
    public async Task Metrics_can_be_switched_off()
    {
        var agent = await _environment.StartAgentAsync(("OVIM_METRICS_ENABLED", "false"));

        Assert.Equal(HttpStatusCode.NotFound, (await agent.GetAsync("metrics")).Status);
        Assert.Equal(HttpStatusCode.OK, (await agent.GetAsync("health")).Status);
    }

    [Fact]
    public async Task Report_says_who_reports_on_what_and_how_it_is()
    {
        var agent = await HealthyAgentAsync();
        await _environment.CompletesAsync(
            agent, "create_vm", "web", ("image_url", "disk"), ("cpu", 2), ("memory", "1Gi"), ("labels", new JsonObject { ["tier"] = "front" }));
        await _environment.ReportsVmAsync(agent, "web", "running");

        var report = await _environment.NextReportAsync(agent);

        Assert.Equal(
            (agent.Id, "cluster-1", _environment.AgentNamespace, "healthy"),
            ((string?)report["agent_id"], (string?)report["cluster_id"], (string?)report["zone_id"], (string?)report["status"]));
        Assert.Equal(("cluster-1", 1), ((string?)report["metrics"]!["cluster_id"], (int)report["metrics"]!["resources"]!["vm_count"]!));
        Assert.True((DateTimeOffset)report["report_time"]! >= (DateTimeOffset)report["last_hub_contact"]!);
        Assert.Null(report["errors"]);
        Assert.Null(report["callback_url"]);
        var vm = Assert.Single(report["vms"]!.AsArray())!;
        Assert.Equal(
            ("web", _environment.Namespace, "running", "Running", "2", "1Gi", "front"),
            ((string?)vm["name"], (string?)vm["namespace"], (string?)vm["status"], (string?)vm["phase"], (string?)vm["cpu"],
                (string?)vm["memory"], (string?)vm["labels"]!["tier"]));
        Assert.True((DateTimeOffset)vm["created_at"]! <= (DateTimeOffset)vm["updated_at"]!);
    }

    [Fact]
    public async Task Words_of_an_older_hub_are_sent_where_they_are_set()
    {
        var agent = await _environment.StartAgentAsync(("OVIM_HUB_HEALTHY_STATUS", "active"), ("OVIM_HUB_SUCCESS_STATUS", "success"));

        await _environment.ReportsAsync(agent, report => (string?)report["status"] == "active");
        Assert.Equal("success", (string?)(await _environment.RunsAsync(agent, "list_vms", "unused"))["status"]);
    }

    [Fact]
    public async Task Operation_that_cannot_be_answered_is_in_one_reports_errors()
    {
        var agent = await HealthyAgentAsync();

        _environment.Hub.QueueRaw(agent.Id, new JsonObject { ["type"] = "start_vm" });

        var report = await _environment.ReportsAsync(agent, report => report["errors"] is not null);
        Assert.Contains("without a usable id", (string?)Assert.Single(report["errors"]!.AsArray()), StringComparison.Ordinal);
        await _environment.ReportsAsync(agent, report => report["errors"] is null);
    }

    private async Task<TestAgent> HealthyAgentAsync()
    {
        var agent = await _environment.StartAgentAsync();
        await _environment.ReportsAsync(agent, report => (string?)report["status"] == "healthy");
        await BecomesReadyAsync(agent);
        return agent;
    }

    private async Task BecomesReadyAsync(TestAgent agent)
    {
        while ((await agent.GetAsync("health/ready")).Status is not HttpStatusCode.OK) await _environment.NextReportAsync(agent);
    }

    // The rows of the table.
    private static IEnumerable<string> DocumentedComponents() =>
        File.ReadLines(Path.Combine(Manifests.RepositoryRoot(), "docs", "monitoring.md"))
            .SkipWhile(line => !line.StartsWith("| component |", StringComparison.Ordinal)).Skip(2)
            .TakeWhile(line => line.StartsWith('|'))
            .Select(line => line.Split('`')[1]);

    private sealed class StuckLoop : ILoopStatus
    {
        public string Name => "stuck";

        public int Failures => 0;

        public int OwnFailures => 0;

        public TimeSpan StandsStillFor => LoopTurn.Limit;

        public LoopFailure? RecentFailure => null;
    }
}
