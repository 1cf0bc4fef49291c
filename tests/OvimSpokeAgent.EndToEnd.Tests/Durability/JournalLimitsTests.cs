using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using KubernetesSandbox.Cluster;
using OvimSpokeAgent.EndToEnd.Tests.Harness;
using OvimSpokeAgent.EndToEnd.Tests.Hub;
using OvimSpokeAgent.Sandbox.Hub;

namespace OvimSpokeAgent.EndToEnd.Tests.Durability;

/// <summary>What the journal has no room for.</summary>
public sealed class JournalLimitsTests(Clusters clusters) : IClassFixture<Clusters>
{
    private const int MaxPayload = 512 << 10;

    [Theory, OnSandbox, OnRealApiServer]
    public async Task Largest_payload_is_stored_and_a_byte_more_is_refused(ClusterKind kind)
    {
        await using var environment = await clusters.OnAsync(kind);
        var agent = await environment.StartAgentAsync();

        var fits = environment.Hub.Queue(agent.Id, "stop_vm", Payload(environment, MaxPayload), "op-fits");
        var isTooLarge = environment.Hub.Queue(agent.Id, "stop_vm", Payload(environment, MaxPayload + 1), "op-too-large");

        Assert.Equal($"there is no VM {environment.Namespace}/web", (string?)(await environment.ResultOfAsync(fits))["error"]);
        Assert.Equal(
            $"payload: {MaxPayload + 1} bytes are too many, expected at most {MaxPayload}",
            (string?)(await environment.ResultOfAsync(isTooLarge))["error"]);
    }

    [Fact]
    public async Task Quota_without_room_stops_the_polls_is_said_and_does_not_keep_the_agent_from_ending()
    {
        await using var cluster = await SandboxTestCluster.StartAsync();
        await using var environment = await TestEnvironment.StartAsync(cluster, ownsCluster: false);
        var variables = environment.Variables();
        (variables["OVIM_LOG_LEVEL"], variables["OVIM_SHUTDOWN_TIMEOUT"]) = ("info", "2s");
        await using var agent = AgentProcess.Start(variables);
        await agent.IsReadyAsync();
        var id = $"spoke-agent-{environment.AgentNamespace}";
        environment.Hub.Queue(id, "list_vms", [], "op-0");
        await environment.ResultOfAsync("op-0"); // it polls
        cluster.Api.Faults.Add(new ClusterFault
        {
            Kind = ClusterFaultKind.Status,
            StatusCode = 403,
            Message = "exceeded quota: secrets",
            Method = "POST",
            Resource = "secrets",
        });

        environment.Hub.Queue(id, "list_vms", [], "op-1");
        await agent.WroteAsync("The journal cannot be read or written, no operations are taken");
        environment.Hub.Queue(id, "list_vms", [], "op-2");
        await environment.ReportsAsync(id, report => (string?)report["status"] == "unavailable");
        var health = await agent.GetAsync("health/status");

        Assert.Contains("1 operations wait in memory, no more are taken: ", health, StringComparison.Ordinal);
        Assert.Contains("exceeded quota: secrets", health, StringComparison.Ordinal);
        Assert.Equal(1, environment.Hub.Queued(id));
        Assert.Equal(0, await agent.TerminateAsync());
    }

    [Fact]
    public async Task Above_the_room_that_is_set_nothing_is_taken_pushes_are_put_off_and_what_was_taken_is_done()
    {
        await using var environment = await clusters.OnAsync(ClusterKind.Sandbox);
        using var token = new MountedSecret(("token", "push-s3cr3t"));
        var agent = await environment.StartAgentAsync(("OVIM_JOURNAL_MAX_BYTES", "1Mi"), ("OVIM_PUSH_TOKEN_FILE", token["token"]));
        var faults = ((SandboxTestCluster)environment.Cluster).Api.Faults;
        faults.Add(new ClusterFault { Kind = ClusterFaultKind.Status, StatusCode = 503, Path = "/virtualmachines/." });
        string[] ids = [.. Enumerable.Range(0, 3).Select(i => environment.Hub.Queue(agent.Id, "delete_vm", Payload(environment, 400 << 10, $"vm-{i}"), $"op-{i}"))];
        await environment.SaysInHealthAsync(agent, "journal", "no operations are taken for now");
        var later = environment.Hub.Queue(agent.Id, "list_vms", [], "op-later");

        using var http = new HttpClient { DefaultRequestHeaders = { Authorization = new AuthenticationHeaderValue("Bearer", "push-s3cr3t") } };
        using var body = new StringContent("""{"id":"op-pushed","type":"list_vms"}""");
        using var pushed = await http.PostAsync(new Uri(agent.Url, "operations"), body);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, pushed.StatusCode);
        Assert.Equal(1, environment.Hub.Queued(agent.Id));
        faults.Clear();

        foreach (var id in (string[])[.. ids, later]) Assert.Equal("completed", (string?)(await environment.ResultOfAsync(id))["status"]);
    }

    [Theory, OnRealApiServer]
    public async Task What_came_together_is_done_where_a_quota_has_room_for_nothing_but_it(ClusterKind kind)
    {
        await using var environment = await clusters.OnAsync(kind);
        var admin = environment.Cluster.Admin;
        var secrets = $"api/v1/namespaces/{environment.AgentNamespace}/secrets";
        var agent = await environment.StartAgentAsync();
        var before = (await admin.GetAsync(secrets))["items"]!.AsArray().Count;
        await admin.HasQuotaAsync(environment.AgentNamespace, ("secrets", $"{before + 1}"));
        environment.Hub.Faults.Add(new HubFault { Kind = HubFaultKind.Status, StatusCode = 429, Path = "/operations" });
        string[] ids = [.. Enumerable.Range(0, 3).Select(i => environment.Hub.Queue(agent.Id, "stop_vm", Payload(environment, 100, $"vm-{i}")))];

        environment.Hub.Faults.Clear();

        foreach (var id in ids) Assert.StartsWith("there is no VM", (string?)(await environment.ResultOfAsync(id))["error"], StringComparison.Ordinal);
        var stored = Assert.Single((await admin.GetAsync(secrets))["items"]!.AsArray(), secret => ((string?)secret!["type"])!.StartsWith("ovim.io/", StringComparison.Ordinal));
        Assert.Equal("ovim.io/operations.v1", (string?)stored!["type"]);
    }

    [Theory, OnSandbox, OnRealApiServer]
    public async Task Records_of_an_earlier_agent_are_taken_up(ClusterKind kind)
    {
        await using var environment = await clusters.OnAsync(kind);
        var secrets = $"api/v1/namespaces/{environment.AgentNamespace}/secrets";
        await environment.Cluster.Admin.CreateAsync(secrets, Earlier("a", "op-waits", "received", "\"state\":\"Received\"", "payload", """{"name":"web","namespace":"NS"}""".Replace("NS", environment.Namespace, StringComparison.Ordinal)));
        await environment.Cluster.Admin.CreateAsync(secrets, Earlier(
            "b", "op-done", "finished", "\"state\":\"Finished\",\"finishedAt\":\"2026-11-23T08:00:00+00:00\"", "result", """{"operation_id":"op-done","status":"completed"}"""));

        await environment.StartAgentAsync();

        Assert.Equal($"there is no VM {environment.Namespace}/web", (string?)(await environment.ResultOfAsync("op-waits"))["error"]);
        Assert.Equal("completed", (string?)(await environment.ResultOfAsync("op-done"))["status"]);
    }

    private static JsonObject Earlier(string digit, string id, string label, string state, string field, string body)
    {
        var record = $$"""{"id":"{{id}}","type":"stop_vm","timestamp":"2026-11-23T08:00:00+00:00",{{state}},"sequence":1,"receivedAt":"{{DateTimeOffset.UtcNow:O}}"}""";
        return new JsonObject
        {
            ["apiVersion"] = "v1",
            ["kind"] = "Secret",
            ["type"] = "ovim.io/operation.v1",
            ["metadata"] = new JsonObject
            {
                ["name"] = $"ovim-op-{string.Concat(Enumerable.Repeat(digit, 40))}",
                ["labels"] = new JsonObject { ["app.kubernetes.io/managed-by"] = "ovim-spoke-agent", ["ovim.io/operation-state"] = label },
                ["annotations"] = new JsonObject { ["ovim.io/operation-id"] = id },
            },
            ["stringData"] = new JsonObject { ["record"] = record, [field] = body },
        };
    }

    private static JsonObject Payload(TestEnvironment environment, int bytes, string name = "web")
    {
        var payload = new JsonObject { ["name"] = name, ["namespace"] = environment.Namespace, ["padding"] = "" };
        payload["padding"] = new string('x', bytes - Encoding.UTF8.GetByteCount(payload.ToJsonString()));
        return payload;
    }
}
