using OvimSpokeAgent.Configuration;
using OvimSpokeAgent.Supervision;
using OvimSpokeAgent.Validation;

namespace OvimSpokeAgent.Operations;

/// <summary>
/// Takes operations in, has them executed and hands the results to the delivery: parse → journal → schedule → execute
/// → journal the result → deliver. Every operation with a usable id gets exactly one result. Between
/// <see cref="Begin"/> and <see cref="EndAsync"/> it executes; what arrives outside of that is only stored.
/// </summary>
internal sealed partial class OperationProcessor(
    OperationReceiver receiver,
    PendingOperationFinder finder,
    OperationJournal journal,
    OperationScheduler scheduler,
    OperationExecutor executor,
    ResultDelivery delivery,
    OperationMetrics metrics,
    RecentOutcomes outcomes,
    RecentOperations recent,
    OperationEvents events,
    AgentSettings settings,
    TimeProvider time,
    ILogger<OperationProcessor> logger)
{
    private volatile Term? _session;

    /// <summary>Operations that are taken in and not finished.</summary>
    public int Backlog => scheduler.Backlog;

    /// <summary>Begins to execute, with what the journal holds, in the order of arrival; until the session ends.</summary>
    public async Task BeginAsync(Term session)
    {
        var found = await finder.FindAsync(await journal.LoadAsync(session.Ended), session.Ended);
        journal.Open(session, [.. found.Operations.Select(one => one.Record)], found.Batches, found.Unreadable, () =>
        {
            _session = session;
            foreach (var one in found.Operations) Resume(one);
        });
        var undone = found.Operations.Count(one => one.Record.IsUnfinished);
        var undelivered = found.Operations.Count(one => one.Record.State is JournalState.Finished or JournalState.Refused);
        if (undone + undelivered > 0) LogReplay(undone, undelivered);
    }

    /// <summary>Takes over what turned up in the store.</summary>
    public async Task TakeOverAsync(JournalContent content, CancellationToken cancellationToken)
    {
        foreach (var one in await finder.TakeOverAsync(content, cancellationToken))
        {
            LogAdopted(one.Record.Operation.Type, one.Record.Operation.Id, one.Record.Key);
            Resume(one);
        }
    }

    /// <summary>Stops executing and forgets what is in memory: all of it is in the store.</summary>
    public async Task EndAsync()
    {
        _session = null;
        await scheduler.ClearAsync();
        recent.ForgetAll();
        delivery.Clear();
        journal.Close();
    }

    /// <summary>Begins to take in what the hub hands out or pushes.</summary>
    public AnswerIntake Begin(CancellationToken cancellationToken) => new(receiver, journal, Dispatch, time, cancellationToken);

    /// <summary>Stops starting operations and waits for those that run.</summary>
    public Task StopAsync(CancellationToken cancellationToken) => scheduler.StopAsync(cancellationToken);

    /// <summary>Completes when nothing runs.</summary>
    public Task WaitUntilIdleAsync(CancellationToken cancellationToken) => scheduler.WaitUntilIdleAsync(cancellationToken);

    private void Resume(PendingOperation one)
    {
        if (!one.Record.IsSettled || one.Record is { State: JournalState.Refused, HasResult: true }) Dispatch(one, _session);
    }

    /// <summary>Does what is next for an operation: sends its result where there is one, else executes it.</summary>
    private void Dispatch(PendingOperation one, Term? session)
    {
        // A session that is over: whoever opened the journal since has found the record there.
        if (session is null or { IsOver: true }) return;
        var record = one.Record;
        if (record.HasResult)
        {
            delivery.Enqueue(record);
            return;
        }
        recent.Waits(record, one.Target);
        scheduler.Enqueue(one.Target, one.IsRead, slot => RunAsync(record, slot, session.Ended));
    }

    /// <summary>Sees to it that a result goes out which may have to be made first.</summary>
    public async Task ReopenAsync(JournalRecord record, CancellationToken cancellationToken)
    {
        if (await finder.LookAtAsync(record, cancellationToken) is { } one) Dispatch(one, _session);
    }

    private async Task RunAsync(JournalRecord record, ExecutionSlot slot, CancellationToken ended)
    {
        using var scope = logger.BeginScope(new Dictionary<string, object> { ["OperationKey"] = record.Key.Value });
        recent.Begins(record.Key);
        var prepared = await PrepareAsync(record, ended);
        var started = time.GetTimestamp(); // reading the payload may have waited for the API server
        if (prepared is null || await executor.ExecuteAsync(record, prepared, slot, ended) is not { } outcome)
        {
            recent.Forget(record.Key);
            return;
        }
        var duration = time.GetElapsedTime(started);
        Ended(record, prepared.Plan, outcome, duration);
        var isReadOnly = prepared.Plan is { ReadOnly: true };
        await FinishAsync(record, Body(prepared.Operation, outcome, duration, isStored: !isReadOnly), isReadOnly, ended);
    }

    /// <summary>What is to be done; null: nothing, here and now.</summary>
    private async Task<PreparedOperation?> PrepareAsync(JournalRecord record, CancellationToken ended)
    {
        try
        {
            var payload = await journal.FindPayloadAsync(record, ended);
            switch (payload.State)
            {
                case PayloadState.Found:
                    return finder.Prepare(payload);
                case PayloadState.Gone:
                    return PreparedOperation.Rejected(
                        record.Operation.With(JsonText.EmptyObject), "its record was removed from the journal before it was done");
                case PayloadState.Finished:
                    delivery.Enqueue(payload.Record);
                    return null;
                default:
                    return null;
            }
        }
        catch (OperationCanceledException) when (ended.IsCancellationRequested)
        {
            return null; // it runs again, under whoever leads then
        }
    }

    private void Ended(JournalRecord record, OperationPlan? plan, OperationOutcome outcome, TimeSpan duration)
    {
        var operation = record.Operation;
        metrics.Finished(executor.MetricType(operation), outcome.IsCompleted, duration);
        if (plan is { ReadOnly: false }) outcomes.Add(outcome.IsCompleted);
        recent.Ends(record, plan?.Target, outcome.Error, duration);
        events.Ended(operation, plan, outcome);
        var target = plan?.Target?.ToString() ?? "-";
        if (outcome.IsCompleted) LogCompleted(operation.Type, operation.Id, target, duration);
        else LogFailed(operation.Type, operation.Id, target, duration, outcome.Error!);
    }

    // The target's next operation starts when this returns: what is done must be stored by then.
    private async Task FinishAsync(JournalRecord record, byte[] body, bool isReadOnly, CancellationToken ended)
    {
        try
        {
            if (isReadOnly) journal.KeepResult(record, body);
            else record = await journal.FinishAsync(record.Key, body, ended);
            delivery.Enqueue(record);
        }
        catch (OperationCanceledException) when (ended.IsCancellationRequested)
        {
            // Not stored: it runs again, under whoever leads then.
        }
    }

    private byte[] Body(Operation operation, OperationOutcome outcome, TimeSpan duration, bool isStored) =>
        ResultBody.Of(operation, outcome, settings.Hub.SuccessStatus, time.GetUtcNow(), duration, isStored);

    [LoggerMessage(2001, LogLevel.Information, "{Type} {Id} on {Target} completed in {Duration}")]
    private partial void LogCompleted(string type, string id, string target, TimeSpan duration);

    [LoggerMessage(2002, LogLevel.Warning, "{Type} {Id} on {Target} failed after {Duration}: {Error}")]
    private partial void LogFailed(string type, string id, string target, TimeSpan duration, string error);

    [LoggerMessage(2005, LogLevel.Information, "Resuming {Operations} operations and {Results} undelivered results that the journal holds")]
    private partial void LogReplay(int operations, int results);

    [LoggerMessage(2006, LogLevel.Information, "{Type} {Id} ({Key}) was stored by a former leader: it is executed now")]
    private partial void LogAdopted(string type, string id, OperationKey key);
}
