using System.Diagnostics;
using System.Text.Json.Nodes;
using OvimSpokeAgent.EndToEnd.Tests.Harness;
using Xunit.Abstractions;

namespace OvimSpokeAgent.EndToEnd.Tests.Operations;

/// <summary>
/// The real API server is killed and started again while VMs are made. Until its RBAC caches are filled it answers 403, to
/// access reviews too: no operation fails by that, and none is done twice or half.
/// </summary>
public sealed class ApiServerRestartTests(Clusters clusters, ITestOutputHelper output) : IClassFixture<Clusters>
{
    private static readonly int Restarts = Amounts.Of(2, 8);
    private static readonly int Vms = Amounts.Of(30, 100);

    [Theory, OnRestartableApiServer]
    public async Task No_operation_fails_by_an_api_server_that_starts(ClusterKind kind)
    {
        await using var environment = await clusters.OnAsync(kind);
        var agent = await environment.StartAgentAsync(("OVIM_HEARTBEAT_INTERVAL", "30s"));

        for (var restart = 1; restart <= Restarts; restart++)
        {
            var round = Stopwatch.StartNew();
            for (var i = 0; i < Vms; i++) environment.Queues(agent, "create_vm", $"vm-{restart}-{i}", Vm(withSecret: i % 2 == 0));
            await HasResultsAsync(environment, ((restart - 1) * Vms) + (Vms / 10));
            await RestartableApiServer.RestartAsync((RealCluster)environment.Cluster);
            await HasResultsAsync(environment, restart * Vms);
            output.WriteLine($"restart {restart}: {Vms} VMs in {round.Elapsed.TotalSeconds:0.0} s");
        }

        var results = environment.Hub.Results.DistinctBy(result => result.OperationId).ToList();
        var failed = results.Where(result => (string?)result.Json["status"] != "completed").Select(result => result.Body).ToList();
        Assert.True(failed.Count == 0, $"{failed.Count} failed: {string.Join('\n', failed.Take(10))}");
        var vms = (await environment.Cluster.Admin.GetAsync(TestClusterExtensions.VmsOf(environment.Namespace)))["items"]!.AsArray();
        Assert.Equal(results.Count, vms.Count);
        Assert.All(vms, vm => Assert.Null(vm!["metadata"]!["annotations"]!["ovim.io/incomplete"]));
    }

    private static Task HasResultsAsync(TestEnvironment environment, int count)
    {
        var limit = new CancellationTokenSource(2 * JsonApi.Patience);
        return environment.Hub.WaitForResultsAsync(
            results => results.Select(result => result.OperationId).Distinct().Count() >= count, limit.Token);
    }

    private static (string, JsonNode)[] Vm(bool withSecret)
    {
        (string, JsonNode)[] vm = [("image_url", "disk"), ("cpu", 1), ("memory", "1Gi"), ("run", false)];
        return withSecret ? [.. vm, ("ssh_keys", new JsonArray("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIB a@b"))] : vm;
    }
}
