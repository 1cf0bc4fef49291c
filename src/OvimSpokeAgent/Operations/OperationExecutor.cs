using System.Runtime.InteropServices;
using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Configuration;
using OvimSpokeAgent.Supervision;
using OvimSpokeAgent.Validation;

namespace OvimSpokeAgent.Operations;

/// <summary>
/// Executes one operation: judges the payload, runs the plan under the operation's timeout, repeats it for transient
/// errors and conflicts of the cluster (plans are safe to repeat), and turns every end into an outcome.
/// </summary>
internal sealed partial class OperationExecutor(
    OperationRegistry registry,
    OperationJournal journal,
    ExecutionAttempts attempts,
    RunningExecutions executions,
    AgentSettings settings,
    TimeProvider time,
    ILogger<OperationExecutor> logger)
{
    /// <summary>The largest payload: its record has to fit into a Secret.</summary>
    public const int MaxPayloadBytes = 512 << 10;

    // Nothing is said to have failed while the API server does not answer: its result could not be stored either.
    private static readonly TimeSpan AftermathLimit = TimeSpan.FromSeconds(30);

    /// <summary>Finds the handler and has it judge the payload. Pure.</summary>
    public PreparedOperation Prepare(Operation operation)
    {
        if (registry.Find(operation.Type) is not { } handler)
        {
            return PreparedOperation.Rejected(
                operation,
                $"type: {JsonText.Show(operation.Type)} is not a known operation type ({string.Join(", ", registry.Types)})");
        }
        if (JsonMarshal.GetRawUtf8Value(operation.Payload).Length is > MaxPayloadBytes and var bytes)
            return PreparedOperation.Rejected(operation, TooLarge(bytes));
        var payload = new PayloadReader(operation.Payload);
        try
        {
            var plan = handler.Plan(payload);
            if (payload.Errors.Count > 0) return PreparedOperation.Rejected(operation, string.Join("; ", payload.Errors));
            return new PreparedOperation(
                operation,
                plan ?? throw new InvalidOperationException($"the handler of {handler.Type} made no plan and named no error"),
                null);
        }
#pragma warning disable CA1031 // as below; and what came with this operation must not be lost with it
        catch (Exception e) when (!e.IsFatal())
        {
            return PreparedOperation.Rejected(operation, Bug(e, operation));
        }
#pragma warning restore CA1031
    }

    /// <summary>Why a payload of this length is refused.</summary>
    public static string TooLarge(int bytes) => $"payload: {bytes} bytes are too many, expected at most {MaxPayloadBytes}";

    /// <summary>The operation's type for metrics: one of the known ones, or <c>unknown</c>.</summary>
    public string MetricType(OperationHeader operation) => registry.Find(operation.Type)?.Type ?? "unknown";

    /// <summary>Executes; never throws. Null: given up, because <paramref name="ended"/> came first.</summary>
    public async Task<OperationOutcome?> ExecuteAsync(
        JournalRecord record, PreparedOperation prepared, ExecutionSlot slot, CancellationToken ended)
    {
        if (ended.IsCancellationRequested) return null;
        if (prepared.Plan is not { } plan) return OperationOutcome.Failed(prepared.Rejection!);

        var operation = prepared.Operation;
        CurrentComponent.Name = $"operation {MetricType(operation)}";
        using var scope = logger.BeginScope(new Dictionary<string, object> { ["OperationId"] = operation.Id, ["OperationKey"] = operation.Key.Value });
        var limit = OperationLimit.Of(operation, settings.Operations);
        var context = CreateContext(operation with { Timeout = limit.Timeout }, record, slot);
        if (record.State is JournalState.Received && time.GetUtcNow() - record.ReceivedAt > settings.Operations.Expiry)
            plan = plan with { Execute = (c, token) => ExecuteExpiredAsync(record, prepared.Plan, c, token), ReadBack = null };

        var trail = new ExecutionTrail(slot);
        using var execution = executions.Begin(limit.Timeout + AftermathLimit);
        try
        {
            var outcome = await ExecuteAsync(plan, context, limit, trail, ended);
            if (!outcome.IsCompleted) outcome = await SettleAsync(plan, context, outcome, trail, ended);
            return outcome.Error is { } error ? OperationOutcome.Failed(SecretValues.Hide(error, context.Effective)) : limit.NoteOn(outcome);
        }
        catch (Exception e) when (ended.IsCancellationRequested && e is OperationCanceledException or KubernetesApiException)
        {
            return null;
        }
#pragma warning disable CA1031 // as below
        catch (Exception e) when (!e.IsFatal())
        {
            return OperationOutcome.Failed(Bug(e, operation));
        }
#pragma warning restore CA1031
    }

    private async Task<OperationOutcome> ExecuteAsync(
        OperationPlan plan, OperationContext context, OperationLimit limit, ExecutionTrail trail, CancellationToken ended)
    {
        using var timeout = new CancellationTokenSource(limit.Timeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, ended);
        try
        {
            return await attempts.RunAsync(trail, token => plan.Execute(context, token), either.Token);
        }
        catch (OperationCanceledException) when (timeout.IsCancellationRequested && !ended.IsCancellationRequested)
        {
            trail.IsUnclear = true;
            var last = trail.LastError is { } error ? $"; the last error was: {error}" : "";
            return OperationOutcome.Failed($"timed out after {limit}{last}");
        }
        catch (KubernetesApiException e) when (!ended.IsCancellationRequested)
        {
            return OperationOutcome.Failed(e.Message);
        }
#pragma warning disable CA1031 // the supervisor of handlers: a bug in one must not lose the operation's result
        catch (Exception e) when (e is not OperationCanceledException and not KubernetesApiException && !e.IsFatal())
        {
            return OperationOutcome.Failed(Bug(e, context.Operation));
        }
#pragma warning restore CA1031
    }

    // Before it is said to have failed: what was asked for may have landed all the same, and what was begun is taken back.
    private async Task<OperationOutcome> SettleAsync(
        OperationPlan plan, OperationContext context, OperationOutcome failure, ExecutionTrail trail, CancellationToken ended)
    {
        using var timeout = new CancellationTokenSource(AftermathLimit, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, ended);
        var doing = "whether it was done all the same could not be found out";
        var cause = trail.LastError;
        try
        {
            if (trail.IsUnclear && plan.ReadBack is { } readBack
                && await attempts.RunAsync(trail, token => readBack(context, token), either.Token) is { } landed)
            {
                // What is there says what is missing, not why.
                return landed.Error is { } error && cause is not null && !error.Contains(cause, StringComparison.Ordinal)
                    ? OperationOutcome.Failed($"{error}; the last error was: {cause}")
                    : landed;
            }
            if (plan.GiveUp is not { } giveUp) return failure;
            doing = "what was begun could not be taken back";
            return await attempts.RunAsync(trail, token => giveUp(context, token), either.Token) is { } left
                ? OperationOutcome.Failed($"{failure.Error}; {left}")
                : failure;
        }
        catch (Exception e) when (!ended.IsCancellationRequested && e is OperationCanceledException or KubernetesApiException)
        {
            return OperationOutcome.Failed($"{failure.Error}; {doing}: {(e as KubernetesApiException)?.Message ?? trail.LastError ?? "no answer"}");
        }
    }

    private string Bug(Exception exception, Operation operation)
    {
        LogBug(exception, operation.Type, operation.Id);
        return $"internal error: {exception.GetType().Name}: {exception.Message}";
    }

    private OperationContext CreateContext(Operation operation, JournalRecord record, ExecutionSlot slot)
    {
        OperationContext context = null!;
        return context = new OperationContext(operation, record.Checkpoint, CheckpointAsync, slot);

        async Task CheckpointAsync(string checkpoint, CancellationToken token)
        {
            var stored = await journal.StartAsync(operation, checkpoint, token);
            if (stored.Checkpoint is null || stored.Checkpoint == checkpoint) return;
            context.TakeOver(stored.Checkpoint);
            throw new KubernetesApiException(
                ApiErrorReason.Conflict, $"operation {operation.Id}: another agent was first to begin it");
        }
    }

    // What never began is not done any more; what did is finished.
    private async Task<OperationOutcome> ExecuteExpiredAsync(
        JournalRecord record, OperationPlan plan, OperationContext context, CancellationToken cancellationToken)
    {
        if (plan.ReadBack is { } readBack && await readBack(context, cancellationToken) is { } landed) return landed;
        return OperationOutcome.Failed(
            $"expired: received at {record.ReceivedAt:O} and not begun within {settings.Operations.Expiry.TotalSeconds:0.###} s");
    }

    [LoggerMessage(2010, LogLevel.Error, "The handler of {Type} failed on operation {Id}")]
    private partial void LogBug(Exception exception, string type, string id);
}
