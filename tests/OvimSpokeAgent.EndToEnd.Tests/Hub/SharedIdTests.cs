using OvimSpokeAgent.EndToEnd.Tests.Harness;
using OvimSpokeAgent.Sandbox.Hub;

namespace OvimSpokeAgent.EndToEnd.Tests.Hub;

/// <summary>Two clusters with one agent id: what the hub has queued is the other's, while it says so.</summary>
public sealed class SharedIdTests
{
    private static readonly (string Name, string Value)[] Settings =
        [("OVIM_HUB_POLL_INTERVAL", "100ms"), ("OVIM_HEARTBEAT_INTERVAL", "2s")];

    [Fact]
    public async Task No_operations_are_taken_while_the_hub_says_that_the_id_is_anothers()
    {
        await using var world = await ProcessWorld.StartAsync(Settings);
        await world.CountsAsync("ovim_agent_hub_polls_total{outcome=\"empty\"}", 1);
        Answers(world, 409, """{"error":"agent id is in use by another live agent"}""");
        await world.Agent.WroteAsync("is in use by another live agent");
        var polls = await world.MetricAsync("ovim_agent_hub_calls_total{endpoint=\"operations\",outcome=\"answered\"}");

        world.Queue(["op-theirs"]);

        await world.SaysAsync("hub", "no operations are taken");
        await world.CountsAsync("ovim_agent_hub_reports_total{outcome=\"failed\"}", 2);
        Assert.Equal(1, world.Hub.Queued(world.AgentId));
        // One may have been on its way.
        Assert.InRange(await world.MetricAsync("ovim_agent_hub_calls_total{endpoint=\"operations\",outcome=\"answered\"}"), polls, polls + 1);

        world.Hub.Faults.Clear();
        await world.ResultsAsync(results => results.Any(result => result.OperationId == "op-theirs"));
    }

    [Fact]
    public async Task Report_that_is_refused_otherwise_keeps_no_operation_from_being_taken()
    {
        await using var world = await ProcessWorld.StartAsync(Settings);
        Answers(world, 400, """{"error":"vms: too many"}""");
        await world.CountsAsync("ovim_agent_hub_reports_total{outcome=\"failed\"}", 1);

        world.Queue(["op-mine"]);

        await world.ResultsAsync(results => results.Any(result => result.OperationId == "op-mine"));
    }

    private static void Answers(ProcessWorld world, int status, string body) => world.Hub.Faults.Add(
        new HubFault { Kind = HubFaultKind.Status, Path = "/status", StatusCode = status, Body = body });
}
