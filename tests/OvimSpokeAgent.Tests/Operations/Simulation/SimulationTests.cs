using System.Globalization;
using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Operations;
using Xunit.Abstractions;

namespace OvimSpokeAgent.Tests.Operations.Simulation;

/// <summary>
/// The journal, the processor, the delivery and the leader election through schedules of faults made from seeds, on all cores.
/// <c>OVIM_SIMULATION_SEED</c> runs one seed alone and shows what happened; <c>2001-9999</c> runs these.
/// </summary>
public sealed class SimulationTests(ITestOutputHelper output)
{
    /// <summary>How many schedules are run.</summary>
    public const int Schedules = 2000;

    [Fact]
    public void Nothing_is_lost_and_nothing_is_done_twice()
    {
        var (first, last) = Seeds();
        var (steps, withOrphans) = (0L, 0);
        RunEach(first, last, seed =>
        {
            var world = SimulatedWorld.Run(Schedule.FromSeed(seed), trace: first == last ? output.WriteLine : null);
            Interlocked.Add(ref steps, world.Simulator.Steps);
            if (world.Orphans.AreThere) Interlocked.Increment(ref withOrphans);
        });
        output.WriteLine($"{last - first + 1} schedules, {withOrphans} of them with orphans, {steps} steps");
        Assert.True(first == last || withOrphans > 0);
    }

    [Fact]
    public void Nothing_is_lost_and_nothing_is_done_twice_where_there_is_often_no_room_for_another_record() =>
        RunEach(1, 100, seed =>
        {
            var random = new Random(seed);
            SimulatedWorld.Run(Schedule.FromSeed(seed), store => new CrampedStore(store, random));
        });

    [Fact]
    public void Same_seed_runs_the_same_way()
    {
        foreach (var seed in (int[])[1, 2, 3, 4, 5])
        {
            var (first, second) = (SimulatedWorld.Run(Schedule.FromSeed(seed)), SimulatedWorld.Run(Schedule.FromSeed(seed)));

            Assert.Equal(first.Simulator.Steps, second.Simulator.Steps);
            Assert.Equal(first.History.Trace, second.History.Trace);
            Assert.Equal(first.Hub.Results, second.Hub.Results);
        }
    }

    // On threads of their own: those of the pool are for the tests beside this one.
    private static void RunEach(int first, int last, Action<int> run)
    {
        var next = first - 1;
        Task.WaitAll([.. Enumerable.Range(0, Environment.ProcessorCount).Select(_ =>
            Task.Factory.StartNew(RunNext, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default))]);

        void RunNext()
        {
            while (Interlocked.Increment(ref next) is var seed && seed <= last) run(seed);
        }
    }

    private static (int First, int Last) Seeds()
    {
        if (Environment.GetEnvironmentVariable("OVIM_SIMULATION_SEED") is not { Length: > 0 } text) return (1, Schedules);
        var ends = text.Split('-').Select(end => int.Parse(end, CultureInfo.InvariantCulture)).ToArray();
        return (ends[0], ends[^1]);
    }

    /// <summary>Has no room for a record of what came together, two times out of three.</summary>
    private sealed class CrampedStore(IJournalStore store, Random random) : OtherStore(store)
    {
        public override Task<JournalRecord?> UpdateAsync(
            JournalRecord previous, JournalRecord next, ReadOnlyMemory<byte>? body, CancellationToken cancellationToken) =>
            previous.IsInBatch && random.Next(3) > 0
                ? throw new KubernetesApiException(ApiErrorReason.Forbidden, "exceeded quota: secrets") { IsLackOfRoom = true }
                : base.UpdateAsync(previous, next, body, cancellationToken);
    }
}
