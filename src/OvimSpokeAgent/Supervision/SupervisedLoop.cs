namespace OvimSpokeAgent.Supervision;

/// <summary>
/// Runs a loop for the life of the host. The one place where any exception of a loop is caught: it is logged, counted
/// and shown in health, and the loop starts again after a jittered wait that grows from a second to half a minute with
/// failures in close succession. Only fatal errors pass: they end the process.
/// </summary>
internal sealed partial class SupervisedLoop<TLoop>(
    TLoop loop, RunningLoops registry, TimeProvider time, ILogger<TLoop> logger, Jitter? jitter = null)
    : BackgroundService, ILoopStatus
    where TLoop : ILoop
{
    private static readonly TimeSpan CalmAfter = TimeSpan.FromMinutes(1);

    private readonly LoopTurns _turns = new(time);
    private readonly RecentCount _ownFailures = new(ILoopStatus.RestartPeriod, time);

    private readonly Backoff _backoff = new(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(30), jitter ?? Random.Shared.NextDouble);
    private volatile LoopFailure? _lastFailure;
    private int _failures;

    public string Name => loop.Name;

    public int Failures => Volatile.Read(ref _failures);

    public int OwnFailures => _ownFailures.Count;

    public TimeSpan StandsStillFor => _turns.StandStillFor;

    public LoopFailure? RecentFailure =>
        _lastFailure is { } failure && time.GetUtcNow() - failure.At < CalmAfter ? failure : null;

    public override Task StartAsync(CancellationToken cancellationToken)
    {
        registry.Add(this);
        return base.StartAsync(cancellationToken);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        CurrentComponent.Name = Name;
        LoopTurns.Current = _turns;
        var inARow = 0;
        while (!stoppingToken.IsCancellationRequested)
        {
            var started = time.GetTimestamp();
            try
            {
                await loop.RunAsync(stoppingToken);
                return;
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
#pragma warning disable CA1031 // whatever a loop fails by, it must go on
            catch (Exception e) when (!e.IsFatal())
#pragma warning restore CA1031
            {
                inARow = time.GetElapsedTime(started) < CalmAfter ? inARow + 1 : 1;
                var delay = _backoff.After(inARow - 1);
                Failed(e, delay);
                await Task.Delay(delay, time, stoppingToken).ConfigureAwait(
                    ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
            }
        }
    }

    private void Failed(Exception exception, TimeSpan delay)
    {
        Interlocked.Increment(ref _failures);
        if (!IsOutside(exception)) _ownFailures.Add();
        _lastFailure = new LoopFailure(exception.Message, time.GetUtcNow());
        LogFailed(exception, Name, delay);
    }

    private static bool IsOutside(Exception exception) =>
        exception is IOutsideFailure or HttpRequestException or IOException or TimeoutException or OperationCanceledException;

    [LoggerMessage(1001, LogLevel.Error, "Loop {Name} failed and starts again in {Delay}")]
    private partial void LogFailed(Exception exception, string name, TimeSpan delay);
}

/// <summary>A failure of a loop.</summary>
internal sealed record LoopFailure(string Message, DateTimeOffset At);
