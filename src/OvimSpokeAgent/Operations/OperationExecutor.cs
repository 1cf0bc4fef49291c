using System.Runtime.InteropServices;
using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Configuration;
using OvimSpokeAgent.Supervision;
using OvimSpokeAgent.Validation;
using Polly;
using Polly.Retry;

namespace OvimSpokeAgent.Operations;

/// <summary>An operation after its payload was judged: a plan, or the reason why there is none.</summary>
internal sealed record PreparedOperation(OperationPlan? Plan, string? Rejection)
{
    public static PreparedOperation Rejected(string reason) => new(null, reason);
}

/// <summary>
/// Executes one operation: judges the payload, runs the plan under the operation's timeout, repeats it for transient
/// errors and conflicts of the cluster (plans are safe to repeat), and turns every end into an outcome.
/// </summary>
internal sealed partial class OperationExecutor
{
    /// <summary>The largest payload: its record has to fit into a Secret.</summary>
    public const int MaxPayloadBytes = 512 << 10;

    private static readonly TimeSpan ReadBackLimit = TimeSpan.FromSeconds(5);

    private readonly OperationRegistry _registry;
    private readonly OperationJournal _journal;
    private readonly OperationSettings _settings;
    private readonly TimeProvider _time;
    private readonly ILogger<OperationExecutor> _logger;
    private readonly ResiliencePipeline<OperationOutcome> _untilTimeout;

    public OperationExecutor(
        OperationRegistry registry,
        OperationJournal journal,
        AgentSettings settings,
        Jitter jitter,
        TimeProvider time,
        ILogger<OperationExecutor> logger)
    {
        (_registry, _journal, _settings, _time, _logger) = (registry, journal, settings.Operations, time, logger);
        var backoff = new Backoff(TimeSpan.FromMilliseconds(200), TimeSpan.FromSeconds(10), jitter);
        _untilTimeout = new ResiliencePipelineBuilder<OperationOutcome> { TimeProvider = time }
            .AddRetry(new RetryStrategyOptions<OperationOutcome>
            {
                ShouldHandle = new PredicateBuilder<OperationOutcome>().Handle<KubernetesApiException>(MayWorkLater),
                MaxRetryAttempts = int.MaxValue,
                DelayGenerator = args => ValueTask.FromResult<TimeSpan?>(backoff.After(
                    args.AttemptNumber, (args.Outcome.Exception as KubernetesApiException)?.RetryAfter)),
                OnRetry = args =>
                {
                    if (args.Context.Properties.GetValue(LastError, null) is { } last)
                        last.Message = args.Outcome.Exception!.Message;
                    return default;
                },
            })
            .Build();
    }

    private sealed class LastErrorBox
    {
        public string? Message { get; set; }
    }

    private static readonly ResiliencePropertyKey<LastErrorBox?> LastError = new("ovim.last-error");

    /// <summary>Finds the handler and has it judge the payload. Pure.</summary>
    public PreparedOperation Prepare(Operation operation)
    {
        if (_registry.Find(operation.Type) is not { } handler)
        {
            return PreparedOperation.Rejected(
                $"type: {JsonText.Show(operation.Type)} is not a known operation type ({string.Join(", ", _registry.Types)})");
        }
        if (JsonMarshal.GetRawUtf8Value(operation.Payload).Length is > MaxPayloadBytes and var bytes)
            return PreparedOperation.Rejected($"payload: {bytes} bytes are too many, expected at most {MaxPayloadBytes}");
        var payload = new PayloadReader(operation.Payload);
        try
        {
            var plan = handler.Plan(payload);
            if (payload.Errors.Count > 0) return PreparedOperation.Rejected(string.Join("; ", payload.Errors));
            return new PreparedOperation(
                plan ?? throw new InvalidOperationException($"the handler of {handler.Type} made no plan and named no error"),
                null);
        }
#pragma warning disable CA1031 // as below; and what came with this operation must not be lost with it
        catch (Exception e)
        {
            return PreparedOperation.Rejected(Bug(e, operation));
        }
#pragma warning restore CA1031
    }

    /// <summary>The operation's type for metrics: one of the known ones, or <c>unknown</c>.</summary>
    public string MetricType(Operation operation) => _registry.Find(operation.Type)?.Type ?? "unknown";

    /// <summary>Executes; never throws. Null: given up, because <paramref name="ended"/> came first.</summary>
    public async Task<OperationOutcome?> ExecuteAsync(
        JournalRecord record, PreparedOperation prepared, ExecutionSlot slot, CancellationToken ended)
    {
        if (ended.IsCancellationRequested) return null;
        if (prepared.Plan is not { } plan) return OperationOutcome.Failed(prepared.Rejection!);

        var operation = record.Operation;
        var context = CreateContext(record, slot);
        if (record.State is JournalState.Received && _time.GetUtcNow() - record.ReceivedAt > _settings.Expiry)
            plan = plan with { Execute = (c, token) => ExecuteExpiredAsync(record, prepared.Plan, c, token), ReadBack = null };

        var limit = operation.Timeout ?? _settings.Timeout;
        var lastError = new LastErrorBox();
        using var timeout = new CancellationTokenSource(limit, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, ended);
        try
        {
            return await RunPlanAsync(plan, context, lastError, either.Token);
        }
        catch (Exception e) when (ended.IsCancellationRequested && e is OperationCanceledException or KubernetesApiException)
        {
            return null;
        }
        catch (OperationCanceledException) when (timeout.IsCancellationRequested)
        {
            return await TimedOutAsync(plan, context, limit, lastError.Message, ended);
        }
        catch (KubernetesApiException e)
        {
            return OperationOutcome.Failed(e.Message);
        }
#pragma warning disable CA1031 // the supervisor of handlers: a bug in one must not lose the operation's result
        catch (Exception e)
        {
            return OperationOutcome.Failed(Bug(e, operation));
        }
#pragma warning restore CA1031
    }

    private string Bug(Exception exception, Operation operation)
    {
        LogBug(exception, operation.Type, operation.Id);
        return $"internal error: {exception.GetType().Name}: {exception.Message}";
    }

    private OperationContext CreateContext(JournalRecord record, ExecutionSlot slot)
    {
        OperationContext context = null!;
        return context = new OperationContext(record.Operation, record.Fact, FixAsync, slot.Release);

        async Task FixAsync(string fact, CancellationToken token)
        {
            var stored = await _journal.StartAsync(record.Key, fact, token);
            if (stored.Fact is null || stored.Fact == fact) return;
            context.Adopt(stored.Fact);
            throw new KubernetesApiException(
                ApiErrorReason.Conflict, $"operation {record.Operation.Id}: another agent was first to begin it");
        }
    }

    // What never began is not done any more; what did is finished.
    private async Task<OperationOutcome> ExecuteExpiredAsync(
        JournalRecord record, OperationPlan plan, OperationContext context, CancellationToken cancellationToken)
    {
        if (plan.ReadBack is { } readBack && await readBack(context, cancellationToken) is { } landed) return landed;
        return OperationOutcome.Failed(
            $"expired: received at {record.ReceivedAt:O} and not begun within {_settings.Expiry.TotalSeconds:0.###} s");
    }

    private async Task<OperationOutcome> RunPlanAsync(
        OperationPlan plan, OperationContext context, LastErrorBox lastError, CancellationToken cancellationToken)
    {
        var resilience = ResilienceContextPool.Shared.Get(continueOnCapturedContext: true, cancellationToken);
        resilience.Properties.Set(LastError, lastError);
        try
        {
            return await _untilTimeout.ExecuteAsync(
                async (r, state) => await state.Plan.Execute(state.Context, r.CancellationToken),
                resilience,
                (Plan: plan, Context: context));
        }
        finally
        {
            ResilienceContextPool.Shared.Return(resilience);
        }
    }

    // What was asked for may have landed although its answer did not come in time.
    private async Task<OperationOutcome?> TimedOutAsync(
        OperationPlan plan, OperationContext context, TimeSpan limit, string? lastError, CancellationToken ended)
    {
        if (plan.ReadBack is { } readBack)
        {
            using var timeout = new CancellationTokenSource(ReadBackLimit, _time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, ended);
            try
            {
                if (await readBack(context, either.Token) is { } landed) return landed;
            }
            catch (Exception e) when (ended.IsCancellationRequested && e is OperationCanceledException or KubernetesApiException)
            {
                return null;
            }
            catch (Exception e) when (e is KubernetesApiException or OperationCanceledException)
            {
                lastError = e is KubernetesApiException ? e.Message : lastError;
            }
        }
        var message = $"timed out after {limit.TotalSeconds:0.###} s";
        return OperationOutcome.Failed(lastError is null ? message : $"{message}; the last error was: {lastError}");
    }

    private static bool MayWorkLater(KubernetesApiException e) => e.IsTransient || e.Reason is ApiErrorReason.Conflict;

    [LoggerMessage(2010, LogLevel.Error, "The handler of {Type} failed on operation {Id}")]
    private partial void LogBug(Exception exception, string type, string id);
}
