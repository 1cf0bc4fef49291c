using System.Text.Json.Nodes;
using OvimSpokeAgent.EndToEnd.Tests.Harness;
using OvimSpokeAgent.Sandbox.Hub;

namespace OvimSpokeAgent.EndToEnd.Tests.Durability;

/// <summary>An answer with operations that breaks off on the way.</summary>
[Collection(ClustersCollection.Name)]
public sealed class BrokenAnswerTests(Clusters clusters)
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
        Assert.Equal(1, await agent.MetricAsync("ovim_hub_possible_losses_total"));
        await environment.NextReportAsync(agent);
        Assert.Null(environment.Hub.Reports[^1].Json["errors"]); // told once
    }

    private static bool LossIsTold(SandboxHub hub) => hub.Reports.Any(report => report.Json["errors"] is JsonArray errors
        && errors.Any(error => ((string)error!).StartsWith("a poll answer was not whole, operations may be lost: ", StringComparison.Ordinal)));
}
