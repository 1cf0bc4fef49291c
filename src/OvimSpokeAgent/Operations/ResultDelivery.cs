using OvimSpokeAgent.Configuration;
using OvimSpokeAgent.Events;
using OvimSpokeAgent.Leadership;
using OvimSpokeAgent.Logging;
using OvimSpokeAgent.Supervision;

namespace OvimSpokeAgent.Operations;

/// <summary>
/// Brings results to the hub: at least once, with identical bodies, the oldest first, never two of one id at a time, a
/// few in parallel, for as long as it takes. A result that the hub refuses for good, or never takes, blocks no other.
/// </summary>
internal sealed partial class ResultDelivery(
    IResultChannel channel,
    ILeadership leadership,
    OperationJournal journal,
    ReportErrors errors,
    EventRecorder events,
    OperationMetrics metrics,
    AgentSettings settings,
    Jitter jitter,
    TimeProvider time,
    ILogger<ResultDelivery> logger)
{
    private const string Withheld = "not sent: of the VDC deletions with this id the hub knows only the one queued last, which "
        + "failed, and would take it for done";

    private readonly long _start = time.GetTimestamp();
    private readonly Lock _lock = new();
    private readonly DeliveryQueue _queue = new(settings.Operations.Concurrency, jitter);
    private readonly AsyncSignal _changed = new();
    private readonly LogThrottle _throttle = new(time);
    private readonly Dictionary<string, List<JournalRecord>> _heldBack = []; // by id, until another result of it is there
    private long _enqueued;
    private string? _lastReason;

    /// <summary>Results that the hub has not taken yet, those it refused left out.</summary>
    public int Pending
    {
        get
        {
            lock (_lock) return _queue.Count;
        }
    }

    /// <summary>When the oldest of the results was made that the hub has not taken yet; null: there is none.</summary>
    public DateTimeOffset? OldestFinishedAt
    {
        get
        {
            lock (_lock) return _queue.OldestFinishedAt;
        }
    }

    /// <summary>Why the hub takes no results; null: it does, or nothing is known of it.</summary>
    public string? Problem
    {
        get
        {
            lock (_lock) return _queue is { HubTakesNone: true, Count: > 0 } ? _lastReason : null;
        }
    }

    /// <summary>Sends a record's result, again if it was delivered before.</summary>
    public void Enqueue(JournalRecord record)
    {
        lock (_lock)
        {
            _enqueued++;
            if (_heldBack.Remove(record.Operation.Id, out var held)) held.ForEach(_queue.Add);
            _queue.Add(record);
        }
        _changed.Set();
    }

    /// <summary>Forgets what waits: another agent may see to it.</summary>
    public void Clear()
    {
        lock (_lock)
        {
            _queue.Clear();
            _heldBack.Clear();
        }
        _changed.Set();
    }

    /// <summary>Completes when nothing is left to deliver.</summary>
    public Task WhenEmptyAsync(CancellationToken cancellationToken) =>
        _changed.WaitUntilAsync(() => Pending == 0, cancellationToken);

    /// <summary>Delivers until cancelled.</summary>
    /// <param name="reopen">
    /// Takes records whose result has to go out and may have to be made first: those that go out once more
    /// (<see cref="OperationJournal.NewestDeliveredAfter"/>), and those whose result is not there any more because it is not stored.
    /// </param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task RunAsync(Func<JournalRecord, CancellationToken, Task> reopen, CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var onTheWay = new List<Task>();
        channel.Heard += OnHeard;
        try
        {
            await SendAllAsync(onTheWay, reopen, stop.Token);
        }
        finally
        {
            channel.Heard -= OnHeard;
            stop.Cancel();
            await Task.WhenAll(onTheWay).ConfigureAwait(
                ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        }
    }

    private TimeSpan Now => time.GetElapsedTime(_start);

    private async Task SendAllAsync(
        List<Task> onTheWay, Func<JournalRecord, CancellationToken, Task> reopen, CancellationToken cancellationToken)
    {
        while (true)
        {
            await channel.WaitUntilOpenAsync(cancellationToken);
            foreach (var failed in onTheWay.Where(task => task is { IsCompleted: true, IsCompletedSuccessfully: false })) await failed;
            onTheWay.RemoveAll(task => task.IsCompleted);
            var changed = _changed.Next;
            Delivery? next = null;
            TimeSpan? due;
            var held = channel.HeldFor;
            lock (_lock)
            {
                if (held == TimeSpan.Zero) next = _queue.TryTake(Now);
                due = next is not null || _queue.Count == 0 ? null : held > TimeSpan.Zero ? Now + held : _queue.NextDue(Now);
            }
            if (next is null) await WaitAsync(changed, due, cancellationToken);
            else onTheWay.Add(DeliverAsync(next, reopen, cancellationToken));
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

    private void OnHeard(HubSign sign)
    {
        IReadOnlyList<Delivery> lost = [];
        lock (_lock)
        {
            if (sign is HubSign.IsBack) lost = _queue.HubIsBack(Now);
            else _queue.HubAnswers(Now);
        }
        foreach (var delivery in lost) delivery.GiveUp();
        _changed.Set();
    }

    private async Task DeliverAsync(
        Delivery delivery, Func<JournalRecord, CancellationToken, Task> reopen, CancellationToken cancellationToken)
    {
        var record = delivery.Record;
        var enqueued = Interlocked.Read(ref _enqueued);
        var verdict = DeletionOrder.Decide(record, journal.WithId(record.Operation.Id));
        if (verdict is DeletionVerdict.Wait)
        {
            HoldBack(delivery, enqueued);
            return;
        }
        // Stored before the older one goes out: whatever happens then, the newest is sent after it.
        if (verdict is not DeletionVerdict.Withhold && journal.NewestDeliveredAfter(record) is { } newest)
            await reopen(await journal.ReopenAsync(newest.Key, cancellationToken), cancellationToken);

        DeliveryAttempt attempt;
        if (verdict is DeletionVerdict.Withhold)
        {
            attempt = new DeliveryAttempt(DeliveryOutcome.Refused, Withheld);
        }
        else if (await journal.FindResultAsync(record, cancellationToken) is { } body)
        {
            attempt = await AttemptAsync(delivery, body, cancellationToken);
        }
        else
        {
            await GiveUpAsync(delivery, reopen, cancellationToken);
            return;
        }
        metrics.ResultAttempted(attempt.Outcome);
        if (attempt.Outcome is DeliveryOutcome.Delivered or DeliveryOutcome.Refused)
        {
            lock (_lock) _queue.Taken(Now);
            _changed.Set();
            await SettleAsync(record, attempt, cancellationToken);
        }
        lock (_lock) Ended(delivery, attempt);
        _changed.Set();
    }

    // What it waits for may be there already.
    private void HoldBack(Delivery delivery, long enqueued)
    {
        lock (_lock)
        {
            if (_enqueued != enqueued)
            {
                _queue.NotTried(delivery);
            }
            else
            {
                _queue.Done(delivery);
                if (!_heldBack.TryGetValue(delivery.Id, out var held)) _heldBack[delivery.Id] = held = [];
                held.Add(delivery.Record);
            }
        }
        _changed.Set();
    }

    private async Task GiveUpAsync(
        Delivery delivery, Func<JournalRecord, CancellationToken, Task> reopen, CancellationToken cancellationToken)
    {
        var record = delivery.Record;
        if (!record.HasResult)
        {
            await reopen(record, cancellationToken);
        }
        else
        {
            LogGone(record.Operation.Id, record.Key);
            errors.Add("result", $"the result of operation {record.Operation.Id} was removed from the journal: it cannot be delivered");
        }
        lock (_lock) _queue.Done(delivery);
        _changed.Set();
    }

    private async Task<DeliveryAttempt> AttemptAsync(
        Delivery delivery, ReadOnlyMemory<byte> body, CancellationToken cancellationToken)
    {
        var record = delivery.Record;
        // A process that was paused finds out here: what it has to say may be out of date.
        if (leadership.Current is null) throw new OperationCanceledException(cancellationToken);
        var givenUp = new TaskCompletionSource<DeliveryAttempt>();
        delivery.GiveUp = () => givenUp.TrySetResult(new(DeliveryOutcome.NotTried));
        using var turn = LoopTurn.Begin();
        using var attempting = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var sent = channel.SendAsync(record.Operation.Id, body, attempting.Token);
        var attempt = await Task.WhenAny(sent, givenUp.Task);
        if (attempt == sent) return await sent;
        attempting.Cancel();
        await ((Task)sent).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        cancellationToken.ThrowIfCancellationRequested();
        return sent.IsCompletedSuccessfully ? await sent : await givenUp.Task;
    }

    // Under the lock.
    private void Ended(Delivery delivery, DeliveryAttempt attempt)
    {
        switch (attempt.Outcome)
        {
            case DeliveryOutcome.Delivered or DeliveryOutcome.Refused:
                _queue.Done(delivery);
                if (_queue.Count == 0 && _throttle.Reset()) LogAllTaken();
                break;
            case DeliveryOutcome.NotTried:
                _queue.NotTried(delivery);
                break;
            default:
                _queue.Failed(delivery, Now, attempt.Outcome is DeliveryOutcome.Failed);
                _lastReason = attempt.Reason;
                if (attempt.Outcome is DeliveryOutcome.Unreachable || !_throttle.IsDue) break; // that the hub is away is told
                LogNotTaken(_queue.Count, attempt.Reason);
                _throttle.Logged();
                break;
        }
    }

    private async Task SettleAsync(JournalRecord record, DeliveryAttempt attempt, CancellationToken cancellationToken)
    {
        var isDelivered = attempt.Outcome is DeliveryOutcome.Delivered;
        // Told once: a refused result is sent again after a restart and when it is asked for, which is no news.
        var isKnown = record.State is JournalState.Refused;
        if (!isDelivered && !isKnown) ReportRefused(record, attempt.Reason);
        // As it is now: it may have been opened again since it was queued. Delivered already, or gone: sent once more.
        if (journal.Find(record.Key) is { State: not JournalState.Delivered } current
            && (isDelivered || current.State is not JournalState.Refused))
        {
            await journal.SettleAsync(record.Key, isDelivered, cancellationToken);
        }
    }

    private void ReportRefused(JournalRecord record, string? reason)
    {
        var (id, type) = (record.Operation.Id, record.Operation.Type);
        LogRefused(type, id, record.Key, reason);
        errors.Add("result", $"the result of operation {id} ({type}) was refused: {reason}");
        events.Record(events.Agent, EventSeverity.Warning, "ResultRefused", $"the hub refuses the result of {type} {id}: {reason}", "DeliverResult");
    }

    [LoggerMessage(2101, LogLevel.Error, "The hub refuses the result of {Type} {Id} ({Key}): {Reason}")]
    private partial void LogRefused(string type, string id, OperationKey key, string? reason);

    [LoggerMessage(2104, LogLevel.Error, "The result of operation {Id} ({Key}) was removed from the journal: it cannot be delivered")]
    private partial void LogGone(string id, OperationKey key);

    [LoggerMessage(2102, LogLevel.Warning, "The hub does not take results, {Pending} wait: {Reason}")]
    private partial void LogNotTaken(int pending, string? reason);

    [LoggerMessage(2103, LogLevel.Information, "The hub has all results")]
    private partial void LogAllTaken();
}
