using System.Text.Json.Nodes;
using KubernetesSandbox.Cluster;
using OvimSpokeAgent.EndToEnd.Tests.Harness;
using OvimSpokeAgent.EndToEnd.Tests.Hub;

namespace OvimSpokeAgent.EndToEnd.Tests.Durability;

/// <summary>The cluster stores nothing for a while.</summary>
[Collection(AloneCollection.Name)]
public sealed class StoreOutageTests
{
    [Fact]
    public async Task Operation_that_was_done_before_is_not_done_again_when_the_hub_repeats_it_after()
    {
        await using var world = await OutageWorld.StartAsync();
        await world.CompletesAsync(world.Queues("create_vdc", new JsonObject { ["vdc_name"] = OutageWorld.Vdc, ["target_namespace"] = OutageWorld.Vdc }));
        var create = CreateVm("op-1");
        world.Hub.QueueRaw(world.Agent.Id, create.DeepClone());
        await world.CompletesAsync("op-1");
        await world.DeletesVmAsync("web"); // by its owner
        await world.KnowsVmAsync("web", null);

        await world.Clock.RunAsync(TimeSpan.FromMinutes(11));
        world.ClusterFaults.Add(new ClusterFault { Kind = ClusterFaultKind.Status, StatusCode = 500, Method = "POST", Resource = "secrets" });
        var later = world.Queues("list_vms", []);
        await world.Clock.RunAsync(TimeSpan.FromMinutes(3));
        world.ClusterFaults.Clear();
        await world.CompletesAsync(later);
        world.Hub.QueueRaw(world.Agent.Id, create);
        await world.Clock.RunUntilAsync(
            "the answer to the repeat", () => world.Hub.Results.Count(result => result.OperationId == "op-1") == 2, TimeSpan.FromMinutes(2));

        Assert.Null(await world.Admin.FindAsync($"{TestClusterExtensions.VmsOf(OutageWorld.Vdc)}/web"));
        Assert.Single(world.Hub.Results.Where(result => result.OperationId == "op-1").Select(result => result.Body).Distinct());
    }

    private static JsonObject CreateVm(string id) => new()
    {
        ["id"] = id,
        ["type"] = "create_vm",
        ["timestamp"] = "2026-11-23T08:37:01Z",
        ["payload"] = new JsonObject
        {
            ["name"] = "web",
            ["namespace"] = OutageWorld.Vdc,
            ["image_url"] = "quay.io/containerdisks/fedora:latest",
            ["cpu"] = 1,
            ["memory"] = 1,
        },
    };
}
