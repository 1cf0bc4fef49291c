namespace OvimSpokeAgent.Operations;

/// <summary>
/// Where journal records live. Every method either did it durably or throws; all are safe to repeat.
/// </summary>
internal interface IJournalStore
{
    /// <summary>All records there are.</summary>
    Task<IReadOnlyList<JournalRecord>> LoadAsync(CancellationToken cancellationToken);

    /// <summary>Stores a new record; if there is one with this key already, that one is returned instead.</summary>
    Task<JournalRecord> CreateAsync(JournalRecord record, CancellationToken cancellationToken);

    /// <summary>Replaces a record.</summary>
    Task UpdateAsync(JournalRecord record, CancellationToken cancellationToken);

    /// <summary>Removes records; those that are gone already are fine.</summary>
    Task RemoveAsync(IReadOnlyCollection<JournalRecord> records, CancellationToken cancellationToken);
}

/// <summary>A journal of one process's lifetime.</summary>
internal sealed class MemoryJournalStore : IJournalStore
{
    public Task<IReadOnlyList<JournalRecord>> LoadAsync(CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlyList<JournalRecord>>([]);

    public Task<JournalRecord> CreateAsync(JournalRecord record, CancellationToken cancellationToken) =>
        Task.FromResult(record);

    public Task UpdateAsync(JournalRecord record, CancellationToken cancellationToken) => Task.CompletedTask;

    public Task RemoveAsync(IReadOnlyCollection<JournalRecord> records, CancellationToken cancellationToken) =>
        Task.CompletedTask;
}

/// <summary>
/// The operations that are known, each with how far it got; every step is stored before it counts. One writer a
/// record at a time (the processor, then the delivery).
/// </summary>
internal sealed class OperationJournal(IJournalStore store, TimeProvider time)
{
    /// <summary>How long delivered records are kept to answer repeats.</summary>
    public static readonly TimeSpan Retention = TimeSpan.FromHours(1);

    private readonly Lock _lock = new();
    private readonly Dictionary<OperationKey, JournalRecord> _records = [];
    private long _sequence;

    /// <summary>The record of an operation, or null.</summary>
    public JournalRecord? Find(OperationKey key)
    {
        lock (_lock) return _records.GetValueOrDefault(key);
    }

    /// <summary>How many records there are in each state.</summary>
    public IReadOnlyDictionary<JournalState, int> Counts()
    {
        lock (_lock) return _records.Values.CountBy(record => record.State).ToDictionary();
    }

    /// <summary>Stores an operation that arrived. Returns its record and whether it is new (else: a repeat).</summary>
    public async Task<(JournalRecord Record, bool IsNew)> ReceiveAsync(
        Operation operation, CancellationToken cancellationToken)
    {
        JournalRecord record;
        lock (_lock)
        {
            if (_records.TryGetValue(operation.Key, out var known)) return (known, false);
            record = new JournalRecord
            {
                Operation = operation,
                State = JournalState.Received,
                Sequence = ++_sequence,
                ReceivedAt = time.GetUtcNow(),
            };
        }
        var stored = await store.CreateAsync(record, cancellationToken);
        lock (_lock)
        {
            if (!_records.TryAdd(stored.Key, stored)) return (_records[stored.Key], false);
        }
        return (stored, ReferenceEquals(stored, record));
    }

    /// <summary>Stores a fact that further executions of this operation depend on.</summary>
    public Task<JournalRecord> StartAsync(OperationKey key, string fact, CancellationToken cancellationToken) =>
        StoreAsync(key, record => record with { State = JournalState.Started, Fact = fact }, cancellationToken);

    /// <summary>Stores the result.</summary>
    public Task<JournalRecord> FinishAsync(
        OperationKey key, ReadOnlyMemory<byte> result, CancellationToken cancellationToken) =>
        StoreAsync(
            key,
            record => record with { State = JournalState.Finished, Result = result, FinishedAt = time.GetUtcNow() },
            cancellationToken);

    /// <summary>Stores that the hub has the result.</summary>
    public Task<JournalRecord> DeliveredAsync(OperationKey key, CancellationToken cancellationToken) =>
        StoreAsync(
            key,
            record => record with { State = JournalState.Delivered, FinishedAt = time.GetUtcNow() },
            cancellationToken);

    /// <summary>
    /// The newest delivered record with the same id as <paramref name="older"/>, which was delivered again just now: the
    /// hub keeps the last result of an id, so that one has to be sent once more. Null where there is none.
    /// </summary>
    public JournalRecord? NewestDeliveredAfter(JournalRecord older)
    {
        lock (_lock)
        {
            return _records.Values
                .Where(r => r.State is JournalState.Delivered && r.Sequence > older.Sequence
                    && r.Operation.Id == older.Operation.Id)
                .MaxBy(r => r.Sequence);
        }
    }

    /// <summary>Forgets an operation, e.g. one that only read and is to run again when it is asked for again.</summary>
    public async Task ForgetAsync(OperationKey key, CancellationToken cancellationToken)
    {
        if (Find(key) is not { } record) return;
        await store.RemoveAsync([record], cancellationToken);
        lock (_lock) _records.Remove(key);
    }

    /// <summary>Removes what was delivered longer ago than <see cref="Retention"/>.</summary>
    public async Task RemoveExpiredAsync(CancellationToken cancellationToken)
    {
        var before = time.GetUtcNow() - Retention;
        JournalRecord[] expired;
        lock (_lock)
            expired = [.. _records.Values.Where(r => r.State is JournalState.Delivered && r.FinishedAt < before)];
        if (expired.Length == 0) return;
        await store.RemoveAsync(expired, cancellationToken);
        lock (_lock)
        {
            foreach (var record in expired) _records.Remove(record.Key);
        }
    }

    private async Task<JournalRecord> StoreAsync(
        OperationKey key, Func<JournalRecord, JournalRecord> step, CancellationToken cancellationToken)
    {
        var next = step(Find(key) ?? throw new InvalidOperationException($"{key} is not in the journal"));
        await store.UpdateAsync(next, cancellationToken);
        lock (_lock) _records[key] = next;
        return next;
    }
}
