using System.Net;
using System.Text.Json.Nodes;
using KubernetesSandbox.Cluster;
using OvimSpokeAgent.EndToEnd.Tests.Harness;
using OvimSpokeAgent.Sandbox.Hub;

namespace OvimSpokeAgent.EndToEnd.Tests.LocalApi;

/// <summary>What an operator can have the agent do.</summary>
public sealed class LocalActionTests : IAsyncLifetime
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
    public async Task Log_level_changes_for_a_time_and_what_is_wrong_is_named()
    {
        var agent = await _environment.StartAgentAsync();
        using var local = new LocalClient(agent.LocalUrl);

        var (status, said) = await local.PostAsync("log-level", """{"level":"debug","minutes":15}""");

        Assert.Equal(HttpStatusCode.OK, status);
        Assert.StartsWith("the log's level is debug until ", said, StringComparison.Ordinal);
        var level = (await local.GetAsync("debug/state"))["log_level"]!;
        Assert.Equal(("debug", "warn"), ((string?)level["current"], (string?)level["configured"]));
        Assert.InRange(
            DateTimeOffset.Parse((string)level["returns_at"]!, null), TimeProvider.System.GetUtcNow().AddMinutes(10), TimeProvider.System.GetUtcNow().AddMinutes(15));
        Assert.Equal(
            (HttpStatusCode.BadRequest, """level: "loud" is not valid, expected one of debug, info, warn, error"""),
            await local.PostAsync("log-level", """{"level":"loud"}"""));
        Assert.Equal(
            (HttpStatusCode.BadRequest, "levle: is not known here, expected only level, minutes"), await local.PostAsync("log-level", """{"levle":"debug"}"""));
        Assert.Equal((HttpStatusCode.BadRequest, "body: is not JSON, expected a JSON object"), await local.PostAsync("log-level", "level=debug"));
        Assert.Equal((HttpStatusCode.BadRequest, "body: expected a JSON object, got an array of 2 bytes (not shown)"), await local.PostAsync("log-level", "[]"));
        Assert.Equal((HttpStatusCode.BadRequest, "now: is not known here, expected no fields"), await local.PostAsync("heartbeat", """{"now":true}"""));
        Assert.Equal(
            (HttpStatusCode.RequestEntityTooLarge, "body: is too large, expected at most 4096 bytes"), await local.PostAsync("log-level", new string(' ', 10_000)));
        Assert.Equal("debug", (string?)(await local.GetAsync("debug/state"))["log_level"]!["current"]);
    }

    [Fact]
    public async Task Heartbeat_is_sent_at_once()
    {
        var agent = await _environment.StartAgentAsync(("OVIM_HEARTBEAT_INTERVAL", "1h"), ("OVIM_HUB_POLL_INTERVAL", "1h"));
        await _environment.NextReportAsync(agent);
        using var local = new LocalClient(agent.LocalUrl);
        await HoldsAsync(local, "debug/state", state => (string?)state["state"] == "Healthy");
        var reports = _environment.Hub.Reports.Count;

        Assert.Equal((HttpStatusCode.OK, "the hub took a report"), await local.PostAsync("heartbeat"));

        Assert.True(_environment.Hub.Reports.Count > reports);
    }

    [Fact]
    public async Task Hub_that_does_not_take_the_report_is_told_with_its_reason()
    {
        var agent = await _environment.StartAgentAsync(("OVIM_HEARTBEAT_INTERVAL", "1h"));
        await _environment.NextReportAsync(agent);
        using var local = new LocalClient(agent.LocalUrl);
        _environment.Hub.Faults.Add(new HubFault { Kind = HubFaultKind.Status, StatusCode = 422 });

        var (status, said) = await local.PostAsync("heartbeat", "{}");

        Assert.Equal(HttpStatusCode.BadGateway, status);
        Assert.StartsWith("the hub did not take the report: ", said, StringComparison.Ordinal);
        Assert.Contains("422", said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Registration_asks_for_the_hubs_health_first()
    {
        var agent = await _environment.StartAgentAsync(("OVIM_HEARTBEAT_INTERVAL", "1h"));
        await _environment.NextReportAsync(agent);
        using var local = new LocalClient(agent.LocalUrl);
        var asked = await agent.MetricAsync("""ovim_agent_hub_call_duration_seconds_count{endpoint="health"}""");

        Assert.Equal((HttpStatusCode.OK, "registered: the hub is there and took a report"), await local.PostAsync("register"));

        Assert.Equal(asked + 1, await agent.MetricAsync("""ovim_agent_hub_call_duration_seconds_count{endpoint="health"}"""));
    }

    [Fact]
    public async Task Template_cache_is_read_anew_and_the_hub_asked_for_all()
    {
        var agent = await _environment.StartAgentAsync(("OVIM_TEMPLATE_SYNC_INTERVAL", "1h"));
        var template = new JsonObject { ["name"] = "small", ["image_url"] = "quay.io/containerdisks/fedora:latest", ["cpu"] = 1, ["memory"] = "1Gi" };
        await _environment.CompletesAsync(agent, "sync_templates", "unused", ("templates", new JsonArray(template)));
        using var local = new LocalClient(agent.LocalUrl);
        Assert.Equal("small", (string?)(await local.GetAsync("debug/templates"))["templates"]![0]!["name"]);

        var (status, said) = await local.PostAsync("clear-templates");

        Assert.Equal((HttpStatusCode.OK, "1 stored templates were read anew; the hub is asked for all of its"), (status, said));
        Assert.Equal(1, (int)(await local.GetAsync("debug/templates"))["stored"]!);
    }

    [Fact]
    public async Task Permissions_are_asked_for_again_and_an_API_server_that_is_away_is_told()
    {
        var agent = await _environment.StartAgentAsync();
        await _environment.SaysInHealthAsync(agent, "permissions", "all granted");
        using var local = new LocalClient(agent.LocalUrl);
        var before = Reviews(agent);

        Assert.Equal((HttpStatusCode.OK, "all that the agent needs is granted"), await local.PostAsync("check-permissions"));
        Assert.True(Reviews(agent) > before);

        _cluster.Api.Faults.Add(new ClusterFault { Kind = ClusterFaultKind.Status, StatusCode = 500, UserAgent = "ovim-spoke-agent" });
        Assert.Equal(
            (HttpStatusCode.BadGateway, "the API server does not say what the agent may do; what was known before stays"),
            await local.PostAsync("check-permissions"));
    }

    [Fact]
    public async Task Each_action_is_a_line_of_the_audit_log_and_what_is_refused_is_none()
    {
        await using var agent = AgentProcess.Start(_environment.Variables());
        await agent.IsReadyAsync();
        using var local = new LocalClient(agent.LocalUrl);
        await HoldsAsync(local, "debug/hub", hub => (string?)hub["state"] == "registered");

        foreach (var action in (string[])["heartbeat", "register", "check-permissions"]) await local.PostAsync(action);
        await local.PostAsync("log-level", """{"level":"error"}""");
        await local.PostAsync("log-level", """{"level":"loud"}""");
        await local.PostAsync("clear-templates", "", "text/plain");
        await agent.TerminateAsync();

        var lines = agent.Output.Split('\n').Where(line => line.Contains("\"Resource\":\"action\"", StringComparison.Ordinal)).Select(line => JsonNode.Parse(line)!).ToList();
        Assert.Equal(
            ["heartbeat done", "register done", "check-permissions done", "log-level done", "log-level not done"],
            lines.Select(line => $"{line["Object"]} {line["Result"]}"));
        Assert.All(lines, line => Assert.Equal(("ask", "local API"), ((string?)line["Verb"], (string?)line["By"])));
    }

    private static int Reviews(TestAgent agent) =>
        agent.ClusterRequests.All.Count(request => request.Contains("/selfsubjectaccessreviews", StringComparison.Ordinal));

    private static async Task HoldsAsync(LocalClient local, string path, Func<JsonObject, bool> isAsWanted)
    {
        using var patience = new CancellationTokenSource(JsonApi.Patience);
        using var tick = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        while (!isAsWanted(await local.GetAsync(path))) await tick.WaitForNextTickAsync(patience.Token);
    }
}
