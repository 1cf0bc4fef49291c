using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using KubernetesSandbox;
using OvimSpokeAgent.Sandbox.Hub;

namespace OvimSpokeAgent.Sandbox.Tests.Hub;

/// <summary>How each of the hubs brings its own work to an agent.</summary>
public sealed class HubKindTests
{
    private const string Zone = "east";
    private const string Agent = "spoke-agent-east";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly WaitedClock _clock = new();

    [Fact]
    public async Task Todays_hub_pushes_VDC_work_without_credentials_and_leaves_nothing_for_polls()
    {
        await using var hub = await StartAsync(HubKind.Today);
        await using var agent = await FakeAgent.StartAsync(202);
        hub.SetSpoke(Zone, agent.Url);

        hub.CreateVdc("team", Asked());
        var pushed = await agent.PushedAsync().WaitAsync(Patience);

        Assert.Equal(("create_vdc", 4, null), (pushed.Body.Text("type"), pushed.Body.Count, pushed.Authorization));
        Assert.Null(pushed.OperationIdHeader);
        Assert.Matches(@"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$", pushed.Body.Text("timestamp"));
        var payload = pushed.Body["payload"];
        Assert.Equal(("team", "vdc-team", "acme"), (payload.Text("vdc_name"), payload.Text("target_namespace"), payload.Text("organization")));
        Assert.Null(payload.At("custom_network_config"));
        Assert.Equal(HttpStatusCode.NoContent, await PollAsync(hub));

        hub.DeleteVdc("team", vmCount: 3);
        pushed = await agent.PushedAsync().WaitAsync(Patience);
        Assert.Equal("delete_vdc", pushed.Body.Text("type"));
        Assert.Equal((3, false), (pushed.Body.Number("payload", "vm_count"), pushed.Body.Map("payload")!.ContainsKey("cascade")));
        Assert.Empty(hub.Lost);
    }

    [Fact]
    public async Task Todays_hub_tries_again_what_may_pass_and_gives_up_after_the_fourth_time()
    {
        await using var hub = await StartAsync(HubKind.Today);
        await using var agent = await FakeAgent.StartAsync(503);
        hub.SetSpoke(Zone, agent.Url);

        hub.CreateVdc("team", Asked());
        foreach (var seconds in new[] { 1, 2, 4 })
        {
            await agent.PushedAsync().WaitAsync(Patience);
            var wait = await _clock.NextWaitAsync().WaitAsync(Patience);
            Assert.Equal(TimeSpan.FromSeconds(seconds), wait);
            _clock.Advance(wait);
        }
        await agent.PushedAsync().WaitAsync(Patience);

        var lost = Assert.Single(await LostAsync(hub));
        Assert.Contains("503", lost.Why, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.NoContent, await PollAsync(hub));
        Assert.Equal(HubVdcPhase.Creating, Assert.Single(hub.Vdcs).Phase);
    }

    [Theory]
    [InlineData(401)]
    [InlineData(404)]
    [InlineData(400)]
    public async Task Todays_hub_loses_at_once_what_is_refused(int status)
    {
        await using var hub = await StartAsync(HubKind.Today);
        await using var agent = await FakeAgent.StartAsync(status);
        hub.SetSpoke(Zone, agent.Url);

        hub.CreateVdc("team", Asked());

        Assert.Contains($"{status}", Assert.Single(await LostAsync(hub)).Why, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.NoContent, await PollAsync(hub));
    }

    [Fact]
    public async Task The_active_hub_queues_VDC_work_for_who_reports_the_zone()
    {
        await using var hub = await StartAsync(HubKind.Active);
        await ReportAsync(hub, "active");

        hub.CreateVdc("team", Asked());
        hub.DeleteVdc("team");

        var operations = await WaitForQueueAsync(hub, 2);
        Assert.Equal(["create_vdc", "delete_vdc"], operations.Select(operation => operation.Text("type")));
        var create = operations.Single(operation => operation.Text("type") == "create_vdc")["payload"];
        Assert.Equal(
            ("true", "443"),
            (create.Text("custom_network_config", "deny_all_ingress"), create.Text("custom_network_config", "allow_egress_to_ports")));
        var delete = operations.Single(operation => operation.Text("type") == "delete_vdc").Map("payload")!;
        Assert.True(delete.IsTrue("cascade"));
        Assert.False(delete.ContainsKey("vm_count"));
    }

    [Fact]
    public async Task The_active_hub_sends_nothing_to_a_zone_that_is_not_connected()
    {
        await using var hub = await StartAsync(HubKind.Active);
        Assert.Contains("no agent", Refused(hub), StringComparison.Ordinal);
        await ReportAsync(hub, "healthy");
        Assert.Contains("not \"active\"", Refused(hub), StringComparison.Ordinal);
        await ReportAsync(hub, "active");
        _clock.Advance(TimeSpan.FromMinutes(2) + TimeSpan.FromSeconds(1));
        Assert.Contains("not connected", Refused(hub), StringComparison.Ordinal);

        Assert.Empty(hub.Vdcs);
    }

    [Theory]
    [InlineData(202, 0)]
    [InlineData(401, 1)]
    [InlineData(503, 1)]
    public async Task The_active_hub_pushes_to_a_callback_and_queues_what_is_not_taken(int status, int queued)
    {
        await using var hub = await StartAsync(HubKind.Active);
        await using var agent = await FakeAgent.StartAsync(status);
        await ReportAsync(hub, "active", agent.Url);
        await ReportAsync(hub, "active"); // a callback is never forgotten

        var vdc = hub.CreateVdc("team", Asked());
        var pushed = await agent.PushedAsync().WaitAsync(Patience);

        Assert.Equal(vdc.OperationId, pushed.OperationIdHeader);
        Assert.Equal(queued, (await WaitForQueueAsync(hub, queued)).Count);
    }

    [Fact]
    public async Task Its_URL_leads_to_an_index_whose_examples_work()
    {
        await using var hub = await StartAsync(HubKind.Today);
        hub.Faults.Add(new HubFault { Kind = HubFaultKind.Status });
        using var http = new HttpClient();

        var index = JsonNode.Parse(await http.GetStringAsync(hub.Url));

        Assert.Equal("today", index.Text("kind"));
        Assert.Contains("POST /sandbox/operations", index.Map("for_operators")!.Select(pair => pair.Key));
        foreach (var request in index.Map("for_operators")!.Select(pair => pair.Key.Split(' ')))
        {
            if (request[0] != "GET" || request[1].Contains('{', StringComparison.Ordinal)) continue;
            using var answer = await http.GetAsync(new Uri(hub.Url, request[1]));
            Assert.Equal((request[1], HttpStatusCode.OK), (request[1], answer.StatusCode));
        }
        foreach (var example in index.Items("examples").Texts())
        {
            var words = example.Split(' ', 4);
            using var body = words.Length == 4 ? new StringContent(words[3].Trim('\''), Encoding.UTF8, "application/json") : null;
            using var answer = body is null ? await http.GetAsync(new Uri(words[1])) : await http.PostAsync(new Uri(words[1]), body);
            Assert.True(answer.IsSuccessStatusCode, $"{example}: {answer.StatusCode}");
        }
    }

    [Fact]
    public async Task The_hub_shows_what_it_reads_of_a_report_and_how_old_it_is()
    {
        await using var hub = await StartAsync(HubKind.Today);
        await ReportAsync(hub, "healthy");
        using var http = new HttpClient();
        _clock.Advance(TimeSpan.FromMinutes(6));

        var agent = (await http.GetFromJsonAsync<JsonArray>(new Uri(hub.Url, "sandbox/agents")))!.Single();

        Assert.Equal((Agent, "healthy", "1.2.3"), (agent.Text("agent_id"), agent.Text("status"), agent.Text("version")));
        Assert.Equal((2, 1, 1), (agent.Number("vms"), agent.Number("vdcs"), agent.Number("errors")));
        Assert.Equal((false, true), (agent.Flag("connected"), agent.Flag("stale")));
    }

    [Theory]
    [InlineData(HubKind.Today)]
    [InlineData(HubKind.Active)]
    public async Task The_hub_asks_once_a_minute_whether_an_agent_that_it_can_reach_is_alive(HubKind kind)
    {
        await using var hub = await StartAsync(kind);
        await using var agent = await FakeAgent.StartAsync(202);
        hub.SetSpoke(Zone, agent.Url);
        await ReportAsync(hub, "healthy", agent.Url);
        Assert.Null(hub.IsAlive(Agent));

        foreach (var status in new[] { 200, 503 })
        {
            agent.HealthStatus = status;
            _clock.Advance(TimeSpan.FromMinutes(1));
            using var patience = new CancellationTokenSource(Patience);
            await hub.WaitForAsync(_ => hub.IsAlive(Agent) == (status == 200), patience.Token);
        }
    }

    private Task<SandboxHub> StartAsync(HubKind kind) =>
        SandboxHub.StartAsync(new SandboxHubOptions { Kind = kind, TimeProvider = _clock });

    private static JsonObject Asked() => JsonNode.Parse($$$"""
        {"zone_id":"{{{Zone}}}","organization":"acme","target_namespace":"vdc-team","network_policy":"custom",
         "custom_network_config":{"deny_all_ingress":true,"allow_egress_to_ports":[443]}}
        """)!.AsObject();

    private static string Refused(SandboxHub hub) =>
        Assert.Throws<HubRefusedException>(() => hub.CreateVdc("team", Asked())).Message;

    private static async Task ReportAsync(SandboxHub hub, string status, Uri? callback = null)
    {
        var report = JsonNode.Parse($$"""
            {"status":"{{status}}","version":"1.2.3",
             "vms":[{"name":"a"},{"name":"b"}],"vdcs":[{"name":"c"}],"errors":["d"]}
            """)!.AsObject();
        if (callback is not null) report["callback_url"] = callback.ToString();
        await hub.ReportsAsync(Agent, Zone, report);
    }

    private static async Task<HttpStatusCode> PollAsync(SandboxHub hub)
    {
        using var answer = await hub.SendAsync(Agent, Zone, HttpMethod.Get, $"api/v1/spoke/operations?agent_id={Agent}");
        return answer.StatusCode;
    }

    /// <summary>What a poll gets when so much is queued.</summary>
    private static async Task<IReadOnlyList<JsonNode>> WaitForQueueAsync(SandboxHub hub, int count)
    {
        using var patience = new CancellationTokenSource(Patience);
        await hub.WaitForAsync(_ => hub.Queued(Agent) >= count, patience.Token);
        return await hub.PollsAsync(Agent, Zone);
    }

    private static async Task<IReadOnlyList<LostOperation>> LostAsync(SandboxHub hub)
    {
        using var patience = new CancellationTokenSource(Patience);
        await hub.WaitForAsync(_ => hub.Lost.Count > 0, patience.Token);
        return hub.Lost;
    }
}
