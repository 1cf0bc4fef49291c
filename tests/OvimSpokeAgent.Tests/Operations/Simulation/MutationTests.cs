using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Operations;
using OvimSpokeAgent.Tests.Simulation;
using Xunit.Abstractions;

namespace OvimSpokeAgent.Tests.Operations.Simulation;

/// <summary>
/// Proves that the simulation proves something: with one of the journal's guarantees switched off at a time, it finds
/// out within the schedules that it runs.
/// </summary>
[Trait("Category", "Mutation")]
public sealed class MutationTests(ITestOutputHelper output)
{
    [Fact]
    public void Operations_that_are_executed_before_they_are_stored_are_found_out() => Finds(store => new LateStore(store));

    [Fact]
    public void Repeats_that_are_not_known_again_are_found_out() => Finds(store => new ForgetfulStore(store));

    [Fact]
    public void Journal_that_is_not_replayed_is_found_out() => Finds(store => new UnreadStore(store));

    [Fact]
    public void Delivered_operations_that_are_forgotten_for_any_failure_of_the_store_are_found_out() => Finds(store => new RoomlessStore(store));

    private void Finds(Func<IJournalStore, IJournalStore> mutation)
    {
        for (var seed = 1; seed <= SimulationTests.Schedules; seed++)
        {
            try
            {
                SimulatedWorld.Run(Schedule.FromSeed(seed), mutation);
            }
            catch (SimulationException e)
            {
                output.WriteLine(e.Message);
                return;
            }
        }
        Assert.Fail($"not found in {SimulationTests.Schedules} schedules");
    }

    /// <summary>Says that a new record is stored, and stores it with its next step.</summary>
    private sealed class LateStore(IJournalStore store) : OtherStore(store)
    {
        public override Task<JournalRecord> CreateAsync(
            JournalRecord record, ReadOnlyMemory<byte> body, CancellationToken cancellationToken) => Task.FromResult(record);

        public override Task CreateBatchAsync(StoredBatch batch, CancellationToken cancellationToken) => Task.CompletedTask;
    }

    /// <summary>Gives each operation that arrives an identity of its own.</summary>
    private sealed class ForgetfulStore(IJournalStore store) : OtherStore(store)
    {
        private static int _count;

        public override Task<JournalRecord> CreateAsync(
            JournalRecord record, ReadOnlyMemory<byte> body, CancellationToken cancellationToken)
        {
            var key = new OperationKey($"{record.Key.Value}-{++_count}");
            return base.CreateAsync(record with { Operation = record.Operation with { Key = key } }, body, cancellationToken);
        }
    }

    /// <summary>Does not read what was begun and not finished.</summary>
    private sealed class UnreadStore(IJournalStore store) : OtherStore(store)
    {
        public override async Task<JournalContent> LoadAsync(Predicate<string> isKnown, CancellationToken cancellationToken)
        {
            var content = await base.LoadAsync(isKnown, cancellationToken);
            return content with { Records = [.. content.Records.Where(record => record.IsSettled)], Batches = [] };
        }

        public override Task<JournalContent> LoadUnsettledAsync(Predicate<string> isKnown, CancellationToken cancellationToken) =>
            Task.FromResult(new JournalContent([], [], []));
    }

    /// <summary>Says of everything that it cannot store that there is no room.</summary>
    private sealed class RoomlessStore(IJournalStore store) : OtherStore(store)
    {
        public override async Task<JournalRecord> CreateAsync(
            JournalRecord record, ReadOnlyMemory<byte> body, CancellationToken cancellationToken)
        {
            try
            {
                return await base.CreateAsync(record, body, cancellationToken);
            }
            catch (KubernetesApiException e)
            {
                throw new KubernetesApiException(e.Reason, e.Message) { IsLackOfRoom = true };
            }
        }

        public override async Task CreateBatchAsync(StoredBatch batch, CancellationToken cancellationToken)
        {
            try
            {
                await base.CreateBatchAsync(batch, cancellationToken);
            }
            catch (KubernetesApiException e)
            {
                throw new KubernetesApiException(e.Reason, e.Message) { IsLackOfRoom = true };
            }
        }
    }
}
