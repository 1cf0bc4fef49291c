using OvimSpokeAgent.Supervision;
using Polly;
using Polly.Retry;

namespace OvimSpokeAgent.Operations;

/// <summary>
/// Brings results to the hub: at least once, the oldest first, never two of one id at a time, a few in parallel, for
/// as long as it takes. A result that the hub refuses for good stays in the journal and blocks nothing.
/// </summary>
internal sealed partial class ResultDelivery : ILoop
{
    private readonly IResultChannel _channel;
    private readonly OperationJournal _journal;
    private readonly ReportErrors _errors;
    private readonly OperationMetrics _metrics;
    private readonly ILogger<ResultDelivery> _logger;
    private readonly int _workers;
    private readonly ResiliencePipeline<DeliveryAttempt> _untilAnswered;

    private readonly Lock _lock = new();
    private readonly SortedDictionary<long, JournalRecord> _pending = [];
    private readonly HashSet<string> _idsOnTheWay = [];
    private readonly AsyncSignal _changed = new();
    private int _refused;

    public ResultDelivery(
        IResultChannel channel,
        OperationJournal journal,
        ReportErrors errors,
        OperationMetrics metrics,
        Configuration.AgentSettings settings,
        TimeProvider time,
        ILogger<ResultDelivery> logger)
    {
        (_channel, _journal, _errors, _metrics, _logger) = (channel, journal, errors, metrics, logger);
        _workers = settings.Operations.Concurrency;
        _untilAnswered = new ResiliencePipelineBuilder<DeliveryAttempt> { TimeProvider = time }
            .AddRetry(new RetryStrategyOptions<DeliveryAttempt>
            {
                ShouldHandle = args => ValueTask.FromResult(args.Outcome.Result.Outcome is DeliveryOutcome.Unreachable),
                MaxRetryAttempts = int.MaxValue,
                BackoffType = DelayBackoffType.Exponential,
                UseJitter = true,
                Delay = TimeSpan.FromSeconds(1),
                MaxDelay = TimeSpan.FromSeconds(30),
            })
            .Build();
    }

    public string Name => "delivery";

    /// <summary>Results that the hub has not taken yet, those it refused left out.</summary>
    public int Pending
    {
        get
        {
            lock (_lock) return _pending.Count + _idsOnTheWay.Count;
        }
    }

    /// <summary>Results that the hub refused since the start.</summary>
    public int Refused => Volatile.Read(ref _refused);

    /// <summary>Sends a finished record's result, again if it was delivered before.</summary>
    public void Enqueue(JournalRecord record)
    {
        lock (_lock) _pending[record.Sequence] = record;
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

    public Task RunAsync(CancellationToken cancellationToken) =>
        Task.WhenAll(Enumerable.Range(0, _workers).Select(_ => WorkAsync(cancellationToken)));

    private async Task WorkAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var changed = _changed.Next;
            if (TakeNext() is not { } record)
            {
                await changed.WaitAsync(cancellationToken);
                continue;
            }
            try
            {
                await DeliverAsync(record, cancellationToken);
            }
            catch
            {
                Enqueue(record);
                throw;
            }
            finally
            {
                lock (_lock) _idsOnTheWay.Remove(record.Operation.Id);
                _changed.Set();
            }
        }
    }

    private JournalRecord? TakeNext()
    {
        lock (_lock)
        {
            foreach (var (sequence, record) in _pending)
            {
                if (!_idsOnTheWay.Add(record.Operation.Id)) continue;
                _pending.Remove(sequence);
                return record;
            }
            return null;
        }
    }

    private async Task DeliverAsync(JournalRecord record, CancellationToken cancellationToken)
    {
        var body = record.Result ?? throw new InvalidOperationException($"{record.Key} has no result");
        var id = record.Operation.Id;
        var context = ResilienceContextPool.Shared.Get(continueOnCapturedContext: true, cancellationToken);
        DeliveryAttempt attempt;
        try
        {
            attempt = await _untilAnswered.ExecuteAsync(
                async c => await _channel.SendAsync(id, body, c.CancellationToken), context);
        }
        finally
        {
            ResilienceContextPool.Shared.Return(context);
        }

        _metrics.ResultAttempted(attempt.Outcome);
        if (attempt.Outcome is DeliveryOutcome.Refused)
        {
            Interlocked.Increment(ref _refused);
            LogRefused(id, record.Key, attempt.Reason);
            _errors.Add($"the result of operation {id} was refused: {attempt.Reason}");
            return;
        }
        if (record.State is not JournalState.Delivered) await _journal.DeliveredAsync(record.Key, cancellationToken);
        else if (_journal.NewestDeliveredAfter(record) is { } newest) Enqueue(newest);
    }

    [LoggerMessage(2101, LogLevel.Error, "The hub refuses the result of operation {Id} ({Key}): {Reason}")]
    private partial void LogRefused(string id, OperationKey key, string? reason);
}
