using System.Globalization;
using System.Text.Json.Nodes;
using OvimSpokeAgent.EndToEnd.Tests.Harness;
using OvimSpokeAgent.Sandbox.Hub;

namespace OvimSpokeAgent.EndToEnd.Tests.Pages;

/// <summary>The agent's status page in a real browser.</summary>
[Collection(BrowserCollection.Name)]
public sealed class StatusPageTests : PageTests
{
    private TestAgent _agent = null!;

    private protected override async Task<Uri> StartAsync()
    {
        _agent = await Environment.StartAgentAsync(("OVIM_LOG_LEVEL", "info"));
        return _agent.LocalUrl;
    }

    [InBrowserTheory]
    [InlineData(360, "light")]
    [InlineData(1280, "dark")]
    public async Task A_VM_goes_from_queued_to_running_before_ones_eyes(int width, string scheme)
    {
        await Page.HasLookAsync(width, scheme);
        await Page.SaysAsync("#hub-state", "registered");
        await Page.SaysAsync("#agent-state", "Healthy");

        var id = Environment.Queues(_agent, "create_vm", "web", ("image_url", "img"), ("cpu", 2), ("memory", "1Gi"));
        await Page.ShowsAsync($"[data-operation='{id}'][data-outcome='completed']");
        var vm = $"[data-vm='{Environment.Namespace}/web']";
        await Page.ShowsAsync($"{vm}[data-status='pending']");
        await Cluster.StartKubeVirtAsync();
        await Page.ShowsAsync($"{vm}[data-status='running']");
        await Page.SaysAsync(vm, "running");

        await Page.IsReadableByAllAsync();
        Page.IsClean();
    }

    [InBrowserFact]
    public async Task An_operation_that_is_under_way_is_there_before_it_ends()
    {
        await Environment.CompletesAsync(_agent, "create_vm", "web", ("image_url", "img"), ("cpu", 1), ("memory", "1Gi"));
        await Environment.ChangesVmAsync("web", Finalizers("test/held"));

        var id = Environment.Queues(_agent, "delete_vm", "web");
        var row = $"[data-operation='{id}']";
        await Page.ShowsAsync($"{row}:not([data-outcome='completed'])");
        await Page.ShowsAsync($"[data-vm='{Environment.Namespace}/web'][data-status='deleting']");
        await Environment.ChangesVmAsync("web", Finalizers());

        await Page.ShowsAsync($"{row}[data-outcome='completed']");
        await Page.ShowsNoAsync($"[data-vm='{Environment.Namespace}/web']");
        Page.IsClean();
    }

    [InBrowserFact]
    public async Task A_hub_that_is_away_is_told_and_that_it_is_back()
    {
        await Page.SaysAsync("#hub-state", "registered");

        Environment.Hub.Faults.Add(new HubFault { Kind = HubFaultKind.DropBefore });
        await Page.BecomesAsync("() => document.querySelector('#agent-state').textContent === 'Disconnected'");
        await Page.BecomesAsync("() => document.querySelector('#hub-state').textContent !== 'registered'");
        await Page.SaysAsync("#history", "Disconnected");
        await Page.IsReadableByAllAsync();
        Environment.Hub.Faults.Clear();

        await Page.BecomesAsync("() => document.querySelector('#agent-state').textContent === 'Healthy'");
        await Page.BecomesAsync("() => document.querySelector('#hub-state').textContent === 'registered'");
        Page.IsClean();
    }

    [InBrowserFact]
    public async Task An_agent_that_does_not_answer_is_told_and_another_in_its_place_is_shown()
    {
        await Page.BecomesAsync("() => document.querySelector('#agent-state').textContent === 'Healthy'");
        var port = _agent.LocalUrl.Port.ToString(CultureInfo.InvariantCulture);
        Page.ServerWasAway = true;

        await _agent.StopAsync();
        await Page.SaysAsync("#outage", "does not answer");
        await Page.IsReadableByAllAsync();
        var next = await Environment.StartAgentAsync(("OVIM_DEBUG_PORT", port), ("OVIM_LOG_LEVEL", "info"));
        Assert.Equal(_agent.LocalUrl, next.LocalUrl);

        await Page.BecomesAsync("() => document.querySelector('#outage').hidden");
        await Page.SaysAsync("#connection", "live again");
        await Page.BecomesAsync("() => document.querySelector('#agent-state').textContent === 'Healthy'");
        Page.IsClean();
    }

    [InBrowserFact]
    public async Task A_text_without_a_place_to_break_at_does_not_widen_the_page()
    {
        await Page.HasLookAsync(360, "light");
        await Page.SaysAsync("#hub-state", "registered");

        var width = await Page.AskAsync<int>("""
            () => {
              for (const id of ['agent-id', 'connection', 'operations-summary', 'vms-summary', 'vdcs-summary', 'templates-summary', 'action-result'])
                document.getElementById(id).textContent = 'x'.repeat(200);
              return document.scrollingElement.scrollWidth;
            }
            """);

        Assert.Equal(360, width);
    }

    [InBrowserFact]
    public async Task Whatever_names_and_messages_hold_is_shown_as_text()
    {
        await Environment.CompletesAsync(_agent, "create_vm", "web", ("image_url", "img"), ("cpu", 1), ("memory", "1Gi"));
        await Cluster.Admin.MergeAsync($"{TestClusterExtensions.VmsOf(Environment.Namespace)}/web/status", new JsonObject
        {
            ["status"] = new JsonObject
            {
                ["printableStatus"] = Hostile,
                ["conditions"] = new JsonArray(new JsonObject { ["type"] = "Failure", ["status"] = "True", ["reason"] = Hostile, ["message"] = Hostile }),
            },
        });
        var unknown = Environment.Hub.Queue(_agent.Id, Hostile, new JsonObject { ["name"] = Hostile }, "op-hostile");
        Environment.Hub.Queue(_agent.Id, "list_vms", [], Hostile); // cannot be answered, and is told in the log
        Environment.Hub.Queue(
            _agent.Id, "sync_templates", new JsonObject { ["templates"] = new JsonArray(new JsonObject { ["name"] = Hostile, ["image_url"] = Hostile }) }, "op-templates");

        await Page.SaysAsync("#vms tbody", Hostile);
        await Page.ShowsAsync($"[data-operation='{unknown}'][data-outcome='failed']");
        await Page.SaysAsync("#operations tbody", Hostile);
        await Page.SaysAsync("#log-lines", "<img");
        await Page.ShowsAsync("[data-operation='op-templates'][data-outcome='completed']");

        Assert.Equal(0, await Page.AskAsync<int>("() => document.querySelectorAll('img').length"));
        Assert.False(await Page.AskAsync<bool>("() => 'wasHacked' in window"));
        await Page.IsReadableByAllAsync();
        Page.IsClean();
    }

    [InBrowserFact]
    public async Task What_one_clicks_is_done_and_told()
    {
        await Page.BecomesAsync("() => document.querySelector('#agent-state').textContent === 'Healthy'");
        foreach (var action in (string[])["heartbeat", "register", "clear-templates", "check-permissions"]) await DoesAsync(action);
        await Page.ChoosesAsync("#level", "debug");
        await DoesAsync("log-level");

        await Page.SaysAsync("#overview", "debug, until");
        await Page.BecomesAsync("() => document.querySelector('#agent-state').textContent === 'Healthy'");
        await Page.IsReadableByAllAsync();
        Page.IsClean();
    }

    [InBrowserFact]
    public async Task VMs_are_found_by_name_settings_and_the_log_are_there_and_no_secret()
    {
        foreach (var name in (string[])["web-1", "web-2", "db"])
            await Environment.CompletesAsync(_agent, "create_vm", name, ("image_url", "img"), ("cpu", 1), ("memory", "1Gi"), ("cloud_init", "#cloud-config\npassword: hunter2"));
        await Page.BecomesAsync("() => document.querySelectorAll('[data-vm]').length === 3");

        await Page.WritesAsync("#vm-filter", "web");
        await Page.BecomesAsync("() => document.querySelectorAll('[data-vm]').length === 2");
        await Page.ClicksAsync("#settings summary");
        await Page.SaysAsync("[data-setting='OVIM_HEARTBEAT_INTERVAL']", "1s");
        await Page.SaysAsync("#log-lines", "create_vm");
        await Page.IsReadableByAllAsync();

        var all = await Page.AskAsync<string>("() => document.documentElement.outerHTML");
        Assert.DoesNotContain(new SandboxHubOptions().Token, all, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", all, StringComparison.Ordinal);
        Page.IsClean();
    }

    private async Task DoesAsync(string action)
    {
        await Page.ClicksAsync($"[data-action='{action}']");
        await Page.BecomesAsync("() => !document.querySelector('#action-result').textContent.endsWith('…')");
        Assert.True(await Page.AskAsync<bool>("() => document.querySelector('#action-result').classList.contains('good')"), await Page.TextAsync("#action-result"));
    }

    private static JsonObject Finalizers(params string[] names) => new()
    {
        ["metadata"] = new JsonObject { ["finalizers"] = names.Length == 0 ? null : new JsonArray([.. names.Select(name => (JsonNode?)name)]) },
    };
}
