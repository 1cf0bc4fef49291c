using System.Diagnostics;

namespace OvimSpokeAgent.Benchmarks.CreateVm;

/// <summary>One measurement: the agent carries out operations, then the same writes are made raw.</summary>
/// <param name="Operations">How many operations there were.</param>
/// <param name="Taken">From the first poll's answer to the last result at the hub.</param>
/// <param name="Recording">The agent's writes, those that have nothing to do with the operations included.</param>
/// <param name="RawWrites">How many of them were made again.</param>
/// <param name="RawTaken">How long that took.</param>
/// <param name="Windows">For each operation, from the poll's answer to its stored record.</param>
internal sealed record CreateVmRound(
    int Operations,
    TimeSpan Taken,
    Recording Recording,
    int RawWrites,
    TimeSpan RawTaken,
    IReadOnlyList<TimeSpan> Windows)
{
    private const int OperationsBefore = 10;

    /// <exception cref="BenchmarkException">An operation failed or took too long, or a write was refused.</exception>
    public static async Task<CreateVmRound> MeasureAsync(
        int operations, Workplace place, RawWrites raw, CancellationToken stop)
    {
        Recording recording;
        TimeSpan taken;
        IReadOnlyList<TimeSpan> windows;
        // The agent is gone when the raw client's turn comes: its watches would have the server do more for each write.
        await using (var agent = await MeasuredAgent.StartAsync(place, stop))
        {
            // Time for what an agent asks and lists at its start.
            for (var i = 0; i < OperationsBefore; i++) await agent.CreateVmsAsync(1, stop);
            await agent.SettledAsync(stop);
            agent.Writes.Take();

            var ids = await agent.CreateVmsAsync(operations, stop);
            taken = Stopwatch.GetElapsedTime(ids.Min(agent.Polls.ArrivalOf));
            await agent.SettledAsync(stop);
            recording = agent.Writes.Take();
            windows = agent.WindowsOf(recording);
        }
        var writes = place.WritesForOperations(recording);
        var rawTaken = await raw.RepeatAsync(writes, recording.MaxAtOnce, stop);
        return new CreateVmRound(operations, taken, recording, writes.Count, rawTaken, windows);
    }
}
