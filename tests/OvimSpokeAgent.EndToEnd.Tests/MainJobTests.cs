using System.Text.Json.Nodes;
using OvimSpokeAgent.EndToEnd.Tests.Harness;

namespace OvimSpokeAgent.EndToEnd.Tests;

/// <summary>Hub → agent → KubeVirt → hub.</summary>
[Collection(ClustersCollection.Name)]
public sealed class MainJobTests(Clusters clusters)
{
    private static readonly (string, JsonNode)[] SmallVm = [("image_url", "quay.io/containerdisks/fedora:latest"), ("cpu", 2), ("memory", "1Gi")];

    [Theory, OnRealApiServer]
    public async Task Created_vm_is_on_the_cluster_in_its_result_and_in_the_next_report(ClusterKind kind)
    {
        await using var environment = await clusters.OnAsync(kind);
        var agent = await environment.StartAgentAsync();

        var status = await environment.CompletesAsync(agent, "create_vm", "web", SmallVm);

        Assert.Equal("web", (string?)status["name"]);
        var vm = await environment.Cluster.FindVmAsync(environment.Namespace, "web");
        Assert.Equal("1Gi", (string?)vm!["spec"]!["template"]!["spec"]!["domain"]!["memory"]!["guest"]);
        var reported = await environment.ReportsAsync(
            agent, report => report["vms"]!.AsArray().Any(item => (string?)item!["name"] == "web"));
        Assert.Equal(agent.Id, (string?)reported["agent_id"]);
    }
}
