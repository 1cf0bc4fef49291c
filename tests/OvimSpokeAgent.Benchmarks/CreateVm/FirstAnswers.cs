using System.Collections.Concurrent;
using System.Diagnostics;
using OvimSpokeAgent.EndToEnd.Tests.Harness;
using OvimSpokeAgent.Sandbox.Hub;

namespace OvimSpokeAgent.Benchmarks.CreateVm;

/// <summary>
/// The first answer of a process: nothing of its code was used before. From the moment at which the hub hands the operations
/// out to that at which a watch shows them in the journal, so with the way over both connections.
/// </summary>
internal static class FirstAnswers
{
    /// <summary>How many operations the hub has for each process.</summary>
    public const int Operations = 4;

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    /// <returns>For each process, how long the last of its operations was only in memory.</returns>
    /// <exception cref="BenchmarkException">It took too long.</exception>
    public static async Task<IReadOnlyList<TimeSpan>> MeasureAsync(
        ITestCluster cluster, int processes, Workplace place, CancellationToken stop)
    {
        var times = new List<TimeSpan>();
        while (times.Count < processes) times.Add(await MeasureAsync(cluster, place, stop));
        return times;
    }

    private static async Task<TimeSpan> MeasureAsync(ITestCluster cluster, Workplace place, CancellationToken stop)
    {
        await using var hub = await SandboxHub.StartAsync(cancellationToken: stop);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(stop);
        limit.CancelAfter(Patience);
        using var watch = CancellationTokenSource.CreateLinkedTokenSource(limit.Token);
        var stored = new Stored();
        var following = await cluster.Admin.FollowAsync($"api/v1/namespaces/{place.Own}/secrets", stored.Saw, watch.Token);
        string[] ids = [.. Enumerable.Range(0, Operations).Select(_ => $"op-{Guid.NewGuid():N}")];
        foreach (var id in ids) hub.Queue(MeasuredAgent.Id, "create_vm", MeasuredAgent.Payload(id, place), id);
        await using var agent = AgentProcess.StartPlain(MeasuredAgent.Variables(hub, place));
        try
        {
            await hub.WaitForAsync(it => it.Queued(MeasuredAgent.Id) == 0, limit.Token);
            var handedOut = Stopwatch.GetTimestamp();
            await hub.WaitForResultsAsync(results => ids.All(id => results.Any(result => result.OperationId == id)), limit.Token);
            await agent.TerminateAsync();
            return ids.Max(id => Stopwatch.GetElapsedTime(handedOut, stored.At(id)));
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            throw new BenchmarkException($"a fresh process did not answer within {Patience}:\n{agent.Output}");
        }
        finally
        {
            await watch.CancelAsync();
            await following.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private sealed class Stored
    {
        private readonly ConcurrentDictionary<string, long> _times = new();

        public void Saw(System.Text.Json.Nodes.JsonObject secret)
        {
            var now = Stopwatch.GetTimestamp();
            foreach (var id in JournalContent.IdsIn(secret)) _times.TryAdd(id, now);
        }

        public long At(string id) => _times[id];
    }
}
