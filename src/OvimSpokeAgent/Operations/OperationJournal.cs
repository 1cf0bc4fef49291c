using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Configuration;
using OvimSpokeAgent.Supervision;

namespace OvimSpokeAgent.Operations;

/// <summary>
/// The operations that are known, each with how far it got; every step is stored before it counts, tried until it is.
/// Open for a session, while this agent leads. One writer a record at a time (the processor, then the delivery).
/// </summary>
internal sealed partial class OperationJournal : IDisposable
{
    /// <summary>How many records are created at once.</summary>
    private const int ParallelCreates = 16;

    private readonly IJournalStore _store;
    private readonly TimeSpan _retention;
    private readonly TimeSpan _refusedRetention;
    private readonly TimeProvider _time;
    private readonly ILogger<OperationJournal> _logger;
    private readonly StoreAttempts _attempts;
    private readonly SemaphoreSlim _creating = new(ParallelCreates);

    private readonly Lock _lock = new();
    private readonly JournalRecords _records = new();
    private readonly HashSet<OperationKey> _arriving = [];
    private readonly HashSet<DateTimeOffset> _expired = [];
    private readonly AsyncSignal _changed = new();
    private long _sequence;
    private Tenure? _session;
    private JournalStatus _status = new();

    public OperationJournal(
        IJournalStore store, AgentSettings settings, Jitter jitter, TimeProvider time, ILogger<OperationJournal> logger)
    {
        (_store, _time, _logger) = (store, time, logger);
        (_retention, _refusedRetention) = (settings.Operations.Retention, settings.Operations.Expiry);
        _attempts = new StoreAttempts(jitter, time, logger, _changed.Set);
    }

    /// <summary>How the journal does.</summary>
    public JournalStatus Status
    {
        get
        {
            lock (_lock)
            {
                return _status with
                {
                    Problem = _attempts.Problem,
                    Arriving = _arriving.Count,
                    Refused = _records.Refused,
                    Bytes = _records.Bytes,
                };
            }
        }
    }

    /// <summary>The record of an operation, or null.</summary>
    public JournalRecord? Find(OperationKey key)
    {
        lock (_lock) return _records.Find(key);
    }

    /// <summary>Completes when records can be read.</summary>
    public async Task WaitUntilReadableAsync(CancellationToken cancellationToken)
    {
        await _attempts.UntilStoredAsync(
            async token =>
            {
                await _store.CheckReadableAsync(token);
                return true;
            },
            cancellationToken);
        lock (_lock) _status = _status with { WasReadable = true };
        _changed.Set();
    }

    /// <summary>Completes when records could be read for the first time.</summary>
    public Task WaitForFirstAnswerAsync(CancellationToken cancellationToken) =>
        WaitUntilAsync(() => Status.WasReadable, cancellationToken);

    /// <summary>
    /// Reads what there is and opens the journal for a session. <paramref name="goOn"/> gets the records in the order of
    /// arrival, before anything new enters.
    /// </summary>
    public async Task OpenAsync(Tenure session, Action<IReadOnlyList<JournalRecord>> goOn)
    {
        // What arrived before is stored first: its turn may be before that of something the store has already.
        await WaitUntilAsync(() => Status.Arriving == 0, session.Ended);
        var content = await _attempts.UntilStoredAsync(_store.LoadAsync, session.Ended);
        if (content.Unreadable.Count > 0) LogUnreadable(content.Unreadable.Count, string.Join(", ", content.Unreadable.Take(10)));
        JournalRecord[] records = [.. content.Records.OrderBy(record => record.Sequence).ThenBy(record => record.Key.Value)];
        lock (_lock)
        {
            foreach (var record in records) _records.Put(record);
            _sequence = Math.Max(_sequence, records.Length > 0 ? records[^1].Sequence : 0);
            _status = _status with { WasReadable = true, Unreadable = content.Unreadable };
            _session = session;
            goOn(records);
        }
        _changed.Set();
    }

    /// <summary>Forgets what is in memory: from now on another agent may lead.</summary>
    public void Close()
    {
        lock (_lock)
        {
            _session = null;
            _records.Clear();
            _expired.Clear();
        }
    }

    /// <summary>The record with which an operation enters the journal, last in order. Not stored yet.</summary>
    public JournalRecord NewRecord(Operation operation)
    {
        var now = _time.GetUtcNow();
        lock (_lock)
        {
            // By the clock, so that what two agents wrote can be brought into order.
            _sequence = Math.Max(_sequence + 1, now.ToUnixTimeMilliseconds() * 1000);
            return new JournalRecord
            {
                Operation = operation,
                State = JournalState.Received,
                Sequence = _sequence,
                ReceivedAt = now,
            };
        }
    }

    /// <summary>Stores an operation that arrived, unless it is known.</summary>
    public async Task<Reception> ReceiveAsync(JournalRecord arrived, CancellationToken cancellationToken)
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
            var stored = await CreateAsync(arrived, cancellationToken);
            lock (_lock) return new(stored, true, TryAdopt(stored) ? _session : null);
        }
        finally
        {
            lock (_lock) _arriving.Remove(arrived.Key);
            _changed.Set();
        }
    }

    /// <summary>All records of an id: the hub repeats ids.</summary>
    public IReadOnlyList<JournalRecord> WithId(string id)
    {
        lock (_lock) return [.. _records.WithId(id)];
    }

    /// <summary>
    /// The newest delivered record with the same id as <paramref name="older"/>, which is about to be sent: the hub keeps
    /// the last result of an id, so that one has to be sent once more after it. Null where there is none.
    /// </summary>
    public JournalRecord? NewestDeliveredAfter(JournalRecord older)
    {
        lock (_lock)
        {
            return _records.WithId(older.Operation.Id)
                .Where(record => record.State is JournalState.Delivered && record.Sequence > older.Sequence)
                .MaxBy(record => record.Sequence);
        }
    }

    /// <summary>
    /// Removes what has been settled long enough, earlier when all of it together takes too much room. Returns what it
    /// took over: unsettled records that were not known, because an agent that led before stored them late.
    /// A failure is kept for <see cref="Status"/>; the next time does it all.
    /// </summary>
    public async Task<IReadOnlyList<JournalRecord>> CleanAsync(CancellationToken cancellationToken)
    {
        try
        {
            await RemoveExpiredAsync(cancellationToken);
            // What cannot be read is looked at as a whole, until people have seen to it.
            var found = Status.Unreadable.Count == 0
                ? await _store.LoadUnsettledAsync(cancellationToken)
                : await _store.LoadAsync(cancellationToken);
            lock (_lock)
            {
                _status = _status with { CleaningProblem = null, Unreadable = found.Unreadable };
                return
                [
                    .. found.Records.OrderBy(record => record.Sequence)
                        .Where(record => !record.IsSettled && !_arriving.Contains(record.Key) && TryAdopt(record)),
                ];
            }
        }
        catch (KubernetesApiException e)
        {
            lock (_lock) _status = _status with { CleaningProblem = e.Message };
            return [];
        }
    }

    /// <summary>Completes when what arrives can be stored: nothing fails, and there is room.</summary>
    public Task WaitUntilStoringAsync(CancellationToken cancellationToken) => WaitUntilAsync(CanStore, cancellationToken);

    /// <summary>Whether nothing fails and there is room.</summary>
    public bool CanStore() => Status is { Problem: null, IsFull: false };

    public void Dispose() => _creating.Dispose();

    private async Task WaitUntilAsync(Func<bool> condition, CancellationToken cancellationToken)
    {
        while (true)
        {
            var changed = _changed.Next;
            if (condition()) return;
            await changed.WaitAsync(cancellationToken);
        }
    }

    private async Task RemoveExpiredAsync(CancellationToken cancellationToken)
    {
        DateTimeOffset[] expired;
        lock (_lock)
        {
            // Out of memory first: what is about to go must not be answered from, or opened again, any more.
            var going = _records.ToRemove(_time.GetUtcNow(), isRoomNeeded: _attempts.Problem is { IsLackOfRoom: true });
            foreach (var record in going) _records.Remove(record.Key);
            _expired.UnionWith(going.Select(record => record.ExpiresAt!.Value));
            expired = [.. _expired];
        }
        if (expired.Length == 0) return;
        await _store.RemoveAsync(expired, cancellationToken);
        lock (_lock) _expired.ExceptWith(expired);
        _changed.Set();
    }

    private async Task<JournalRecord> CreateAsync(JournalRecord record, CancellationToken cancellationToken)
    {
        await _creating.WaitAsync(CancellationToken.None); // what the hub handed out is stored, however long it takes
        try
        {
            return await _attempts.UntilStoredAsync(token => _store.CreateAsync(record, token), cancellationToken);
        }
        finally
        {
            _creating.Release();
        }
    }

    // Not known and this agent leads: then it is to see to it. Under the lock.
    private bool TryAdopt(JournalRecord stored)
    {
        if (_session is null || _records.Find(stored.Key) is not null) return false;
        _records.Put(stored);
        return true;
    }

    [LoggerMessage(2203, LogLevel.Error, "{Count} journal records cannot be read and are left as they are: {Names}")]
    private partial void LogUnreadable(int count, string names);
}
