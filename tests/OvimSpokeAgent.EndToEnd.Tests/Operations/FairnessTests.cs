using System.Diagnostics;
using System.Text.Json.Nodes;
using KubernetesSandbox.Cluster;
using OvimSpokeAgent.EndToEnd.Tests.Harness;
using Xunit.Abstractions;

namespace OvimSpokeAgent.EndToEnd.Tests.Operations;

/// <summary>What one tenant's operations wait for does not keep those of others waiting.</summary>
public sealed class FairnessTests(Clusters clusters, ITestOutputHelper output) : IClassFixture<Clusters>
{
    private const int Slots = 8;
    private const int Flood = 500;

    [Theory, OnSandbox, OnRealApiServer]
    public async Task Guests_that_do_not_go_and_a_flood_of_one_tenant_keep_no_other_waiting(ClusterKind kind)
    {
        await using var environment = await clusters.OnAsync(kind);
        var other = await environment.HasAnotherNamespaceAsync();
        var agent = await environment.StartAgentAsync();
        for (var i = 0; i < Slots; i++) await HasGuestThatStaysAsync(environment, agent, $"stuck-{i}");

        var stuck = Enumerable.Range(0, Slots).Select(i => environment.Queues(agent, "start_vm", $"stuck-{i}")).ToList();
        for (var i = 0; i < Flood; i++) environment.Queues(agent, "create_vm", $"flood-{i}", StoppedVm);
        await IsTakenAsync(environment, agent);
        var waited = Stopwatch.StartNew();
        var create = environment.QueuesIn(other, agent, "create_vm", "web", StoppedVm);
        var health = environment.Hub.Queue(agent.Id, "get_health", []);
        var read = environment.Queues(agent, "get_vm_status", "stuck-0");

        foreach (var id in (string[])[create, health, read])
        {
            Assert.Equal("completed", (string?)(await environment.ResultOfAsync(id))["status"]);
            output.WriteLine($"{id}: after {waited.Elapsed.TotalSeconds:0.0} s, {environment.Hub.Results.Count} results so far");
        }
        Assert.DoesNotContain(environment.Hub.Results, result => stuck.Contains(result.OperationId));
    }

    [Fact]
    public async Task Webhook_that_hangs_for_one_tenant_keeps_no_other_waiting()
    {
        await using var cluster = await SandboxTestCluster.StartAsync();
        await using var environment = await TestEnvironment.StartAsync(cluster, ownsCluster: false);
        cluster.Api.Faults.Add(new ClusterFault
        {
            Kind = ClusterFaultKind.Freeze,
            Method = "POST",
            Path = $"/namespaces/{environment.Namespace}/virtualmachines",
        });

        await OthersGoOnAsync(environment);
    }

    [Fact]
    public async Task Server_that_asks_for_patience_with_one_tenant_keeps_no_other_waiting()
    {
        await using var cluster = await SandboxTestCluster.StartAsync();
        await using var environment = await TestEnvironment.StartAsync(cluster, ownsCluster: false);
        cluster.Api.Faults.Add(new ClusterFault
        {
            Kind = ClusterFaultKind.Status,
            StatusCode = 429,
            RetryAfterSeconds = 60,
            Method = "POST",
            Path = $"/namespaces/{environment.Namespace}/virtualmachines",
        });

        await OthersGoOnAsync(environment);
    }

    // Far more than the slots, so that with each of them taken for 30 s, or until the timeout, the others' turn never came.
    private static async Task OthersGoOnAsync(TestEnvironment environment)
    {
        var other = await environment.HasAnotherNamespaceAsync();
        var agent = await environment.StartAgentAsync();
        for (var i = 0; i < 10 * Slots; i++) environment.Queues(agent, "create_vm", $"vm-{i}", StoppedVm);
        await IsTakenAsync(environment, agent);

        var create = environment.QueuesIn(other, agent, "create_vm", "web", StoppedVm);
        var health = environment.Hub.Queue(agent.Id, "get_health", []);

        foreach (var id in (string[])[create, health])
            Assert.Equal("completed", (string?)(await environment.ResultOfAsync(id))["status"]);
        Assert.Equal(2, environment.Hub.Results.Count);
    }

    private static (string, JsonNode)[] StoppedVm => [("image_url", "disk"), ("cpu", 1), ("memory", "1Gi"), ("run", false)];

    private static async Task IsTakenAsync(TestEnvironment environment, TestAgent agent)
    {
        while (environment.Hub.Queued(agent.Id) > 0) await environment.NextReportAsync(agent);
    }

    // Started by hand, and asked to stop: its guest takes an hour for it.
    private static async Task HasGuestThatStaysAsync(TestEnvironment environment, TestAgent agent, string name)
    {
        await environment.Cluster.Admin.CreateAsync(TestClusterExtensions.VmsOf(environment.Namespace), new JsonObject
        {
            ["apiVersion"] = "kubevirt.io/v1",
            ["kind"] = "VirtualMachine",
            ["metadata"] = new JsonObject
            {
                ["name"] = name,
                ["labels"] = new JsonObject { ["app.kubernetes.io/managed-by"] = "ovim-spoke-agent" },
                ["annotations"] = new JsonObject { ["sandbox.ovim.io/fail"] = "guest-ignores-shutdown" },
            },
            ["spec"] = new JsonObject
            {
                ["runStrategy"] = "Manual",
                ["template"] = new JsonObject
                {
                    ["spec"] = new JsonObject { ["terminationGracePeriodSeconds"] = 3600, ["domain"] = new JsonObject { ["devices"] = new JsonObject() } },
                },
            },
        });
        await environment.CompletesAsync(agent, "start_vm", name);
        await environment.HasGuestAsync(name, vmi => (string?)vmi?["status"]?["phase"] == "Running");
        await environment.CompletesAsync(agent, "stop_vm", name);
        await environment.HasGuestAsync(name, vmi => vmi?["metadata"]!["deletionTimestamp"] is not null);
    }
}
