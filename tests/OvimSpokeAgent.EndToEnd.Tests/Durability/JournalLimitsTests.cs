using System.Text;
using System.Text.Json.Nodes;
using OvimSpokeAgent.EndToEnd.Tests.Harness;
using OvimSpokeAgent.Sandbox.Cluster;

namespace OvimSpokeAgent.EndToEnd.Tests.Durability;

/// <summary>What the journal has no room for.</summary>
[Collection(ClustersCollection.Name)]
public sealed class JournalLimitsTests(Clusters clusters)
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

    private static JsonObject Payload(TestEnvironment environment, int bytes)
    {
        var payload = new JsonObject { ["name"] = "web", ["namespace"] = environment.Namespace, ["padding"] = "" };
        payload["padding"] = new string('x', bytes - Encoding.UTF8.GetByteCount(payload.ToJsonString()));
        return payload;
    }
}
