using OvimSpokeAgent.Configuration;
using OvimSpokeAgent.Supervision;

namespace OvimSpokeAgent.Operations;

/// <summary>
/// The operations that are known, each with how far it got; every step is stored before it counts, tried until it is.
/// Open for a session, while this agent leads. One writer a record at a time (the processor, then the delivery). Payloads
/// and results are in the store; in memory are only the last ones.
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
    private readonly JournalCapacity _capacity;
    private readonly HashSet<OperationKey> _arriving = [];
    private readonly HashSet<DateTimeOffset> _expired = [];
    private readonly AsyncSignal _changed = new();
    private long _sequence;
    private Term? _session;
    private JournalStatus _status = new();

    public OperationJournal(
        IJournalStore store, AgentSettings settings, Jitter jitter, TimeProvider time, ILogger<OperationJournal> logger)
    {
        (_store, _time, _logger) = (store, time, logger);
        (_retention, _refusedRetention) = (settings.Operations.Retention, settings.Operations.Expiry);
        _capacity = new JournalCapacity(settings.Operations.JournalMaxBytes);
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
                    Arriving = _arriving.Count + _arrivingTogether,
                    Refused = _records.Refused,
                    Bytes = _records.Bytes,
                    IsFull = _capacity.IsFull(_records.Bytes),
                };
            }
        }
    }

    /// <summary>Whether all records are known: this agent leads, and has read them.</summary>
    public bool IsOpen
    {
        get
        {
            lock (_lock) return _session is { IsOver: false };
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
        _changed.WaitUntilAsync(() => Status.WasReadable, cancellationToken);

    /// <summary>Reads what there is, in the order of arrival.</summary>
    public async Task<JournalContent> LoadAsync(CancellationToken cancellationToken)
    {
        // What arrived before is stored first: its turn may be before that of something the store has already.
        await _changed.WaitUntilAsync(() => Status.Arriving == 0, cancellationToken);
        var content = await _attempts.UntilStoredAsync(token => _store.LoadAsync(_ => false, token), cancellationToken);
        if (content.Unreadable.Count > 0) LogUnreadable(content.Unreadable.Count, string.Join(", ", content.Unreadable.Take(10)));
        return content with { Records = [.. content.Records.OrderBy(record => record.Sequence).ThenBy(record => record.Key.Value)] };
    }

    /// <summary>Opens the journal for a session with what was read; <paramref name="goOn"/> is called before anything new enters.</summary>
    /// <param name="session">The session.</param>
    /// <param name="records">All records, those of operations in batches too, in the order of arrival.</param>
    /// <param name="batches">The batches.</param>
    /// <param name="unreadable">Names of what cannot be read.</param>
    /// <param name="goOn">Begins to see to them.</param>
    public void Open(
        Term session,
        IReadOnlyList<JournalRecord> records,
        IReadOnlyList<OperationBatch> batches,
        IReadOnlyList<string> unreadable,
        Action goOn)
    {
        lock (_lock)
        {
            foreach (var batch in batches) _records.Add(batch);
            foreach (var record in records) _records.Put(record);
            _sequence = Math.Max(_sequence, records.Count > 0 ? records[^1].Sequence : 0);
            _status = _status with { WasReadable = true, Unreadable = unreadable };
            _session = session;
            goOn();
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
        _bodies.Clear();
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

    /// <summary>Completes when what arrives can be stored: nothing fails, and there is room.</summary>
    public Task WaitUntilStoringAsync(CancellationToken cancellationToken) => _changed.WaitUntilAsync(CanStore, cancellationToken);

    /// <summary>Whether nothing fails and there is room.</summary>
    public bool CanStore() => Status is { Problem: null, IsFull: false };

    public void Dispose()
    {
        _creating.Dispose();
        _creatingBatches.Dispose();
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
