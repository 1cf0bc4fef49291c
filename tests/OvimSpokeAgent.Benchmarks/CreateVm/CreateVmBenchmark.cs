using System.Diagnostics;
using System.Text.Json.Nodes;
using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.EndToEnd.Tests.Harness;

namespace OvimSpokeAgent.Benchmarks.CreateVm;

/// <summary>
/// <c>create_vm</c> from the hub to the cluster and back, against the API server that <c>OVIM_E2E_KUBECONFIG</c> names or
/// the sandbox's. KubeVirt's controllers do not run: the operation is answered when the API server has the VM.
/// </summary>
internal static class CreateVmBenchmark
{
    // Enough for the code to be compiled for good.
    private const int MostForWarmUp = 300;

    /// <param name="operations">How many operations the hub hands out at once.</param>
    /// <param name="single">How many before that it hands out one at a time.</param>
    /// <param name="screen">Gets the figures.</param>
    /// <param name="stop">Ends it early.</param>
    /// <exception cref="BenchmarkException">An operation failed, or took too long.</exception>
    public static async Task RunAsync(int operations, int single, TextWriter screen, CancellationToken stop)
    {
        var isReal = !string.IsNullOrEmpty(Environment.GetEnvironmentVariable(RealCluster.KubeconfigVariable));
        await screen.WriteLineAsync(isReal
            ? $"create_vm against the API server that {RealCluster.KubeconfigVariable} names, {Environment.ProcessorCount} cores"
            : $"create_vm against the sandbox's API server: set {RealCluster.KubeconfigVariable} to an administrator's kubeconfig for a real one");
        await using ITestCluster cluster = isReal
            ? await RealCluster.OpenAsync(hasController: false)
            : await SandboxTestCluster.StartAsync(hasController: false);
        var place = await Workplace.PrepareAsync(cluster);
        var other = await Workplace.PrepareAsync(cluster);
        try
        {
            await MeasureAsync(operations, single, place, other, screen, stop);
        }
        finally
        {
            await place.RemoveAsync(cluster);
            await other.RemoveAsync(cluster);
        }
    }

    private static async Task MeasureAsync(
        int operations, int single, Workplace place, Workplace other, TextWriter screen, CancellationToken stop)
    {
        Recording warmUp, load;
        Distribution whenIdle, underLoad;
        TimeSpan taken;
        await using (var agent = await MeasuredAgent.StartAsync(place, stop))
        {
            await agent.CreateVmsAsync(Math.Min(operations, MostForWarmUp), stop);
            await agent.SettledAsync(stop);
            warmUp = agent.Writes.Take();

            for (var i = 0; i < single; i++) await agent.CreateVmsAsync(1, stop);
            await agent.SettledAsync(stop);
            whenIdle = Windows(agent.Writes.Take(), agent.Polls, place);

            var ids = await agent.CreateVmsAsync(operations, stop);
            taken = Stopwatch.GetElapsedTime(ids.Min(agent.Polls.ArrivalOf));
            await agent.SettledAsync(stop);
            load = agent.Writes.Take();
            underLoad = Windows(load, agent.Polls, place);
        }

        var writes = load.Writes.Where(write => IsAboutOperations(write, place)).ToList();
        using var raw = new RawWrites(place, other);
        await raw.RepeatAsync(warmUp.Writes.Where(write => IsAboutOperations(write, place)), load.MostAtOnce, stop);
        var rawTaken = await raw.RepeatAsync(writes, load.MostAtOnce, stop);

        await screen.WriteLineAsync($"""

            agent  {operations,6} operations in {taken.TotalSeconds,6:0.00} s: {operations / taken.TotalSeconds,6:0} operations/s, {writes.Count / taken.TotalSeconds,6:0} writes/s, up to {load.MostAtOnce} at once
            raw    {writes.Count,6} writes     in {rawTaken.TotalSeconds,6:0.00} s: {operations / rawTaken.TotalSeconds,6:0} operations/s, {writes.Count / rawTaken.TotalSeconds,6:0} writes/s, {load.MostAtOnce} at once
            ratio  {rawTaken / taken:0.00}

            writes
            {string.Join('\n', Kinds(load.Writes, place, operations))}

            from the poll's answer to the stored operation
              one at a time   {Line(whenIdle)}
              all at once     {Line(underLoad)}
            """);
    }

    private static Distribution Windows(Recording recording, PollClock polls, Workplace place) => new(
        from write in recording.Writes
        where write.Method == HttpMethod.Post && Collection(write).EndsWith($"/{place.Own}/secrets", StringComparison.Ordinal)
        let id = (string?)JsonNode.Parse(write.Body)!["metadata"]!["annotations"]?[Names.OperationIdAnnotation]
        where id is not null
        select Stopwatch.GetElapsedTime(polls.ArrivalOf(id), write.AnsweredAt));

    // The Lease, questions about rights and events about the agent come by the clock, not by the operation.
    private static bool IsAboutOperations(RecordedWrite write, Workplace place) =>
        write.Path.Contains($"/{place.Own}/secrets", StringComparison.Ordinal)
        || write.Path.Contains($"/{place.Machines}/", StringComparison.Ordinal);

    private static IEnumerable<string> Kinds(IReadOnlyList<RecordedWrite> writes, Workplace place, int operations) =>
        from write in writes
        group write by (write.Method.Method, Kind(write), IsAboutOperations(write, place)) into kind
        orderby kind.Key.Item3 descending, kind.Key.Method, kind.Key.Item2
        select kind.Key.Item3
            ? $"  {kind.Key.Method,-6} {kind.Key.Item2,-20} {kind.Count() / (double)operations,8:0.00} an operation"
            : $"  {kind.Key.Method,-6} {kind.Key.Item2,-20} {kind.Count(),8} in all, not counted above";

    private static string Kind(RecordedWrite write) =>
        write.Method == HttpMethod.Post ? Collection(write).Split('/')[^1] : Collection(write).Split('/')[^2];

    private static string Collection(RecordedWrite write) => write.Path.Split('?')[0];

    private static string Line(Distribution times) =>
        $"{times.Count,6} operations: median {times.Median.TotalMilliseconds,7:0.0} ms, 99 % within {times.P99.TotalMilliseconds,7:0.0} ms, all within {times.Longest.TotalMilliseconds,7:0.0} ms";
}
