using System.Text;
using System.Text.Json;
using OvimSpokeAgent.Configuration;
using OvimSpokeAgent.Logging;
using OvimSpokeAgent.Supervision;

namespace OvimSpokeAgent.Operations;

/// <summary>Parses operations that arrive and stores them: in one batch where they came together, else alone.</summary>
internal sealed partial class OperationReceiver(
    OperationRegistry registry,
    OperationExecutor executor,
    OperationJournal journal,
    ReportErrors errors,
    RecentOperations recent,
    OperationMetrics metrics,
    AgentSettings settings,
    TimeProvider time,
    ILogger<OperationReceiver> logger)
{
    /// <summary>The default of <see cref="MaxTogether"/>.</summary>
    public const int DefaultMaxTogether = 4096;

    /// <summary>A text that is longer is refused for its payload, whatever it says.</summary>
    private const int MaxBytes = 2 * OperationExecutor.MaxPayloadBytes;

    /// <summary>How many operations are stored together at most.</summary>
    public int MaxTogether { get; init; } = DefaultMaxTogether;

    /// <summary>One answer or push after the other: what is stored first runs first, now and after a crash.</summary>
    public AsyncLock Turn { get; } = new();

    /// <summary>Parses an operation. Null: it has no usable id, so that it cannot be answered; that is reported.</summary>
    /// <param name="text">The operation as it arrived.</param>
    /// <param name="isReported">Whether an operation that cannot be answered is reported.</param>
    public ReceivedOperation? Parse(ReadOnlyMemory<byte> text, bool isReported = true)
    {
        if (text.Length > MaxBytes) text = OversizedOperation.Reduce(text.Span, out _);
        using var document = JsonDocument.Parse(text, OperationJson.DocumentOptions);
        var envelope = OperationEnvelope.Parse(document.RootElement, registry, time.GetUtcNow());
        if (envelope.Operation is not { } operation)
        {
            metrics.Unanswerable();
            if (isReported) ReportUnanswerable(envelope.Error!);
            return null;
        }
        var plan = envelope.Error is null ? executor.Prepare(operation).Plan : null;
        return new(operation.WithoutPayload(), operation.PayloadLength, plan?.Target, plan is { ReadOnly: true });
    }

    /// <summary>Reports how many operations without a usable id came beyond those that were reported one by one.</summary>
    public void ReportUnanswerable(int more) => ReportUnanswerable($"{more} more operations without a usable id");

    /// <summary>Stores an operation alone; null where nothing is left to be done about it here.</summary>
    public async Task<Reception?> StoreAsync(ReadOnlyMemory<byte> text, CancellationToken cancellationToken)
    {
        var prepared = Prepare(text);
        var operation = prepared.Operation;
        var reception = prepared.Rejection is { } reason
            ? await RefuseAsync(operation, reason, cancellationToken)
            : await ReceiveAsync(operation, cancellationToken);
        if (!reception.IsNew) return Repeated(reception.Record) ? reception : null;
        Received(operation);
        if (prepared.Rejection is { } rejection)
        {
            recent.Ends(reception.Record, target: null, rejection, duration: null);
            LogRefused(operation.Type, operation.Id, rejection);
        }
        return reception;
    }

    /// <summary>Counts an operation that is new and stored.</summary>
    public void Received(OperationHeader operation) => metrics.Received(executor.MetricType(operation), repeat: false);

    /// <summary>Counts an operation that came twice in one answer.</summary>
    public void CountDuplicateInBatch(OperationHeader operation) => metrics.Received(executor.MetricType(operation), repeat: true);

    /// <summary>An operation came again. Whether it is to be answered: else it runs, or its result is on its way.</summary>
    public bool Repeated(JournalRecord known)
    {
        metrics.Received(executor.MetricType(known.Operation), repeat: true);
        LogRepeat(known.Operation.Type, known.Operation.Id, known.Key);
        return known.IsSettled;
    }

    /// <summary>
    /// Completes when operations could be stored, and all that takes is ready: the first answer of a process is stored as
    /// quickly as any other. Nothing is stored.
    /// </summary>
    public Task WarmUpAsync(CancellationToken cancellationToken)
    {
        ReceivedOperation? last = null;
        byte[] content = [];
        foreach (var type in registry.Types)
        {
            content = Encoding.UTF8.GetBytes($$"""[{"id":"rehearsal","type":"{{type}}","payload":{},"timestamp":"{{time.GetUtcNow():O}}"}]""");
            last = Parse(content.AsMemory()[1..^1]) ?? last;
        }
        return last is { } operation ? journal.WarmUpAsync(operation.Operation, content, cancellationToken) : Task.CompletedTask;
    }

    private PreparedOperation Prepare(ReadOnlyMemory<byte> text)
    {
        var payloadBytes = 0;
        var isOversized = text.Length > MaxBytes;
        if (isOversized) text = OversizedOperation.Reduce(text.Span, out payloadBytes);
        var envelope = OperationEnvelope.Parse(OperationJson.Parse(text.Span), registry, time.GetUtcNow());
        var operation = envelope.Operation ?? throw new InvalidOperationException($"judged as an operation and is none: {envelope.Error}");
        if (isOversized && payloadBytes > OperationExecutor.MaxPayloadBytes)
            return PreparedOperation.Rejected(operation, OperationExecutor.TooLarge(payloadBytes));
        return envelope.Error is { } error ? PreparedOperation.Rejected(operation, error) : executor.Prepare(operation);
    }

    private Task<Reception> ReceiveAsync(Operation operation, CancellationToken cancellationToken)
    {
        var payload = operation.PayloadBytes;
        return journal.ReceiveAsync(journal.NewRecord(operation.WithoutPayload(), payload.Length), payload, cancellationToken);
    }

    // Stored like a result, with one request, and without what was refused: it may be too large.
    private Task<Reception> RefuseAsync(Operation operation, string reason, CancellationToken cancellationToken)
    {
        var result = ResultBody.Of(
            operation, OperationOutcome.Failed(reason), settings.Hub.SuccessStatus, time.GetUtcNow(), TimeSpan.Zero, isStored: true);
        metrics.Finished(executor.MetricType(operation), completed: false, TimeSpan.Zero);
        var arrived = journal.NewRecord(operation.WithoutPayload(), result.Length);
        arrived = arrived with { State = JournalState.Finished, HasResult = true, FinishedAt = arrived.ReceivedAt };
        return journal.ReceiveAsync(arrived, result, cancellationToken);
    }

    private void ReportUnanswerable(string error)
    {
        LogUnanswerable(error);
        errors.Add("operation without an id", error);
    }

    [LoggerMessage(2003, LogLevel.Information, "{Type} {Id} ({Key}) was received again: it is executed once, its result is sent again")]
    private partial void LogRepeat(string type, string id, OperationKey key);

    [LoggerMessage(2004, LogLevel.Error, "An operation without a usable id is dropped, no result can be reported: {Error}")]
    private partial void LogUnanswerable(string error);

    [LoggerMessage(2007, LogLevel.Warning, "{Type} {Id} refused: {Reason}")]
    private partial void LogRefused(string type, string id, string reason);
}
