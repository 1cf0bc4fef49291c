using System.Text.Json;
using OvimSpokeAgent.Configuration;

namespace OvimSpokeAgent.Operations;

/// <summary>
/// Takes operations in, has them executed and hands the results to the delivery: parse → journal → schedule → execute
/// → journal the result → deliver. Every operation with a usable id gets exactly one result.
/// </summary>
internal sealed partial class OperationProcessor(
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
    /// <summary>Operations that are taken in and not finished.</summary>
    public int Backlog => scheduler.Backlog;

    /// <summary>
    /// Takes in what the hub handed out, in its order. Returns when all of it is stored.
    /// </summary>
    public async Task AcceptAsync(IReadOnlyList<JsonElement> batch, CancellationToken cancellationToken)
    {
        var storing = batch.Select(element => StoreAsync(element, cancellationToken)).ToList();
        foreach (var stored in storing)
        {
            if (await stored is var (record, prepared) && record is not null) Dispatch(record, prepared!);
        }
    }

    /// <summary>Stops starting operations and waits for those that run.</summary>
    public Task StopAsync() => scheduler.StopAsync();

    private async Task<(JournalRecord? Record, PreparedOperation? Prepared)> StoreAsync(
        JsonElement element, CancellationToken cancellationToken)
    {
        var envelope = OperationEnvelope.Parse(element, registry, time.GetUtcNow());
        if (envelope.Operation is not { } operation)
        {
            metrics.Unanswerable();
            LogUnanswerable(envelope.Error!);
            errors.Add(envelope.Error!);
            return default;
        }
        var prepared = envelope.Error is { } error ? PreparedOperation.Rejected(error) : executor.Prepare(operation);
        var (record, isNew) = await journal.ReceiveAsync(operation, cancellationToken);
        metrics.Received(executor.MetricType(operation), !isNew);
        if (isNew) return (record, prepared);

        LogRepeat(operation.Type, operation.Id, operation.Key);
        if (record.Result is not null) delivery.Enqueue(record);
        return default;
    }

    private void Dispatch(JournalRecord record, PreparedOperation prepared) =>
        scheduler.Enqueue(prepared.Plan?.Target, slot => RunAsync(record, prepared, slot));

    private async Task RunAsync(JournalRecord record, PreparedOperation prepared, ExecutionSlot slot)
    {
        var operation = record.Operation;
        using var scope = logger.BeginScope(new Dictionary<string, object> { ["OperationKey"] = operation.Key.Value });
        var started = time.GetTimestamp();
        var outcome = await executor.ExecuteAsync(record, prepared, slot);
        var duration = time.GetElapsedTime(started);

        metrics.Finished(executor.MetricType(operation), outcome.IsCompleted, duration);
        if (outcome.IsCompleted) LogCompleted(operation.Type, operation.Id, prepared.Plan?.Target?.ToString() ?? "-", duration);
        else LogFailed(operation.Type, operation.Id, prepared.Plan?.Target?.ToString() ?? "-", duration, outcome.Error!);

        var body = JsonSerializer.SerializeToUtf8Bytes(
            new Contract.OperationResult
            {
                OperationId = operation.Id,
                Status = outcome.IsCompleted ? settings.Hub.SuccessStatus : "failed",
                Result = outcome.Result,
                Error = outcome.Error,
                Timestamp = time.GetUtcNow(),
                Duration = duration.Ticks * TimeSpan.NanosecondsPerTick,
            },
            Contract.ContractJson.Default.OperationResult);
        var finished = await journal.FinishAsync(operation.Key, body, CancellationToken.None);
        delivery.Enqueue(finished);
    }

    [LoggerMessage(2001, LogLevel.Information, "{Type} {Id} on {Target} completed in {Duration}")]
    private partial void LogCompleted(string type, string id, string target, TimeSpan duration);

    [LoggerMessage(2002, LogLevel.Warning, "{Type} {Id} on {Target} failed after {Duration}: {Error}")]
    private partial void LogFailed(string type, string id, string target, TimeSpan duration, string error);

    [LoggerMessage(2003, LogLevel.Information, "{Type} {Id} ({Key}) came again: done once, answered again")]
    private partial void LogRepeat(string type, string id, OperationKey key);

    [LoggerMessage(2004, LogLevel.Error, "An operation cannot be answered: {Error}")]
    private partial void LogUnanswerable(string error);
}
