using System.Text.Json.Nodes;
using Microsoft.Extensions.Time.Testing;
using OvimSpokeAgent.EndToEnd.Tests.Harness;
using OvimSpokeAgent.Sandbox.Hub;

namespace OvimSpokeAgent.EndToEnd.Tests.VirtualDataCenters;

/// <summary>
/// VDCs as the hub sees them by results that it tells apart by their keys alone; by the agent as a process. Where ids are equal
/// the hub knows only the operation that was queued last.
/// </summary>
public sealed class VdcOnHubTests : IAsyncLifetime
{
    private readonly FakeTimeProvider _hubTime = new(DateTimeOffset.UtcNow);
    private ProcessWorld _world = null!;

    private SandboxHub Hub => _world.Hub;

    public async Task InitializeAsync()
    {
        _world = await ProcessWorld.BuildAsync(
            new SandboxHubOptions { Kind = HubKind.Active, TimeProvider = _hubTime }, ("OVIM_HUB_HEALTHY_STATUS", "active"));
        try
        {
            _world.StartAgent();
            await _world.ReportsAsync(report => (string?)report.Json["status"] == "active");
        }
        catch
        {
            await DisposeAsync();
            throw;
        }
    }

    public async Task DisposeAsync() => await _world.DisposeAsync();

    [Fact]
    public async Task Vdc_is_active_on_the_hub_when_it_is_made_and_gone_when_it_is_deleted()
    {
        await HasVdcAsync("acme");

        DeletesVdc("acme");

        await HubKnowsAsync("acme", null);
    }

    [Fact]
    public async Task Reason_of_a_creation_that_failed_is_on_the_hub()
    {
        CreatesVdc("acme", quota: "\"a lot\"");

        var vdc = await HubKnowsAsync("acme", vdc => vdc.Problem is not null);

        Assert.Contains("a lot", vdc!.Problem, StringComparison.Ordinal);
        Assert.Equal(HubVdcPhase.Creating, vdc.Phase);
    }

    [Theory]
    [InlineData("null")]
    [InlineData("""{"policy_type":"isolate","allow_same_namespace":true,"allow_dns":true,"deny_all_ingress":false}""")] // sent as texts
    public async Task Vdc_with_a_custom_network_is_closed_but_for_itself_and_dns(string config)
    {
        CreatesVdc("acme", more: $$""" ,"network_policy":"custom","custom_network_config":{{config}} """);

        await HubKnowsAsync("acme", vdc => vdc.Phase is HubVdcPhase.Active);
        var policies = await _world.Environment.Cluster.Admin.GetAsync("apis/networking.k8s.io/v1/namespaces/acme/networkpolicies");
        var policy = Assert.Single(policies["items"]!.AsArray()); // each one more would open something more
        Assert.Equal("""["Ingress","Egress"]""", policy!["spec"]!["policyTypes"]!.ToJsonString());
        Assert.Equal("""[{"from":[{"podSelector":{}}]}]""", policy["spec"]!["ingress"]!.ToJsonString());
        var egress = policy["spec"]!["egress"]!.AsArray();
        Assert.Equal("""{"to":[{"podSelector":{}}]}""", egress[0]!.ToJsonString());
        Assert.All(egress.Skip(1), rule => Assert.All(rule!["ports"]!.AsArray(), port => Assert.Contains((int)port!["port"]!, (int[])[53, 5353])));
    }

    [Fact]
    public async Task Deleting_a_vm_deletes_no_vdc()
    {
        await HasVdcAsync("acme");
        var id = Hub.Queue(_world.AgentId, "delete_vm", new JsonObject { ["name"] = "gone", ["namespace"] = "acme" }, Hub.Vdcs.Single().OperationId);

        await _world.ResultsAsync(results => results.Any(result =>
            result.OperationId == id && (string?)result.Json["result"]?["status"] == "deleted"));

        Assert.Equal(HubVdcPhase.Active, Assert.Single(Hub.Vdcs).Phase);
    }

    [Fact]
    public async Task Of_deletions_with_one_id_none_is_told_before_the_last_queued_is_gone()
    {
        await HasVdcAsync("first");
        await HasVdcAsync("last");
        await _world.Environment.Cluster.Admin.CreateAsync("api/v1/namespaces/last/configmaps", new JsonObject
        {
            ["apiVersion"] = "v1",
            ["kind"] = "ConfigMap",
            ["metadata"] = new JsonObject { ["name"] = "held", ["namespace"] = "last", ["finalizers"] = new JsonArray("example.com/hold") },
        });

        _hubTime.Advance(TimeSpan.FromSeconds(1));
        var (first, last) = (Hub.DeleteVdc("first"), Hub.DeleteVdc("last")); // in one second
        await IsGoneAsync("first");
        await _world.SaysAsync("operations", "1 to do");
        for (var i = 0; i < 3; i++) await NextReportAsync();

        Assert.Equal(first.OperationId, last.OperationId);
        Assert.DoesNotContain(Hub.Results, result => result.OperationId == last.OperationId);
        Assert.Contains(Hub.Vdcs, vdc => vdc.Name == "last");

        await _world.Environment.Cluster.Admin.MergeAsync(
            "api/v1/namespaces/last/configmaps/held", new JsonObject { ["metadata"] = new JsonObject { ["finalizers"] = null } });

        await HubKnowsAsync("last", null);
        await _world.ResultsAsync(results => results.Count(result => result.OperationId == last.OperationId) == 2);
    }

    private async Task HasVdcAsync(string name)
    {
        CreatesVdc(name);
        await HubKnowsAsync(name, vdc => vdc.Phase is HubVdcPhase.Active);
    }

    private void CreatesVdc(string name, string quota = """{"cpu":4,"memory":8}""", string more = "")
    {
        _hubTime.Advance(TimeSpan.FromSeconds(1)); // an id of its own
        var asked = JsonNode.Parse($$"""{"organization":"acme","target_namespace":"{{name}}","quota":{{quota}}{{more}}}""")!.AsObject();
        asked["zone_id"] = _world.Environment.AgentNamespace;
        Hub.CreateVdc(name, asked);
    }

    private void DeletesVdc(string name)
    {
        _hubTime.Advance(TimeSpan.FromSeconds(1));
        Hub.DeleteVdc(name);
    }

    private async Task<HubVdc?> HubKnowsAsync(string name, Func<HubVdc, bool>? isAsWanted)
    {
        using var patience = new CancellationTokenSource(JsonApi.Patience);
        HubVdc? found = null;
        try
        {
            await Hub.WaitForAsync(
                hub => (found = hub.Vdcs.SingleOrDefault(vdc => vdc.Name == name)) is { } vdc ? isAsWanted?.Invoke(vdc) ?? false : isAsWanted is null,
                patience.Token);
            return found;
        }
        catch (OperationCanceledException)
        {
            throw new TimeoutException($"the hub knows {found}\n{string.Join('\n', Hub.Results.Select(result => result.Body))}\n{_world.Agent.Output}");
        }
    }

    private async Task IsGoneAsync(string ns)
    {
        while (await _world.Environment.Cluster.Admin.FindAsync($"api/v1/namespaces/{ns}") is not null) await NextReportAsync();
    }

    private async Task NextReportAsync()
    {
        var before = Hub.Reports[^1];
        await _world.ReportsAsync(_ => Hub.Reports[^1] != before);
    }
}
