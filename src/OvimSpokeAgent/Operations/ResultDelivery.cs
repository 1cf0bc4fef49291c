using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Configuration;
using OvimSpokeAgent.Supervision;

namespace OvimSpokeAgent.Operations;

/// <summary>
/// Brings results to the hub: at least once, with identical bodies, the oldest first, never two of one id at a time, a
/// few in parallel, for as long as it takes. A result that the hub refuses for good blocks nothing.
/// </summary>
internal sealed partial class ResultDelivery(
    IResultChannel channel,
    ILeadership leadership,
    OperationJournal journal,
    ReportErrors errors,
    OperationMetrics metrics,
    AgentSettings settings,
    Jitter jitter,
    TimeProvider time,
    ILogger<ResultDelivery> logger)
{
    private readonly long _start = time.GetTimestamp();
    private readonly Lock _lock = new();
    private readonly DeliveryQueue _queue = new(settings.Operations.Concurrency, jitter);
    private readonly AsyncSignal _changed = new();
    private readonly Reminder _reminder = new(time);
    private string? _lastReason;

    /// <summary>Told of records that have to go out once more; see <see cref="OperationJournal.NewestDeliveredAfter"/>.</summary>
    public Action<JournalRecord> Reopened { get; set; } = _ => { };

    /// <summary>Results that the hub has not taken yet, those it refused left out.</summary>
    public int Pending
    {
        get
        {
            lock (_lock) return _queue.Count;
        }
    }

    /// <summary>Why the hub takes no results; null: it does, or nothing is known of it.</summary>
    public string? Problem
    {
        get
        {
            lock (_lock) return _queue is { HubFails: true, Count: > 0 } ? _lastReason : null;
        }
    }

    /// <summary>Sends a record's result, again if it was delivered before.</summary>
    public void Enqueue(JournalRecord record)
    {
        lock (_lock) _queue.Add(record);
        _changed.Set();
    }

    /// <summary>Forgets what waits: another agent may see to it.</summary>
    public void Clear()
    {
        lock (_lock) _queue.Clear();
        _changed.Set();
    }

    /// <summary>Completes when nothing is left to deliver.</summary>
    public async Task WhenEmptyAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var changed = _changed.Next;
            if (Pending == 0) return;
            await changed.WaitAsync(cancellationToken);
        }
    }

    /// <summary>Delivers until cancelled.</summary>
    public Task RunAsync(CancellationToken cancellationToken) =>
        Task.WhenAll(Enumerable.Range(0, settings.Operations.Concurrency).Select(_ => WorkAsync(cancellationToken)));

    private TimeSpan Now => time.GetElapsedTime(_start);

    private async Task WorkAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            await channel.WaitUntilOpenAsync(cancellationToken);
            var changed = _changed.Next;
            Delivery? next;
            TimeSpan? due;
            lock (_lock)
            {
                next = _queue.TryTake(Now);
                due = next is null ? _queue.NextDue() : null;
            }
            if (next is null) await WaitAsync(changed, due, cancellationToken);
            else await DeliverAsync(next, cancellationToken);
        }
    }

    private async Task WaitAsync(Task changed, TimeSpan? due, CancellationToken cancellationToken)
    {
        var wait = due is null ? Timeout.InfiniteTimeSpan : WholeMilliseconds(due.Value - Now);
        await using var timer = time.CreateTimer(_ => _changed.Set(), null, wait, Timeout.InfiniteTimeSpan);
        await changed.WaitAsync(cancellationToken);
    }

    // A timer cuts off what is below, and would come too early.
    private static TimeSpan WholeMilliseconds(TimeSpan wait) =>
        TimeSpan.FromMilliseconds(Math.Ceiling(Math.Max(wait.TotalMilliseconds, 0)));

    private async Task DeliverAsync(Delivery delivery, CancellationToken cancellationToken)
    {
        var record = delivery.Record;
        // Stored before the older one goes out: whatever happens then, the newest is sent after it.
        if (journal.NewestDeliveredAfter(record) is { } newest)
            Reopened(await journal.ReopenAsync(newest.Key, cancellationToken));

        var body = record.Result ?? throw new InvalidOperationException($"{record.Key} has no result");
        // A process that was paused finds out here: what it has to say may be out of date.
        if (leadership.Current is null) throw new OperationCanceledException(cancellationToken);
        var attempt = await channel.SendAsync(record.Operation.Id, body, cancellationToken);
        metrics.ResultAttempted(attempt.Outcome);
        if (attempt.Outcome is not DeliveryOutcome.Unreachable) await SettleAsync(record, attempt, cancellationToken);
        lock (_lock)
        {
            if (attempt.Outcome is DeliveryOutcome.Unreachable) Failed(delivery, attempt.Reason);
            else Answered(delivery);
        }
        _changed.Set();
    }

    private void Failed(Delivery delivery, string? reason)
    {
        _queue.Failed(delivery, Now);
        _lastReason = reason;
        if (!_reminder.IsDue) return;
        LogNotTaken(_queue.Count, reason);
        _reminder.Told();
    }

    private void Answered(Delivery delivery)
    {
        _queue.Answered(delivery);
        if (_queue.Count == 0 && _reminder.Over()) LogAllTaken();
    }

    private async Task SettleAsync(JournalRecord record, DeliveryAttempt attempt, CancellationToken cancellationToken)
    {
        var isDelivered = attempt.Outcome is DeliveryOutcome.Delivered;
        if (!isDelivered)
        {
            LogRefused(record.Operation.Id, record.Key, attempt.Reason);
            errors.Add($"the result of operation {record.Operation.Id} was refused: {attempt.Reason}");
        }
        // As it is now: it may have been opened again since it was queued. Delivered already, or gone: sent once more.
        if (journal.Find(record.Key) is { State: not JournalState.Delivered })
            await journal.SettleAsync(record.Key, isDelivered, cancellationToken);
    }

    [LoggerMessage(2101, LogLevel.Error, "The hub refuses the result of operation {Id} ({Key}): {Reason}")]
    private partial void LogRefused(string id, OperationKey key, string? reason);

    [LoggerMessage(2102, LogLevel.Warning, "The hub does not take results, {Pending} wait: {Reason}")]
    private partial void LogNotTaken(int pending, string? reason);

    [LoggerMessage(2103, LogLevel.Information, "The hub has all results")]
    private partial void LogAllTaken();
}
