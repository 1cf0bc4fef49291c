using System.Text.Json;
using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Configuration;
using OvimSpokeAgent.Supervision;

namespace OvimSpokeAgent.Operations;

/// <summary>
/// Takes operations in, has them executed and hands the results to the delivery: parse → journal → schedule → execute
/// → journal the result → deliver. Every operation with a usable id gets exactly one result. Between
/// <see cref="Begin"/> and <see cref="EndAsync"/> it executes; what arrives outside of that is only stored.
/// </summary>
internal sealed partial class OperationProcessor
{
    private static readonly TimeSpan StoringLimit = TimeSpan.FromSeconds(5);

    private readonly OperationRegistry _registry;
    private readonly OperationJournal _journal;
    private readonly OperationScheduler _scheduler;
    private readonly OperationExecutor _executor;
    private readonly ResultDelivery _delivery;
    private readonly ReportErrors _errors;
    private readonly OperationMetrics _metrics;
    private readonly AgentSettings _settings;
    private readonly TimeProvider _time;
    private readonly ILogger<OperationProcessor> _logger;
    private readonly AsyncLock _accepting = new();
    private volatile Tenure? _session;

    public OperationProcessor(
        OperationRegistry registry,
        OperationJournal journal,
        OperationScheduler scheduler,
        OperationExecutor executor,
        ResultDelivery delivery,
        ReportErrors errors,
        OperationMetrics metrics,
        AgentSettings settings,
        TimeProvider time,
        ILogger<OperationProcessor> logger)
    {
        (_registry, _journal, _scheduler, _executor, _delivery) = (registry, journal, scheduler, executor, delivery);
        (_errors, _metrics, _settings, _time, _logger) = (errors, metrics, settings, time, logger);
        delivery.Reopened = record => Attend(record, _session);
    }

    /// <summary>Operations that are taken in and not finished.</summary>
    public int Backlog => _scheduler.Backlog;

    /// <summary>Begins to execute, with what the journal holds, in the order of arrival; until the session ends.</summary>
    public void Begin(Tenure session, IReadOnlyList<JournalRecord> records)
    {
        _session = session;
        foreach (var record in records.Where(record => record.Result is null && !record.IsSettled))
            _executor.Prepare(record.Operation).Plan?.Restore?.Invoke(record.Key);
        foreach (var record in records) GoOnWith(record);
        var undone = records.Count(record => record.State is JournalState.Received or JournalState.Started);
        var undelivered = records.Count(record => record.State is JournalState.Finished or JournalState.Refused);
        if (undone + undelivered > 0) LogReplay(undone, undelivered);
    }

    /// <summary>Takes over records that turned up in the store.</summary>
    public void Adopt(IReadOnlyList<JournalRecord> records)
    {
        foreach (var record in records)
        {
            LogAdopted(record.Operation.Type, record.Operation.Id, record.Key);
            GoOnWith(record);
        }
    }

    /// <summary>Stops executing and forgets what is in memory: all of it is in the store.</summary>
    public async Task EndAsync()
    {
        _session = null;
        await _scheduler.ClearAsync();
        _delivery.Clear();
        _journal.Close();
    }

    /// <summary>
    /// Takes in what the hub handed out, in its order. Returns when all of it is stored, however long that takes.
    /// </summary>
    public async Task AcceptAsync(IReadOnlyList<JsonElement> batch, CancellationToken cancellationToken)
    {
        // One answer or push after the other: what is stored first runs first, now and after a crash.
        using var turn = await _accepting.HoldAsync(cancellationToken);
        var arrivals = batch.Select(element => Arrive(element, cancellationToken)).ToList();
        // Until it is stored it is in this process alone, so that comes before carrying any of it out. What cannot be stored
        // holds up the rest only for a moment, and for longer only what has to come after it.
        await ((Task)Task.WhenAll(arrivals.Select(arrival => arrival.Stored))).WaitAsync(StoringLimit, _time, CancellationToken.None)
            .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        var attended = new List<Task>();
        var lastOfTarget = new Dictionary<NamespacedName, Task>();
        foreach (var arrival in arrivals)
        {
            var before = arrival.Target is { } its ? lastOfTarget.GetValueOrDefault(its, Task.CompletedTask) : Task.CompletedTask;
            attended.Add(AttendAsync(arrival, before));
            if (arrival.Target is { } target) lastOfTarget[target] = attended[^1];
        }
        await Task.WhenAll(attended);
    }

    /// <summary>Stops starting operations and waits for those that run.</summary>
    public Task StopAsync(CancellationToken cancellationToken) => _scheduler.StopAsync(cancellationToken);

    /// <summary>Completes when nothing runs.</summary>
    public Task WaitUntilIdleAsync(CancellationToken cancellationToken) => _scheduler.WaitUntilIdleAsync(cancellationToken);

    /// <summary>Judges an operation and begins to store it.</summary>
    private Arrival Arrive(JsonElement element, CancellationToken cancellationToken)
    {
        var envelope = OperationEnvelope.Parse(element, _registry, _time.GetUtcNow());
        if (envelope.Operation is not { } operation)
        {
            _metrics.Unanswerable();
            LogUnanswerable(envelope.Error!);
            _errors.Add(envelope.Error!);
            return new(null, PreparedOperation.Rejected(envelope.Error!), Task.FromResult<Reception?>(null));
        }
        var prepared = envelope.Error is { } error ? PreparedOperation.Rejected(error) : _executor.Prepare(operation);
        return new(prepared.Plan?.Target, prepared, StoreAsync(operation, prepared, cancellationToken));
    }

    /// <summary>Stores an operation; null where nothing is left to be done about it here.</summary>
    private async Task<Reception?> StoreAsync(Operation operation, PreparedOperation prepared, CancellationToken cancellationToken)
    {
        var arrived = _journal.NewRecord(operation);
        if (prepared.Rejection is { } rejection) arrived = Reject(arrived, rejection);

        var reception = await _journal.ReceiveAsync(arrived, cancellationToken);
        _metrics.Received(_executor.MetricType(operation), !reception.IsNew);
        if (!reception.IsNew)
        {
            LogRepeat(operation.Type, operation.Id, operation.Key);
            return reception.Record.IsSettled ? reception : null; // it runs, or its result is on its way
        }
        if (prepared.Rejection is not null)
            Ended(reception.Record, prepared, OperationOutcome.Failed(prepared.Rejection), TimeSpan.Zero);
        return reception;
    }

    private async Task AttendAsync(Arrival arrival, Task before)
    {
        await before;
        if (await arrival.Stored is { } reception) Attend(reception.Record, reception.Session, arrival.Prepared);
    }

    // Stored like a result, with one request, and without what was refused: it may be too large.
    private JournalRecord Reject(JournalRecord arrived, string reason) => arrived with
    {
        Operation = arrived.Operation.WithoutPayload(),
        State = JournalState.Finished,
        Result = Body(arrived.Operation, OperationOutcome.Failed(reason), TimeSpan.Zero, isStored: true),
        FinishedAt = arrived.ReceivedAt,
    };

    private void GoOnWith(JournalRecord record)
    {
        if (!record.IsSettled || record is { State: JournalState.Refused, Result: not null }) Attend(record, _session);
    }

    /// <summary>Does what is next for an operation: sends its result where there is one, else executes it.</summary>
    private void Attend(JournalRecord record, Tenure? session, PreparedOperation? prepared = null)
    {
        // A session that is over: whoever opened the journal since has found the record there.
        if (session is null or { IsOver: true }) return;
        if (record.Result is not null)
        {
            _delivery.Enqueue(record);
            return;
        }
        prepared ??= _executor.Prepare(record.Operation);
        var isRead = prepared.Plan is { ReadOnly: true };
        _scheduler.Enqueue(prepared.Plan?.Target, isRead, slot => RunAsync(record, prepared, slot, session.Ended));
    }

    private async Task RunAsync(
        JournalRecord record, PreparedOperation prepared, ExecutionSlot slot, CancellationToken ended)
    {
        var operation = record.Operation;
        using var scope = _logger.BeginScope(new Dictionary<string, object> { ["OperationKey"] = operation.Key.Value });
        var started = _time.GetTimestamp();
        if (await _executor.ExecuteAsync(record, prepared, slot, ended) is not { } outcome) return;
        var duration = _time.GetElapsedTime(started);
        Ended(record, prepared, outcome, duration);
        var isReadOnly = prepared.Plan is { ReadOnly: true };
        await FinishAsync(record, Body(operation, outcome, duration, isStored: !isReadOnly), isReadOnly, ended);
    }

    private void Ended(JournalRecord record, PreparedOperation prepared, OperationOutcome outcome, TimeSpan duration)
    {
        var operation = record.Operation;
        _metrics.Finished(_executor.MetricType(operation), outcome.IsCompleted, duration);
        var target = prepared.Plan?.Target?.ToString() ?? "-";
        if (outcome.IsCompleted) LogCompleted(operation.Type, operation.Id, target, duration);
        else LogFailed(operation.Type, operation.Id, target, duration, outcome.Error!);
    }

    // The target's next operation starts when this returns: what is done must be stored by then.
    private async Task FinishAsync(JournalRecord record, byte[] body, bool isReadOnly, CancellationToken ended)
    {
        try
        {
            _delivery.Enqueue(isReadOnly
                ? record with { Result = body }
                : await _journal.FinishAsync(record.Key, body, ended));
        }
        catch (OperationCanceledException) when (ended.IsCancellationRequested)
        {
            // Not stored: it runs again, under whoever leads then.
        }
    }

    private byte[] Body(Operation operation, OperationOutcome outcome, TimeSpan duration, bool isStored) =>
        ResultBody.Of(operation, outcome, _settings.Hub.SuccessStatus, _time.GetUtcNow(), duration, isStored);

    /// <summary>An operation of an answer, and what comes of storing it.</summary>
    private readonly record struct Arrival(NamespacedName? Target, PreparedOperation Prepared, Task<Reception?> Stored);

    [LoggerMessage(2001, LogLevel.Information, "{Type} {Id} on {Target} completed in {Duration}")]
    private partial void LogCompleted(string type, string id, string target, TimeSpan duration);

    [LoggerMessage(2002, LogLevel.Warning, "{Type} {Id} on {Target} failed after {Duration}: {Error}")]
    private partial void LogFailed(string type, string id, string target, TimeSpan duration, string error);

    [LoggerMessage(2003, LogLevel.Information, "{Type} {Id} ({Key}) came again: done once, answered again")]
    private partial void LogRepeat(string type, string id, OperationKey key);

    [LoggerMessage(2004, LogLevel.Error, "An operation cannot be answered: {Error}")]
    private partial void LogUnanswerable(string error);

    [LoggerMessage(2005, LogLevel.Information, "Going on with {Operations} operations and {Results} undelivered results of before")]
    private partial void LogReplay(int operations, int results);

    [LoggerMessage(2006, LogLevel.Information, "{Type} {Id} ({Key}) was stored by an agent that led before: it is done now")]
    private partial void LogAdopted(string type, string id, OperationKey key);
}
