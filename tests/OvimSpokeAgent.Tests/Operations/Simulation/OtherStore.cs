using System.Collections;
using OvimSpokeAgent.Operations;

namespace OvimSpokeAgent.Tests.Operations.Simulation;

/// <summary>A journal's store that does something in another way.</summary>
internal abstract class OtherStore(IJournalStore store) : IJournalStore
{
    public Task CheckReadableAsync(CancellationToken cancellationToken) => store.CheckReadableAsync(cancellationToken);

    public virtual Task<JournalContent> LoadAsync(Predicate<string> isKnown, CancellationToken cancellationToken) =>
        store.LoadAsync(isKnown, cancellationToken);

    public virtual Task<JournalContent> LoadUnsettledAsync(Predicate<string> isKnown, CancellationToken cancellationToken) =>
        store.LoadUnsettledAsync(isKnown, cancellationToken);

    public Task WarmUpAsync(StoredBatch batch, CancellationToken cancellationToken) => store.WarmUpAsync(batch, cancellationToken);

    public virtual Task CreateBatchAsync(StoredBatch batch, CancellationToken cancellationToken) =>
        store.CreateBatchAsync(batch, cancellationToken);

    public Task<StoredBatch?> ReadBatchAsync(string name, CancellationToken cancellationToken) =>
        store.ReadBatchAsync(name, cancellationToken);

    public virtual Task<bool> StepInBatchAsync(
        JournalRecord next, ReadOnlyMemory<byte>? result, CancellationToken cancellationToken) =>
        store.StepInBatchAsync(next, result, cancellationToken);

    public virtual Task<bool> MarkAsync(
        string name, BitArray left, IReadOnlyCollection<int> steps, CancellationToken cancellationToken) =>
        store.MarkAsync(name, left, steps, cancellationToken);

    public Task RemoveBatchesAsync(IReadOnlyCollection<string> names, CancellationToken cancellationToken) =>
        store.RemoveBatchesAsync(names, cancellationToken);

    public Task<StoredOperation?> ReadAsync(OperationKey key, CancellationToken cancellationToken) =>
        store.ReadAsync(key, cancellationToken);

    public virtual Task<JournalRecord> CreateAsync(
        JournalRecord record, ReadOnlyMemory<byte> body, CancellationToken cancellationToken) =>
        store.CreateAsync(record, body, cancellationToken);

    public virtual Task<JournalRecord?> UpdateAsync(
        JournalRecord previous, JournalRecord next, ReadOnlyMemory<byte>? body, CancellationToken cancellationToken) =>
        store.UpdateAsync(previous, next, body, cancellationToken);

    public Task RemoveAsync(IReadOnlyCollection<DateTimeOffset> expiries, CancellationToken cancellationToken) =>
        store.RemoveAsync(expiries, cancellationToken);
}
