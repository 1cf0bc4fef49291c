using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using KubernetesSandbox;
using OvimSpokeAgent.Sandbox.Hub;

namespace OvimSpokeAgent.Sandbox.Tests.Hub;

/// <summary>What the hub's URL is in a browser, and the document behind it. That the page shows it, the end-to-end tests try in a browser.</summary>
public sealed partial class HubPageTests : IAsyncLifetime, IDisposable
{
    private const string Agent = "spoke-agent-east";
    private const string Zone = "east";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly HttpClient _http = new();
    private readonly WaitedClock _clock = new();
    private SandboxHub _hub = null!;

    public async Task InitializeAsync() => _hub = await SandboxHub.StartAsync(new SandboxHubOptions { TimeProvider = _clock });

    public async Task DisposeAsync() => await _hub.DisposeAsync();

    public void Dispose() => _http.Dispose();

    [Theory]
    [InlineData("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "text/html")]
    [InlineData("*/*", "application/json")]
    [InlineData("application/json", "application/json")]
    [InlineData(null, "application/json")]
    public async Task A_browser_gets_the_page_and_everyone_else_the_index(string? accept, string contentType)
    {
        using var answer = await GetAsync("", ("Accept", accept));

        Assert.Equal((HttpStatusCode.OK, contentType), (answer.StatusCode, answer.Content.Headers.ContentType!.MediaType));
        Assert.Contains("Accept", answer.Headers.Vary);
    }

    [Fact]
    public async Task The_page_and_all_that_it_loads_are_the_hubs_own_and_may_load_nothing_else()
    {
        using var page = await GetAsync("", ("Accept", "text/html"));
        var html = await page.Content.ReadAsStringAsync();
        var files = ReferenceRegex().Matches(html).Select(match => match.Groups["url"].Value).ToList();
        var modules = files.Where(file => file.EndsWith(".js", StringComparison.Ordinal)).ToList();
        foreach (var module in modules)
        {
            var imports = ImportRegex().Matches(await _http.GetStringAsync(new Uri(_hub.Url, module)));
            files.AddRange(imports.Select(import => $"sandbox/page/{import.Groups["url"].Value}"));
        }

        Assert.Contains("default-src 'none'", Header(page, "Content-Security-Policy"), StringComparison.Ordinal);
        Assert.DoesNotContain("unsafe", Header(page, "Content-Security-Policy"), StringComparison.Ordinal);
        Assert.InRange(files.Count, 4, 20);
        foreach (var file in files)
        {
            Assert.DoesNotContain(":", file, StringComparison.Ordinal);
            using var answer = await GetAsync(file);
            Assert.Equal((file, HttpStatusCode.OK, "nosniff"), (file, answer.StatusCode, Header(answer, "X-Content-Type-Options")));
        }
        Assert.DoesNotMatch(@"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=", html);
    }

    [Fact]
    public async Task Agents_are_there_with_their_VMs_VDCs_and_errors_and_the_age_of_their_report()
    {
        await _hub.ReportsAsync(Agent, Zone, Object("""
            {"status":"degraded","version":"1.2.3","errors":["disk is full"],
             "vms":[{"name":"web","namespace":"a","status":"running","phase":"Running","cpu":"2","memory":"1Gi","ip_address":"10.0.0.1","labels":{"x":"y"}}],
             "vdcs":[{"name":"team","namespace":"vdc-team","status":"Active","resource_usage":{"cpu_used":500,"cpu_capacity":4000}}]}
            """));
        _clock.Advance(TimeSpan.FromMinutes(3));

        var agent = Assert.Single((await StateAsync()).Objects("agents"));

        Assert.Equal((Agent, Zone, "degraded", "1.2.3"), (agent.Text("agent_id"), agent.Text("zone_id"), agent.Text("status"), agent.Text("version")));
        Assert.Equal((180, false), (agent.Number("seconds_ago"), agent.Flag("connected")));
        Assert.Equal("disk is full", Assert.Single(agent.Items("errors").Texts()));
        var vm = Assert.Single(agent.Objects("vms"));
        Assert.Equal(("web", "a", "running", "10.0.0.1", null), (vm.Text("name"), vm.Text("namespace"), vm.Text("status"), vm.Text("ip_address"), vm["labels"]));
        var vdc = Assert.Single(agent.Objects("vdcs"));
        Assert.Equal(("vdc-team", "Active", 500, 4000), (vdc.Text("namespace"), vdc.Text("status"), vdc.Number("cpu_used"), vdc.Number("cpu_capacity")));
    }

    [Fact]
    public async Task Of_what_is_too_much_there_is_a_part_and_the_number()
    {
        var report = Object("""{"status":"healthy"}""");
        report["vms"] = new JsonArray([.. Enumerable.Range(0, 5000).Select(i => new JsonObject { ["name"] = $"vm-{i}", ["namespace"] = "a" })]);
        report["errors"] = new JsonArray([.. Enumerable.Range(0, 300).Select(i => (JsonNode?)new string('x', 9000))]);
        await _hub.ReportsAsync(Agent, Zone, report);
        for (var i = 0; i < HubSnapshot.AgentsShown; i++) await _hub.ReportsAsync($"z-{i}", Zone, Object("{}"));
        for (var i = 0; i < OperationLog.Limit + 5; i++) _hub.Queue(Agent, "list_vms", [], $"op-{i}");

        var state = await StateAsync();

        Assert.Equal((HubSnapshot.AgentsShown + 1, HubSnapshot.AgentsShown), (state.Number("agent_count"), state.Items("agents")!.Count));
        var agent = state.Objects("agents").First();
        Assert.Equal((5000, HubSnapshot.ObjectsShown), (agent.Number("vm_count"), agent.Items("vms")!.Count));
        Assert.Equal((300, HubSnapshot.ErrorsShown), (agent.Number("error_count"), agent.Items("errors")!.Count));
        Assert.All(agent.Items("errors").Texts(), error => Assert.InRange(error.Length, 1, HubSnapshot.TextShown + 1));
        Assert.Equal((OperationLog.Limit + 5, OperationLog.Limit), (state.Number("operation_count"), state.Items("operations")!.Count));
        Assert.Equal($"op-{OperationLog.Limit + 4}", state.Objects("operations").First().Text("id"));
    }

    [Fact]
    public async Task An_operation_is_followed_from_the_queue_to_its_last_result()
    {
        _hub.Queue(Agent, "create_vm", Object("""{"name":"web","namespace":"a","cloud_init":"password: secret"}"""), "op-1");
        var queued = await OperationAsync("op-1");
        Assert.Equal(("queued", "create_vm", "a/web", Agent), (queued.Text("stage"), queued.Text("type"), queued.Text("subject"), queued.Text("for")));

        await _hub.PollsAsync(Agent, Zone);
        var sent = await OperationAsync("op-1");
        Assert.Equal(("sent", false), (sent.Text("stage"), sent.Flag("pushed")));

        await _hub.AnswersAsync(Agent, Zone, "op-1", """{"status":"failed","error":"no room","duration":1500000}""");
        var failed = await OperationAsync("op-1");
        Assert.Equal(("answered", "failed", "no room", 1.5), (failed.Text("stage"), failed.Text("outcome"), failed.Text("message"), (double?)failed["duration_ms"]));

        await _hub.AnswersAsync(Agent, Zone, "op-1", """{"status":"completed","result":{"status":"pending","warnings":["mind the gap"]}}""");
        var completed = await OperationAsync("op-1");
        Assert.Equal(("completed", "pending; mind the gap", 2), (completed.Text("outcome"), completed.Text("message"), completed.Number("results")));
        Assert.DoesNotContain("secret", (await StateAsync()).ToJsonString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_operation_with_half_a_character_in_its_texts_is_queued_as_any_other()
    {
        _hub.Queue(Agent, "start_vm", Object("""{"name":"\ud800","namespace":"a"}"""), "op-1");

        Assert.Equal("a/(not readable: half a character)", (await OperationAsync("op-1")).Text("subject"));
    }

    [Fact]
    public async Task Of_operations_with_one_id_it_is_said_that_their_results_cannot_be_told_apart()
    {
        _hub.Queue(Agent, "start_vm", Object("""{"name":"a"}"""), "op-1");
        _hub.Queue(Agent, "stop_vm", Object("""{"name":"b"}"""), "op-1");
        _hub.Queue(Agent, "list_vms", [], "op-2");
        await _hub.PollsAsync(Agent, Zone);

        await _hub.AnswersAsync(Agent, Zone, "op-1", """{"status":"completed"}""");

        var operations = (await StateAsync()).Objects("operations").ToList();
        Assert.Equal([0, 1, 1], operations.Select(operation => operation.Number("sharing")));
        Assert.Equal(["sent", "sent", "answered"], operations.Select(operation => operation.Text("stage")));
    }

    [Fact]
    public async Task A_result_that_nobody_asked_for_is_shown_and_one_that_cannot_be_read_costs_only_its_message()
    {
        await _hub.AnswersAsync(Agent, Zone, "op-9", """{"status":"completed","result":{"a":1,"a":2}}""");
        await _hub.AnswersAsync(Agent, Zone, "op-8", """{"status":"completed","result":{"message":"\ud800"}}""");
        using var report = await _hub.SendAsync(
            Agent, Zone, HttpMethod.Post, "api/v1/spoke/status",
            $$"""{"agent_id":"{{Agent}}","cluster_id":"{{Zone}}","zone_id":"{{Zone}}","vms":[{"name":"web","message":"\udc00"},{"name":"db"}]}""");
        Assert.Equal(HttpStatusCode.OK, report.StatusCode);

        var state = await StateAsync();

        Assert.Contains("twice", (await OperationAsync("op-9")).Text("message"), StringComparison.Ordinal);
        Assert.Contains("not readable", (await OperationAsync("op-8")).Text("message"), StringComparison.Ordinal);
        Assert.Equal(["web", "db"], state.Objects("agents").Single().Objects("vms").Select(vm => vm.Text("name")));
    }

    [Theory]
    [InlineData(202, "sent")]
    [InlineData(401, "lost")]
    public async Task What_todays_hub_pushes_is_sent_or_lost(int status, string stage)
    {
        await using var agent = await FakeAgent.StartAsync(status);
        _hub.SetSpoke(Zone, agent.Url);

        var vdc = _hub.CreateVdc("team", Object($$"""{"zone_id":"{{Zone}}"}"""));

        var operation = await BecomesAsync(_hub, vdc.OperationId, stage);
        Assert.Equal(($"zone {Zone}", "create_vdc"), (operation.Text("for"), operation.Text("type")));
        Assert.Equal(status == 401, operation.Text("message")?.Contains("401", StringComparison.Ordinal) is true);
    }

    [Theory]
    [InlineData(202, "sent")]
    [InlineData(503, "queued")]
    public async Task What_the_active_hub_pushes_is_sent_or_queued(int status, string stage)
    {
        await using var hub = await SandboxHub.StartAsync(new SandboxHubOptions { Kind = HubKind.Active });
        await using var agent = await FakeAgent.StartAsync(status);
        await hub.ReportsAsync(Agent, Zone, Object($$"""{"status":"active","callback_url":"{{agent.Url}}"}"""));

        using var answer = await _http.PostAsJsonAsync(
            new Uri(hub.Url, "sandbox/operations"), Object($$"""{"agent_id":"{{Agent}}","type":"list_vms","id":"op-1"}"""));

        Assert.Equal(HttpStatusCode.Accepted, answer.StatusCode);
        await BecomesAsync(hub, "op-1", stage);
    }

    [Theory]
    [InlineData("Origin", "http://evil.example")]
    [InlineData("Origin", "null")]
    [InlineData("Origin", "https://127.0.0.1")]
    [InlineData("Host", "evil.example")]
    [InlineData("Host", "localhost.evil.example")]
    public async Task Another_page_in_the_operators_browser_gets_and_does_nothing(string header, string value)
    {
        foreach (var path in (string[])["sandbox/operations", "SANDBOX/operations", "sandbox/restart", "sandbox/faults"])
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(_hub.Url, path)) { Content = JsonContent.Create(Object($$"""{"agent_id":"{{Agent}}","type":"delete_vm","kind":"Status"}""")) };
            request.Headers.TryAddWithoutValidation(header, value);
            using var answer = await _http.SendAsync(request);
            Assert.Equal((path, HttpStatusCode.Forbidden), (path, answer.StatusCode));
            Assert.Contains(value, JsonNode.Parse(await answer.Content.ReadAsStringAsync()).Text("error"), StringComparison.Ordinal);
        }
        foreach (var path in (string[])["", "sandbox/state", "sandbox/page/hub.js"])
        {
            using var answer = await GetAsync(path, (header, value));
            Assert.Equal((path, HttpStatusCode.Forbidden), (path, answer.StatusCode));
        }

        Assert.Equal(0, _hub.Queued(Agent));
        Assert.Empty(_hub.Faults.Current());
    }

    [Theory]
    [InlineData(null, null)]
    [InlineData("localhost", null)]
    [InlineData("[::1]:8090", "http://[::1]:8090")]
    [InlineData("localhost:1234", "http://localhost:1234")]
    public async Task The_hubs_own_page_and_tools_may_queue(string? host, string? origin)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(_hub.Url, "sandbox/operations")) { Content = JsonContent.Create(Object($$"""{"agent_id":"{{Agent}}","type":"list_vms"}""")) };
        request.Headers.Host = host;
        if (origin is not null) request.Headers.Add("Origin", origin);

        using var answer = await _http.SendAsync(request);

        Assert.Equal((HttpStatusCode.Accepted, 1), (answer.StatusCode, _hub.Queued(Agent)));
    }

    private static JsonObject Object(string json) => JsonNode.Parse(json)!.AsObject();

    private static string Header(HttpResponseMessage answer, string name) =>
        answer.Headers.TryGetValues(name, out var values) ? string.Join(", ", values) : "";

    private async Task<HttpResponseMessage> GetAsync(string path, params (string Name, string? Value)[] headers)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(_hub.Url, path));
        foreach (var (name, value) in headers) request.Headers.TryAddWithoutValidation(name, value);
        return await _http.SendAsync(request);
    }

    private Task<JsonObject> StateAsync() => StateAsync(_hub);

    private async Task<JsonObject> StateAsync(SandboxHub hub) => (await _http.GetFromJsonAsync<JsonObject>(new Uri(hub.Url, "sandbox/state")))!;

    private async Task<JsonObject> OperationAsync(string id) => (await StateAsync()).Objects("operations").Single(operation => operation.Text("id") == id);

    /// <summary>Waits until an operation is so far.</summary>
    private async Task<JsonObject> BecomesAsync(SandboxHub hub, string id, string stage)
    {
        using var patience = new CancellationTokenSource(Patience);
        using var looks = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        while (true)
        {
            var operation = (await StateAsync(hub)).Objects("operations").SingleOrDefault(operation => operation.Text("id") == id);
            if (operation.Text("stage") == stage) return operation!;
            await looks.WaitForNextTickAsync(patience.Token);
        }
    }

    [GeneratedRegex(@"<(?:script|link|img)\b[^>]*?\b(?:src|href)=""(?<url>[^""]+)""")]
    private static partial Regex ReferenceRegex();

    [GeneratedRegex(@"\bfrom '\./(?<url>[^']+)'")]
    private static partial Regex ImportRegex();
}
