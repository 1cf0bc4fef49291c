using System.Text.Json;
using OvimSpokeAgent.Cluster;

namespace OvimSpokeAgent.Operations;

/// <content>Payloads and results: read when they are needed, and then only the last ones kept.</content>
internal sealed partial class OperationJournal
{
    /// <summary>What bodies in memory may take.</summary>
    private const long BodyBytes = 24L << 20;

    private readonly BodyCache _bodies = new(BodyBytes);

    /// <summary>Looks for an operation's payload.</summary>
    public async Task<PayloadLookup> FindPayloadAsync(JournalRecord record, CancellationToken cancellationToken)
    {
        if (record.IsInBatch) return await FindInBatchAsync(record, cancellationToken);
        if (_bodies.TryGet(record.Key.Value, isResult: false, out var kept))
            return new(PayloadState.Found, record, JournalSecret.Payload(kept)!.Value);
        var (stored, isUnreadable) = await TryReadAsync(token => _store.ReadAsync(record.Key, token), cancellationToken);
        if (stored is null && !isUnreadable) return new(PayloadState.Gone, record);
        if (stored is { Record.HasResult: true } finished)
        {
            lock (_lock)
            {
                if (_session is not null) _records.Put(finished.Record);
            }
            return new(PayloadState.Finished, finished.Record);
        }
        if (stored is { } found && JournalSecret.Payload(found.Body) is { } payload)
        {
            _bodies.Put(record.Key.Value, isResult: false, found.Body);
            return new(PayloadState.Found, record, payload);
        }
        Leave(record);
        return new(PayloadState.Spoiled, record);
    }

    /// <summary>An operation's result; null: there is none any more, because people removed or spoiled it or it is not stored.</summary>
    public async Task<ReadOnlyMemory<byte>?> FindResultAsync(JournalRecord record, CancellationToken cancellationToken)
    {
        if (_bodies.TryGet(record.Key.Value, isResult: true, out var kept)) return kept;
        if (!record.HasResult) return null;
        if (await TryReadAsync(ReadAsync, cancellationToken) is ({ Record.HasResult: true } stored, _))
        {
            _bodies.Put(record.Key.Value, isResult: true, stored.Body);
            return stored.Body;
        }
        if (!record.IsSettled) Leave(record);
        return null;

        async Task<StoredOperation?> ReadAsync(CancellationToken token)
        {
            if (!record.IsInBatch) return await _store.ReadAsync(record.Key, token);
            var (batch, index) = record.Place!.Value;
            return await _store.ReadBatchAsync(batch.Name, token) is { } read && read.Steps.TryGetValue(index, out var step) ? step : null;
        }
    }

    /// <summary>Keeps a result that is not stored, for as long as there is room for it.</summary>
    public void KeepResult(JournalRecord record, ReadOnlyMemory<byte> result) => _bodies.Put(record.Key.Value, isResult: true, result);

    private void Keep(JournalRecord record, ReadOnlyMemory<byte> body)
    {
        if (record.HasResult) _bodies.Remove(record.Key.Value, isResult: false);
        _bodies.Put(record.Key.Value, record.HasResult, body);
    }

    private async Task<(T? Stored, bool IsUnreadable)> TryReadAsync<T>(
        Func<CancellationToken, Task<T?>> read, CancellationToken cancellationToken)
        where T : struct
    {
        return await _attempts.UntilStoredAsync(TryAsync, cancellationToken);

        async Task<(T?, bool)> TryAsync(CancellationToken token)
        {
            try
            {
                return (await read(token), false);
            }
            catch (KubernetesApiException e) when (e.Reason is ApiErrorReason.Unreadable)
            {
                return (null, true);
            }
        }
    }

    // It is looked at each minute until it can be read.
    private void Leave(JournalRecord record)
    {
        lock (_lock)
        {
            _records.Remove(record.Key);
            if (record is { IsInBatch: true, Place: { } place }) _records.Forget(place.Batch);
        }
        Name(record is { IsInBatch: true } ? record.Place!.Value.Batch.Name : record.Key.Value);
    }

    private void Name(string unreadable)
    {
        lock (_lock)
        {
            if (_status.Unreadable.Contains(unreadable)) return;
            _status = _status with { Unreadable = [.. _status.Unreadable, unreadable] };
        }
        LogUnreadable(1, unreadable);
    }
}

/// <summary>What came of looking for a payload.</summary>
internal enum PayloadState
{
    Found,

    /// <summary>People removed the record.</summary>
    Gone,

    /// <summary>People changed it so that it cannot be read: it is left alone, and named until it is put right.</summary>
    Spoiled,

    /// <summary>Another agent finished the operation.</summary>
    Finished,
}

/// <summary>What came of looking for a payload.</summary>
/// <param name="State">What came of it.</param>
/// <param name="Record">The record as it is now.</param>
/// <param name="Json">The payload where it was found, or the whole operation as it came.</param>
/// <param name="IsWhole">Whether it is the whole operation.</param>
internal readonly record struct PayloadLookup(
    PayloadState State, JournalRecord Record, JsonElement Json = default, bool IsWhole = false);
