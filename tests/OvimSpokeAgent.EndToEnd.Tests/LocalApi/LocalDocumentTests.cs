using System.Net;
using System.Text.Json.Nodes;
using OvimSpokeAgent.EndToEnd.Tests.Harness;

namespace OvimSpokeAgent.EndToEnd.Tests.LocalApi;

/// <summary>What the documents of the local API say.</summary>
public sealed class LocalDocumentTests : IAsyncLifetime
{
    private const int Reads = 50;

    private TestEnvironment _environment = null!;

    public async Task InitializeAsync() =>
        _environment = await TestEnvironment.StartAsync(await SandboxTestCluster.StartAsync(), ownsCluster: true);

    public async Task DisposeAsync() => await _environment.DisposeAsync();

    [Fact]
    public async Task Each_document_tells_its_part_of_a_VM_that_was_made_and_one_that_was_not()
    {
        var agent = await _environment.StartAgentAsync(("OVIM_LOG_LEVEL", "info"));
        await _environment.CompletesAsync(agent, "create_vm", "web", ("image_url", "quay.io/containerdisks/fedora:latest"), ("cpu", 2), ("memory", "1Gi"));
        var error = await _environment.FailsAsync(agent, "start_vm", "none");
        await _environment.ReportsVmAsync(agent, "web", "running");
        using var local = new LocalClient(agent.LocalUrl);

        var page = await local.GetAsync("debug/page");
        var report = await local.GetAsync("debug/report");

        foreach (var all in (JsonObject[])[page, report])
        {
            SaysState(all["state"]!, agent.Id);
            Assert.Equal("registered", (string?)all["hub"]!["state"]);
            SaysOperations(all["operations"]!, error);
            SaysVms(all["vms"]!);
            SaysHistory(all["history"]!);
            SaysCaches(all["caches"]!);
            Assert.Contains(all["log"]!["lines"]!.AsArray(), line => ((string)line!["message"]!).Contains($"on {_environment.Namespace}/none failed", StringComparison.Ordinal));
        }
        SaysState(await local.GetAsync("debug/state"), agent.Id);
        SaysOperations(await local.GetAsync("debug/operations"), error);
        SaysVms(await local.GetAsync("debug/vms"));
        SaysHistory(await local.GetAsync("debug/history"));
        SaysCaches(await local.GetAsync("debug/caches"));
        SaysHub(await local.GetAsync("debug/hub"));
        Assert.Equal("Healthy", (string?)(await local.GetAsync("debug/components"))["components"]!["hub"]!["status"]);
        Assert.NotEmpty(report["settings"]!["settings"]!.AsArray());
    }

    [Fact]
    public async Task Lists_can_be_narrowed_and_say_how_much_there_is()
    {
        var agent = await _environment.StartAgentAsync();
        var second = await _environment.HasAnotherNamespaceAsync();
        foreach (var (ns, vm) in ((string, string)[])[(_environment.Namespace, "web-1"), (_environment.Namespace, "db-1"), (second, "web-2")])
        {
            var id = _environment.QueuesIn(ns, agent, "create_vm", vm, ("image_url", "quay.io/containerdisks/fedora:latest"), ("cpu", 1), ("memory", "1Gi"));
            await _environment.ResultOfAsync(id);
        }
        await _environment.ReportsAsync(agent, it => it["vms"]!.AsArray().Count == 3);
        using var local = new LocalClient(agent.LocalUrl);

        Assert.Equal((3, 3, 3), Counts(await local.GetAsync("debug/vms")));
        Assert.Equal((3, 2, 2), Counts(await local.GetAsync("debug/vms?name=WEB")));
        Assert.Equal((3, 2, 2), Counts(await local.GetAsync($"debug/vms?namespace={_environment.Namespace}")));
        Assert.Equal((3, 1, 1), Counts(await local.GetAsync($"debug/vms?namespace={second}&name=web")));
        Assert.Equal((3, 1, 1), Counts((await local.GetAsync("debug/page?name=db"))["vms"]!));
    }

    [Fact]
    public async Task Nothing_that_is_asked_for_is_asked_of_the_API_server()
    {
        var agent = await _environment.StartAgentAsync();
        await _environment.CompletesAsync(agent, "create_vm", "web", ("image_url", "quay.io/containerdisks/fedora:latest"), ("cpu", 2), ("memory", "1Gi"));
        await _environment.ReportsVmAsync(agent, "web", "running");
        using var local = new LocalClient(agent.LocalUrl);
        foreach (var path in LocalClient.Documents)
        {
            var before = agent.ClusterRequests.All.Count;
            for (var i = 0; i < Reads; i++) await local.GetAsync(path);
            // The agent's loops ask for something meanwhile, for far less than one for each of these.
            Assert.InRange(agent.ClusterRequests.All.Count - before, 0, Reads - 1);
        }
    }

    [Fact]
    public async Task Settings_say_what_they_are_and_where_that_comes_from()
    {
        var agent = await _environment.StartAgentAsync();
        using var local = new LocalClient(agent.LocalUrl);

        var settings = (await local.GetAsync("debug/settings"))["settings"]!.AsArray().ToDictionary(one => (string)one!["name"]!, one => one!.AsObject());

        Assert.Equal(("cluster-1", "environment"), ((string?)settings["OVIM_CLUSTER_ID"]["value"], (string?)settings["OVIM_CLUSTER_ID"]["source"]));
        Assert.Equal(("30s", "default"), ((string?)settings["OVIM_HUB_TIMEOUT"]["value"], (string?)settings["OVIM_HUB_TIMEOUT"]["source"]));
        Assert.Equal((null, true), ((string?)settings["OVIM_HUB_TOKEN"]["value"], (bool)settings["OVIM_HUB_TOKEN"]["is_hidden"]!));
    }

    [Fact]
    public async Task Report_is_a_file_with_a_name_and_log_lines_can_be_followed()
    {
        var agent = await _environment.StartAgentAsync(("OVIM_LOG_LEVEL", "info"));
        await _environment.NextReportAsync(agent);
        using var local = new LocalClient(agent.LocalUrl);

        using var report = await local.SendAsync(HttpMethod.Get, "debug/report");
        var name = report.Content.Headers.ContentDisposition!;
        Assert.Equal("attachment", name.DispositionType);
        Assert.Matches($@"^ovim-{agent.Id}-\d{{8}}T\d{{6}}Z\.json$", name.FileName!.Trim('"'));

        var last = (long)(await local.GetAsync("debug/log"))["last"]!;
        Assert.True(last > 0);
        await _environment.FailsAsync(agent, "start_vm", "none");
        var newer = (await local.GetAsync($"debug/log?after={last}"))["lines"]!.AsArray();
        Assert.All(newer, line => Assert.True((long)line!["number"]! > last));
        Assert.Contains(newer, line => ((string)line!["message"]!).StartsWith("start_vm", StringComparison.Ordinal));
        using var refused = await local.SendAsync(HttpMethod.Get, "debug/log?after=some");
        Assert.Equal(HttpStatusCode.BadRequest, refused.StatusCode);
        Assert.Equal(
            """after: "some" is not valid, expected the number of a line""",
            (string?)JsonNode.Parse(await refused.Content.ReadAsStringAsync())!["error"]);
    }

    private static void SaysState(JsonNode state, string agent)
    {
        Assert.Equal((agent, "cluster-1", "Healthy", "leader"), ((string?)state["agent_id"], (string?)state["cluster_id"], (string?)state["state"], (string?)state["mode"]));
        Assert.True((bool)state["ready"]!);
        Assert.True((long)state["memory_bytes"]! > 0);
        var change = state["history"]!.AsArray()[^1]!;
        Assert.Equal(("Connecting", "all components are well"), ((string?)change["from"], (string?)change["reason"]));
    }

    private void SaysHub(JsonNode hub)
    {
        Assert.Equal(("registered", _environment.Hub.Url.ToString()), ((string?)hub["state"], (string?)hub["endpoint"]));
        Assert.True(DateTimeOffset.Parse((string)hub["last_contact"]!, null) > TimeProvider.System.GetUtcNow().AddMinutes(-1));
        Assert.Equal((0, true), ((int)hub["missed_reports"]!, (bool)hub["answers"]!));
    }

    private void SaysOperations(JsonNode operations, string error)
    {
        Assert.Equal(0, (int)operations["in_flight_count"]!);
        var (failed, completed) = (operations["ended"]![0]!, operations["ended"]![1]!);
        Assert.Equal(
            ("start_vm", $"{_environment.Namespace}/none", "failed", error),
            ((string?)failed["type"], (string?)failed["target"], (string?)failed["outcome"], (string?)failed["error"]));
        Assert.Equal(("create_vm", "completed", "delivered"), ((string?)completed["type"], (string?)completed["outcome"], (string?)completed["result"]));
        Assert.True((double)completed["duration_ms"]! > 0);
        Assert.StartsWith("op-", (string)completed["id"]!, StringComparison.Ordinal);
    }

    private void SaysVms(JsonNode vms)
    {
        Assert.Equal((1, 1, 1), Counts(vms));
        Assert.Equal(1, (int)vms["by_status"]!["running"]!);
        var vm = vms["vms"]![0]!;
        Assert.Equal((_environment.Namespace, "web", "running", "2"), ((string?)vm["namespace"], (string?)vm["name"], (string?)vm["status"], (string?)vm["cpu"]));
    }

    private static void SaysHistory(JsonNode history)
    {
        var now = history["now"]!;
        var all = history["samples"]!.AsArray().Append(now).ToList();
        Assert.Equal((1, 1), (all.Sum(one => (int)one!["completed"]!), all.Sum(one => (int)one!["failed"]!)));
        Assert.Equal(1, (int)now["vms_by_status"]!["running"]!);
        Assert.True((long)now["memory_bytes"]! > 0);
    }

    private static void SaysCaches(JsonNode caches)
    {
        var machines = caches["caches"]!.AsArray().Single(cache => (string?)cache!["kind"] == "virtualmachines.kubevirt.io")!;
        Assert.Equal(("Synced", 1), ((string?)machines["state"], (int)machines["objects"]!));
        Assert.NotNull(machines["last_event"]);
        Assert.Contains(caches["loops"]!.AsArray(), loop => (string?)loop!["name"] == "heartbeat");
    }

    private static (int, int, int) Counts(JsonNode vms) => ((int)vms["count"]!, (int)vms["matching"]!, vms["vms"]!.AsArray().Count);
}
