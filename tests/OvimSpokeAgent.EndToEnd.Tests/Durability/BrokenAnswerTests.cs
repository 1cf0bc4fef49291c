using System.Text.Json.Nodes;
using OvimSpokeAgent.EndToEnd.Tests.Harness;
using OvimSpokeAgent.Sandbox.Hub;

namespace OvimSpokeAgent.EndToEnd.Tests.Durability;

/// <summary>An answer with operations that breaks off on the way.</summary>
public sealed class BrokenAnswerTests(Clusters clusters) : IClassFixture<Clusters>
{
    [Theory, OnSandbox, OnRealApiServer]
    public async Task What_came_whole_is_done_and_the_loss_is_counted_and_told_the_hub(ClusterKind kind)
    {
        await using var environment = await clusters.OnAsync(kind);
        foreach (var vm in new[] { "vm-1", "vm-2", "vm-3" })
        {
            environment.Hub.Queue($"spoke-agent-{environment.AgentNamespace}", "create_vm", new JsonObject
            {
                ["name"] = vm,
                ["namespace"] = environment.Namespace,
                ["image_url"] = "quay.io/containerdisks/fedora:latest",
                ["cpu"] = 1,
                ["memory"] = 1,
            }, id: $"op-{vm}");
        }
        environment.Hub.Faults.Add(new HubFault { Kind = HubFaultKind.CutAnswer, Method = "GET", Path = "/operations", CutAt = 0.5, Times = 1 });

        var agent = await environment.StartAgentAsync();
        var result = await environment.ResultOfAsync("op-vm-1");
        await environment.ReportsAsync(agent, _ => LossIsTold(environment.Hub));

        Assert.Equal("completed", (string?)result["status"]);
        Assert.NotNull(await environment.Cluster.FindVmAsync(environment.Namespace, "vm-1"));
        Assert.Null(await environment.Cluster.FindVmAsync(environment.Namespace, "vm-2"));
        Assert.Equal(1, await agent.MetricAsync("ovim_agent_hub_possible_losses_total"));
        await environment.NextReportAsync(agent);
        Assert.Null(environment.Hub.Reports[^1].Json["errors"]); // told once
    }

    [Fact]
    public async Task Gateway_that_answers_in_place_of_a_hub_that_emptied_its_queue_is_told_and_not_with_each_poll()
    {
        await using var environment = await clusters.OnAsync(ClusterKind.Sandbox);
        var id = $"spoke-agent-{environment.AgentNamespace}";
        environment.Hub.Queue(id, "list_vms", [], "op-1");
        environment.Hub.Faults.Add(new HubFault { Kind = HubFaultKind.StatusAfter, Method = "GET", Path = "/operations", StatusCode = 502, Times = 4 });

        var agent = await environment.StartAgentAsync(("OVIM_HUB_POLL_INTERVAL", "100ms"));
        await environment.ReportsAsync(agent, _ => LossIsTold(environment.Hub));
        while (await agent.MetricAsync("ovim_agent_hub_possible_losses_total") < 4) await environment.NextReportAsync(agent);
        environment.Hub.Queue(id, "list_vms", [], "op-2"); // not before: the gateway would lose this one too
        await environment.ResultOfAsync("op-2");
        await environment.ReportsAsync(agent, _ => Losses(environment.Hub).Count() == 2);

        Assert.Equal(4, await agent.MetricAsync("ovim_agent_hub_possible_losses_total"));
        Assert.StartsWith("3 poll answers were not whole, operations may be lost: ", Losses(environment.Hub).Last(), StringComparison.Ordinal);
        Assert.DoesNotContain(environment.Hub.Results, result => result.OperationId == "op-1");
    }

    [Fact]
    public async Task What_follows_the_end_of_an_answer_is_told_as_a_possible_loss()
    {
        await using var environment = await clusters.OnAsync(ClusterKind.Sandbox);
        environment.Hub.Faults.Add(new HubFault
        {
            Kind = HubFaultKind.Status,
            StatusCode = 200,
            Method = "GET",
            Path = "/operations",
            Body = """[{"id":"op-1","type":"list_vms"}][{"id":"op-2","type":"list_vms"}]""",
            Times = 1,
        });

        var agent = await environment.StartAgentAsync();
        await environment.ResultOfAsync("op-1");
        await environment.ReportsAsync(agent, _ => LossIsTold(environment.Hub));

        Assert.Equal(1, await agent.MetricAsync("ovim_agent_hub_possible_losses_total"));
    }

    private static IEnumerable<string> Losses(SandboxHub hub) =>
        hub.Reports.SelectMany(report => report.Json["errors"] as JsonArray ?? []).Select(error => (string)error!)
            .Where(error => error.Contains("operations may be lost", StringComparison.Ordinal));

    private static bool LossIsTold(SandboxHub hub) =>
        Losses(hub).Any(error => error.StartsWith("a poll answer was not whole, operations may be lost: ", StringComparison.Ordinal));
}
