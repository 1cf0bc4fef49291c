using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using OvimSpokeAgent.EndToEnd.Tests.Harness;
using Xunit.Abstractions;

namespace OvimSpokeAgent.EndToEnd.Tests.Durability;

/// <summary>The Deployment is updated again and again while the hub hands out five operations a second.</summary>
public sealed class RollingUpdateTests(ITestOutputHelper output)
{
    private const int Operations = 75;

    // Each VM is created, deleted and created again: an operation too many or too few leaves other VMs behind.
    private static readonly string[] Life = ["create_vm", "delete_vm", "create_vm"];

    private static readonly TimeSpan BetweenOperations = TimeSpan.FromSeconds(1) / 5;

    [Theory]
    [InlineData(Way.Poll)]
    [InlineData(Way.Push)]
    public async Task Rolling_updates_lose_and_repeat_no_operation(Way way)
    {
        await using var environment = await TestEnvironment.StartAsync(await SandboxTestCluster.StartAsync(), ownsCluster: true);
        using var end = new CancellationTokenSource();
        var made = new ConcurrentDictionary<string, ConcurrentDictionary<string, bool>>();
        var following = await environment.Cluster.Admin.FollowAsync(
            TestClusterExtensions.VmsOf(environment.Namespace),
            vm => made.GetOrAdd((string)vm["metadata"]!["name"]!, _ => new())[(string)vm["metadata"]!["uid"]!] = true,
            end.Token);
        await using var deployment = new Deployment(environment, way);
        await deployment.StartPodAsync();

        var load = HandOutAsync(environment, deployment);
        var updates = 0;
        for (; updates < 3 || !load.IsCompleted; updates++) await deployment.UpdateAsync();
        var ids = await load;
        foreach (var id in ids) await environment.ResultOfAsync(id);

        output.WriteLine($"{updates} updates during {ids.Count} operations, {environment.Hub.Results.Count} results sent");
        foreach (var results in environment.Hub.Results.GroupBy(result => result.OperationId))
        {
            var body = Assert.Single(results.Select(result => result.Body).Distinct());
            Assert.Contains("\"completed\"", body, StringComparison.Ordinal);
        }
        Assert.Equal(ids.Order(), environment.Hub.Results.Select(result => result.OperationId).Distinct().Order());
        var there = await environment.Cluster.Admin.GetAsync(TestClusterExtensions.VmsOf(environment.Namespace));
        Assert.Equal(Operations / Life.Length, there["items"]!.AsArray().Count);
        Assert.All(made, vm => Assert.Equal(2, vm.Value.Count));
        await end.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => following);
    }

    private static async Task<IReadOnlyList<string>> HandOutAsync(TestEnvironment environment, Deployment deployment)
    {
        var ids = Enumerable.Range(0, Operations).Select(i => $"op-{i}").ToList();
        var handed = new Task[Operations / Life.Length];
        using var pace = new PeriodicTimer(BetweenOperations);
        for (var i = 0; i < Operations; i++)
        {
            await pace.WaitForNextTickAsync();
            var vm = i / Life.Length;
            var operation = new JsonObject
            {
                ["id"] = ids[i],
                ["type"] = Life[i % Life.Length],
                ["payload"] = new JsonObject
                {
                    ["name"] = $"vm-{vm}",
                    ["namespace"] = environment.Namespace,
                    ["image_url"] = "quay.io/containerdisks/fedora:latest",
                    ["cpu"] = 1,
                    ["memory"] = 1,
                },
                ["timestamp"] = TimeProvider.System.GetUtcNow().ToString("O"),
            };
            handed[vm] = deployment.HandOutAsync($"vm-{vm}", operation, after: handed[vm] ?? Task.CompletedTask);
        }
        await Task.WhenAll(handed);
        return ids;
    }

    /// <summary>The agent's pods, and the Service in front of them.</summary>
    private sealed class Deployment(TestEnvironment environment, Way way) : IAsyncDisposable
    {
        private readonly Queue<AgentProcess> _pods = new();
        private readonly Pusher _pusher = new();
        private readonly ConcurrentDictionary<string, bool> _queued = new();

        private int _started;
        private volatile AgentProcess? _newest;

        /// <summary>One pod more, once it is ready.</summary>
        public async Task StartPodAsync()
        {
            var variables = environment.Variables();
            variables["POD_NAME"] = $"agent-{_started++}";
            if (way is Way.Push) _pusher.AddTo(variables);
            var pod = AgentProcess.Start(variables);
            _pods.Enqueue(pod);
            await pod.IsReadyAsync();
            _newest = pod;
        }

        /// <summary>As a Deployment does it: the new pod first, then SIGTERM to the old one.</summary>
        public async Task UpdateAsync()
        {
            await StartPodAsync();
            await using var old = _pods.Dequeue();
            Assert.Equal(0, await old.TerminateAsync());
        }

        /// <summary>Those on one VM in their order: after one that was not accepted, the others wait in the queue too.</summary>
        public async Task HandOutAsync(string vm, JsonObject operation, Task after)
        {
            await after;
            if (way is Way.Push && !_queued.ContainsKey(vm) && await _pusher.IsAcceptedAsync(_newest!.Url, operation)) return;
            _queued[vm] = true;
            environment.Hub.QueueRaw($"spoke-agent-{environment.AgentNamespace}", operation);
        }

        public async ValueTask DisposeAsync()
        {
            foreach (var pod in _pods) await pod.DisposeAsync();
            _pusher.Dispose();
        }
    }
}
