namespace OvimSpokeAgent.Operations;

/// <content>How operations enter.</content>
internal sealed partial class OperationJournal
{
    /// <summary>The record with which an operation enters the journal, last in order. Not stored yet.</summary>
    public JournalRecord NewRecord(OperationHeader operation, int bodyBytes)
    {
        var now = _time.GetUtcNow();
        return new JournalRecord
        {
            Operation = operation,
            State = JournalState.Received,
            Sequence = NextSequence(now, 1),
            ReceivedAt = now,
            BodyBytes = bodyBytes,
        };
    }

    /// <summary>What is known of an operation that arrives; null: it is new, as far as this agent knows.</summary>
    public Reception? Recall(OperationKey key)
    {
        lock (_lock) return _records.Find(key) is { } known ? new(known, false, _session) : null;
    }

    /// <summary>Stores an operation that arrived, unless it is known.</summary>
    public async Task<Reception> ReceiveAsync(
        JournalRecord arrived, ReadOnlyMemory<byte> body, CancellationToken cancellationToken)
    {
        while (true)
        {
            var changed = _changed.Next;
            lock (_lock)
            {
                if (_records.Find(arrived.Key) is { } known) return new(known, false, _session);
                if (_arriving.Add(arrived.Key)) break;
            }
            await changed.WaitAsync(cancellationToken);
        }
        try
        {
            var stored = await CreateAsync(arrived, body, cancellationToken);
            if (stored with { Version = "" } == arrived) Keep(stored, body);
            lock (_lock) return new(stored, true, TryAdopt(stored) ? _session : null);
        }
        finally
        {
            lock (_lock) _arriving.Remove(arrived.Key);
            _changed.Set();
        }
    }

    // By the clock, so that what two agents wrote can be brought into order.
    private long NextSequence(DateTimeOffset now, int count)
    {
        lock (_lock)
        {
            var first = Math.Max(_sequence + 1, now.ToUnixTimeMilliseconds() * 1000);
            _sequence = first + count - 1;
            return first;
        }
    }

    private async Task<JournalRecord> CreateAsync(
        JournalRecord record, ReadOnlyMemory<byte> body, CancellationToken cancellationToken)
    {
        await _creating.WaitAsync(CancellationToken.None); // what the hub handed out is stored, however long it takes
        try
        {
            return await _attempts.UntilStoredAsync(token => _store.CreateAsync(record, body, token), cancellationToken);
        }
        finally
        {
            _creating.Release();
        }
    }
}
