using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Time.Testing;
using OvimSpokeAgent.EndToEnd.Tests.Harness;
using OvimSpokeAgent.Operations;
using OvimSpokeAgent.Sandbox.Hub;

namespace OvimSpokeAgent.EndToEnd.Tests.Pages;

/// <summary>The sandbox hub's page in a real browser.</summary>
[Collection(BrowserCollection.Name)]
public sealed class HubPageTests : PageTests
{
    private readonly FakeTimeProvider _hubsClock;

    public HubPageTests()
        : this(new FakeTimeProvider(DateTimeOffset.UtcNow))
    {
    }

    private HubPageTests(FakeTimeProvider hubsClock)
        : base(new SandboxHubOptions { TimeProvider = hubsClock }) => _hubsClock = hubsClock;

    private SandboxHub Hub => Environment.Hub;

    private protected override Task<Uri> StartAsync() => Task.FromResult(Hub.Url);

    [InBrowserTheory]
    [InlineData(360, "light")]
    [InlineData(1280, "dark")]
    public async Task An_agent_registers_and_a_VM_goes_from_queued_to_running_before_ones_eyes(int width, string scheme)
    {
        await Page.HasLookAsync(width, scheme);
        await Page.SaysAsync("#no-agents", "No agent");
        var agent = await Environment.StartAgentAsync();
        await Page.ShowsAsync($"[data-agent='{agent.Id}'][data-state='connected']");

        Hub.Faults.Add(new HubFault { Kind = HubFaultKind.Status, StatusCode = 503, Method = "GET", Path = "/operations" });
        await Page.WritesAsync("#payload", $$"""{"name":"web","namespace":"{{Environment.Namespace}}","image_url":"img","cpu":2,"memory":"1Gi"}""");
        await Page.ClicksAsync("#queue [type=submit]");
        await Page.SaysAsync("#answer", "The hub has taken create_vm as op-");
        await Page.ShowsAsync("#operations [data-stage='queued']");
        Hub.Faults.Clear();

        await Page.ShowsAsync("#operations [data-stage='answered'][data-outcome='completed']");
        await Page.SaysAsync("#operations tbody", $"create_vm {Environment.Namespace}/web");
        await Page.BecomesAsync("() => document.getElementById('announcements').textContent.includes('completed')");
        var vm = $"[data-vm='{Environment.Namespace}/web']";
        await Page.ShowsAsync($"{vm}[data-status='pending']");
        await Cluster.StartKubeVirtAsync();
        await Page.ShowsAsync($"{vm}[data-status='running']");

        await Page.IsReadableByAllAsync();
        Page.IsClean();
    }

    [InBrowserFact]
    public async Task An_agent_that_ends_or_falls_silent_is_away_until_it_reports_again()
    {
        var agent = await Environment.StartAgentAsync();
        var row = $"[data-agent='{agent.Id}']";
        await Page.ShowsAsync($"{row}[data-state='connected']");

        await agent.StopAsync();
        await Page.ShowsAsync($"{row}[data-state='away']");
        await Page.SaysAsync(row, "unavailable");
        await Environment.StartAgentAsync();
        await Page.ShowsAsync($"{row}[data-state='connected']");

        Hub.Faults.Add(new HubFault { Kind = HubFaultKind.DropBefore });
        _hubsClock.Advance(TimeSpan.FromMinutes(2) + TimeSpan.FromSeconds(1));
        await Page.ShowsAsync($"{row}[data-state='away']");
        await Page.SaysAsync(row, "no report for 2 min");
        await Page.IsReadableByAllAsync();
        Hub.Faults.Clear();
        await Page.ShowsAsync($"{row}[data-state='connected']");

        Page.IsClean();
    }

    [InBrowserFact]
    public async Task The_page_says_that_the_hub_is_away_and_goes_on_when_it_is_back()
    {
        var hub = await SandboxHub.StartAsync();
        var port = hub.Url.Port;
        await using var browser = await Browser.OpenAsync(hub.Url);
        var page = browser.Page;
        await page.ShowsAsync("#hub-state[data-state='answers']");
        page.ServerWasAway = true;

        await hub.DisposeAsync();
        await page.ShowsAsync("#hub-state[data-state='away']");
        await page.SaysAsync("#hub-state", "does not answer since");
        await page.IsReadableByAllAsync();
        await using var next = await SandboxHub.StartAsync(new SandboxHubOptions { Port = port, Kind = HubKind.Active });
        next.Queue("spoke-agent-a", "list_vms", []);

        await page.ShowsAsync("#hub-state[data-state='answers']");
        await page.ShowsAsync("#operations [data-stage='queued']");
        await page.SaysAsync("#hub-kind", "active");
        page.IsClean();
    }

    [InBrowserFact]
    public async Task Whatever_names_and_messages_hold_is_shown_as_text()
    {
        var report = new JsonObject
        {
            ["agent_id"] = Hostile,
            ["cluster_id"] = Hostile,
            ["zone_id"] = Hostile,
            ["status"] = Hostile,
            ["version"] = Hostile,
            ["errors"] = new JsonArray(Hostile, Hostile, "javascript:alert(1)", new string('x', 3000)),
            ["vms"] = new JsonArray(Vm(Hostile), Vm(Hostile), Vm("__proto__"), Vm(new string('w', 300))),
            ["vdcs"] = new JsonArray(new JsonObject { ["name"] = Hostile, ["namespace"] = Hostile, ["status"] = Hostile }),
        };
        await ReportsAsync(report);
        Hub.Queue(Hostile, Hostile, new JsonObject { ["name"] = Hostile }, Hostile);
        await SendAsync(HttpMethod.Post, $"api/v1/spoke/operations/{Uri.EscapeDataString(Hostile)}/result", new JsonObject { ["status"] = "failed", ["error"] = Hostile });

        await Page.SaysAsync("#agents h3", Hostile);
        await Page.ShowsAsync("#operations [data-outcome='failed']");
        await Page.SaysAsync("#operations tbody", Hostile);

        Assert.Equal(4, await Page.AskAsync<int>("() => document.querySelectorAll('[data-vm]').length"));
        Assert.Equal(0, await Page.AskAsync<int>("() => document.querySelectorAll('img').length"));
        Assert.Equal(Hostile, await Page.AskAsync<string>("() => document.querySelector('#agent').value"));
        Assert.False(await Page.AskAsync<bool>("() => 'wasHacked' in window"));
        await Page.IsReadableByAllAsync();
        Page.IsClean();
    }

    [InBrowserFact]
    public async Task The_form_has_every_type_that_the_agent_knows_and_keeps_wrong_payloads_from_the_hub()
    {
        var agent = await Environment.StartAgentAsync();
        await Page.ShowsAsync($"#agent option[value='{agent.Id}'], #agent option");
        var known = agent.Service<IEnumerable<IOperationHandler>>().Select(handler => handler.Type);
        await Page.ShowsAsync("#type option");
        var offered = await Page.AskAsync<string[]>("() => [...document.querySelectorAll('#type option')].map(option => option.value)");
        Assert.Equal(known.Order(StringComparer.Ordinal), offered.Order(StringComparer.Ordinal));

        await Page.ChoosesAsync("#type", "create_vdc");
        await Page.BecomesAsync("() => JSON.parse(document.getElementById('payload').value).vdc_name !== undefined");
        foreach (var (wrong, told) in new[] { ("[1]", "not an object"), ("{\"a\":", "not JSON") })
        {
            await Page.WritesAsync("#payload", wrong);
            await Page.ClicksAsync("#queue [type=submit]");
            await Page.SaysAsync("#payload-problem", told);
        }
        Assert.Equal("payload", await Page.AskAsync<string>("() => document.activeElement.id"));
        await Page.ClicksAsync("#example");
        await Page.BecomesAsync("() => document.getElementById('payload-problem').textContent === '' && document.getElementById('payload').value.includes('vdc_name')");

        // What was written for a type is there when one comes back to it.
        await Page.ChoosesAsync("#type", "list_vms");
        await Page.WritesAsync("#payload", "{}");
        await Page.ChoosesAsync("#type", "create_vdc");
        await Page.ChoosesAsync("#type", "list_vms");
        Assert.Equal("{}", await Page.AskAsync<string>("() => document.getElementById('payload').value"));
        Assert.Empty(Hub.Results);
        Page.IsClean();
    }

    private static JsonObject Vm(string name) => new() { ["name"] = name, ["namespace"] = Hostile, ["status"] = Hostile, ["message"] = Hostile, ["ip_address"] = new string('9', 200) };

    private Task ReportsAsync(JsonObject report) => SendAsync(HttpMethod.Post, "api/v1/spoke/status", report);

    private async Task SendAsync(HttpMethod method, string path, JsonObject body)
    {
        using var http = new HttpClient();
        using var request = new HttpRequestMessage(method, new Uri(Hub.Url, path)) { Content = JsonContent.Create(body) };
        request.Headers.Add("Authorization", $"Bearer {Hub.Token}");
        foreach (var name in (string[])["X-Agent-ID", "X-Cluster-ID", "X-Zone-ID"]) request.Headers.Add(name, "any");
        using var answer = await http.SendAsync(request);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
    }
}
