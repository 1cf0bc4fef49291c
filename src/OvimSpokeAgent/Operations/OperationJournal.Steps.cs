namespace OvimSpokeAgent.Operations;

/// <content>The steps that a record goes, each stored before it counts.</content>
internal sealed partial class OperationJournal
{
    /// <summary>Stores a fact that further executions of this operation depend on.</summary>
    public Task<JournalRecord> StartAsync(OperationKey key, string fact, CancellationToken cancellationToken) =>
        StoreAsync(key, record => record with { State = JournalState.Started, Fact = fact }, cancellationToken);

    /// <summary>Stores the result; from then on the payload is not needed.</summary>
    public Task<JournalRecord> FinishAsync(
        OperationKey key, ReadOnlyMemory<byte> result, CancellationToken cancellationToken) =>
        StoreAsync(
            key,
            record => record with
            {
                State = JournalState.Finished,
                Operation = record.Operation.WithoutPayload(),
                Result = result,
                FinishedAt = _time.GetUtcNow(),
            },
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
                ExpiresAt = JournalRecords.NextMinute(now + (delivered ? _retention : _refusedRetention)),
            },
            cancellationToken);
    }

    /// <summary>Stores that a delivered result has to go out once more: finished again or, without a stored one, received.</summary>
    public Task<JournalRecord> ReopenAsync(OperationKey key, CancellationToken cancellationToken) =>
        StoreAsync(
            key,
            record => record with
            {
                State = record.Result is null ? JournalState.Received : JournalState.Finished,
                ExpiresAt = null,
            },
            cancellationToken);

    private async Task<JournalRecord> StoreAsync(
        OperationKey key, Func<JournalRecord, JournalRecord> step, CancellationToken cancellationToken)
    {
        var previous = Find(key) ?? throw new InvalidOperationException($"{key} is not in the journal");
        var next = step(previous);
        var stored = await _attempts.UntilStoredAsync(token => _store.UpdateAsync(previous, next, token), cancellationToken);
        lock (_lock)
        {
            if (_session is not null) _records.Put(stored);
        }
        _changed.Set(); // a payload that is dropped makes room
        return stored;
    }
}
