using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Contract;

namespace OvimSpokeAgent.Operations;

/// <content>The steps that a record goes, each stored before it counts.</content>
internal sealed partial class OperationJournal
{
    /// <summary>Stores a checkpoint that further executions of this operation depend on.</summary>
    public Task<JournalRecord> StartAsync(Operation operation, string checkpoint, CancellationToken cancellationToken) =>
        StoreAsync(
            operation.Key,
            record => record with { State = JournalState.Started, Checkpoint = checkpoint },
            operation.PayloadBytes,
            cancellationToken);

    /// <summary>Stores the result; from then on neither the payload nor a checkpoint is needed.</summary>
    public Task<JournalRecord> FinishAsync(
        OperationKey key, ReadOnlyMemory<byte> result, CancellationToken cancellationToken) =>
        StoreAsync(
            key,
            record => record with
            {
                State = JournalState.Finished,
                Checkpoint = null,
                HasResult = true,
                SaysDeleted = VdcOperations.SaysDeleted(record.Operation.Type, result),
                BodyBytes = result.Length,
                FinishedAt = _time.GetUtcNow(),
            },
            result,
            cancellationToken);

    /// <summary>Stores that the hub has the result, or will never take it.</summary>
    public Task<JournalRecord> SettleAsync(OperationKey key, bool delivered, CancellationToken cancellationToken)
    {
        var now = _time.GetUtcNow();
        return StoreAsync(
            key,
            record => record with
            {
                State = delivered ? JournalState.Delivered : JournalState.Refused,
                FinishedAt = now,
                ExpiresAt = JournalCapacity.ExpiryAfter(now + (delivered ? _retention : _refusedRetention)),
            },
            null,
            cancellationToken);
    }

    /// <summary>Stores that a delivered result has to go out once more: finished again or, without a stored one, received.</summary>
    public Task<JournalRecord> ReopenAsync(OperationKey key, CancellationToken cancellationToken) =>
        StoreAsync(
            key,
            record => record with
            {
                State = record.HasResult ? JournalState.Finished : JournalState.Received,
                ExpiresAt = null,
            },
            null,
            cancellationToken);

    private async Task<JournalRecord> StoreAsync(
        OperationKey key, Func<JournalRecord, JournalRecord> step, ReadOnlyMemory<byte>? body, CancellationToken cancellationToken)
    {
        var previous = Find(key) ?? throw new InvalidOperationException($"{key} is not in the journal");
        var next = step(previous);
        if (body is null && _bodies.TryGet(key.Value, next.HasResult, out var kept)) body = kept;
        if (body is null && previous.IsInBatch) body = await BodyInBatchAsync(previous, cancellationToken);
        var stored = await _attempts.UntilStoredAsync(token => UpdateAsync(previous, next, body, token), cancellationToken)
            ?? next; // people removed it, and its body is not at hand: known it stays, so that nothing is done twice
        if (body is { } its && stored with { Version = next.Version } == next) Keep(stored, its);
        lock (_lock)
        {
            if (_session is not null) _records.Put(stored);
        }
        _changed.Set(); // a payload that is dropped makes room
        return stored;
    }

    // A quota that is used up must not keep what came together from its end: there it has no record that could be changed.
    private async Task<JournalRecord?> UpdateAsync(
        JournalRecord previous, JournalRecord next, ReadOnlyMemory<byte>? body, CancellationToken cancellationToken)
    {
        try
        {
            return await _store.UpdateAsync(previous, next, body, cancellationToken);
        }
        catch (KubernetesApiException e) when (e.IsLackOfRoom && previous.IsInBatch)
        {
            // The quota is asked first: an answer of ours may have been lost.
            if (await _store.ReadAsync(next.Key, cancellationToken) is { } found) return found.Record with { Place = next.Place };
            var (batch, index) = next.Place!.Value;
            lock (_lock) batch.Steps.Add(index);
            if (!await _store.StepInBatchAsync(next, next.HasResult ? body : null, cancellationToken)) throw;
            return next;
        }
    }
}
