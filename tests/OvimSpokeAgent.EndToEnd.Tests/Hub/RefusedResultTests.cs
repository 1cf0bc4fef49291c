using System.Text.Json.Nodes;
using OvimSpokeAgent.EndToEnd.Tests.Harness;
using OvimSpokeAgent.Sandbox.Hub;

namespace OvimSpokeAgent.EndToEnd.Tests.Hub;

/// <summary>A result that the hub refuses for good, on the agent as a process.</summary>
public sealed class RefusedResultTests
{
    private const string Told = "The hub refuses the result of";

    [Fact]
    public async Task Refused_result_is_told_once_and_leaves_the_agent_healthy_also_after_a_restart()
    {
        await using var world = await ProcessWorld.StartAsync();
        await world.ReportsAsync(report => (string?)report.Json["status"] == "healthy");
        world.Hub.Faults.Add(new HubFault { Kind = HubFaultKind.Status, Path = "/op-big/result", StatusCode = 413 });

        world.Queue(["op-big"]);

        await world.ReportsAsync(report => ErrorsOf(report.Json).Any(error => error.Contains("op-big", StringComparison.Ordinal)));
        await EventAsync(world);
        await StaysHealthyAsync(world);
        Assert.Equal(1, await world.MetricAsync("ovim_agent_results_sent_total{outcome=\"refused\"}"));
        Assert.Single(world.Agent.Output.Split('\n'), line => line.Contains(Told, StringComparison.Ordinal));

        await world.RestartAgentAsync();
        await world.CountsAsync("ovim_agent_results_sent_total{outcome=\"refused\"}", 1); // it is sent again: the hub may take it now
        await StaysHealthyAsync(world);

        Assert.DoesNotContain(Told, world.Agent.Output, StringComparison.Ordinal);
        Assert.Single(world.Hub.Reports.SelectMany(report => ErrorsOf(report.Json)));
    }

    // For some reports: what is told of late would come with one of them.
    private static async Task StaysHealthyAsync(ProcessWorld world)
    {
        await world.AsksAsync("health/status", text => (string?)JsonNode.Parse(text)!["state"] == "Healthy");
        await world.SaysAsync("operations", "1 refused by the hub");
        for (var i = 0; i < 3; i++)
        {
            var now = DateTimeOffset.UtcNow;
            Assert.Equal("healthy", (string?)(await world.ReportsAsync(report => report.ReceivedAt > now)).Json["status"]);
        }
    }

    private static async Task EventAsync(ProcessWorld world)
    {
        var events = $"api/v1/namespaces/{world.Environment.AgentNamespace}/events";
        while (true)
        {
            var items = (await world.Environment.Cluster.Admin.FindAsync(events))!["items"]!.AsArray();
            if (items.Any(item => (string?)item!["reason"] == "ResultRefused")) return;
            var now = DateTimeOffset.UtcNow;
            await world.ReportsAsync(report => report.ReceivedAt > now);
        }
    }

    private static IEnumerable<string> ErrorsOf(JsonObject report) =>
        report["errors"]?.AsArray().Select(error => (string)error!) ?? [];
}
