using OvimSpokeAgent.Configuration;
using OvimSpokeAgent.Operations;
using OvimSpokeAgent.Supervision;

namespace OvimSpokeAgent.Hub;

/// <summary>
/// Takes operations from the hub: straight on while there are some, else every <c>OVIM_HUB_POLL_INTERVAL</c> ± 20 % (once a
/// push was accepted, every 30 s), less often while polls fail; not while they could not be stored or executed, nor while the
/// hub is away or says that the agent's id is another's.
/// </summary>
internal sealed partial class PollLoop(
    HubClient hub,
    HubConnection connection,
    HubPresence presence,
    IOperationIntake intake,
    HubSchedule pace,
    RetryAfterGate gate,
    HubOutage outage,
    HubMetrics metrics,
    AgentSettings settings,
    TimeProvider time,
    ILogger<PollLoop> logger) : ILoop, IDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _lock = new();
    private Task _polling = Task.CompletedTask;
    private readonly LogThrottle _throttle = new(time);
    private int _failures;

    public string Name => "poll";

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var stopping = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _stop.Token);
        try
        {
            while (true)
            {
                await connection.WaitUntilOperationsMayBeTakenAsync(stopping.Token);
                await intake.WaitUntilReadyAsync(stopping.Token);
                var back = presence.Back;
                Task<bool> poll;
                lock (_lock)
                {
                    stopping.Token.ThrowIfCancellationRequested();
                    _polling = poll = PollAsync();
                }
                if (!await poll) await WaitAsync(back, stopping.Token);
            }
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, time, cancellationToken); // stopped for good, not failed
        }
    }

    /// <summary>Takes nothing more from the hub; completes when a poll under way is taken in to its end.</summary>
    public async Task StopAsync()
    {
        await _stop.CancelAsync();
        Task polling;
        lock (_lock) polling = _polling;
        // Where it failed, the loop's supervisor saw to that.
        await polling.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
    }

    public void Dispose() => _stop.Dispose();

    // Where polls fail, until the hub is back; and not less than it asked for.
    private async Task WaitAsync(Task back, CancellationToken cancellationToken)
    {
        using var waiting = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var due = Task.Delay(pace.AfterPoll(_failures, connection.IsPushed), time, waiting.Token);
        await Task.WhenAny(_failures > 0 ? [due, back] : [due]);
        await waiting.CancelAsync();
        cancellationToken.ThrowIfCancellationRequested();
        while (gate.Remaining(HubEndpoint.Operations) is var held && held > TimeSpan.Zero)
            await Task.Delay(held, time, cancellationToken);
    }

    // Not cancellable: what the hub handed out it has forgotten.
    private async Task<bool> PollAsync()
    {
        using var turn = LoopTurn.Begin();
        PollAnswer answer;
        var taking = intake.Begin();
        try
        {
            answer = await hub.TakeOperationsAsync(settings.AgentId, taking.Take);
        }
        catch (HubException e)
        {
            metrics.PollFailed();
            Failed(e.Message);
            if (e.WasTried) outage.Failed(HubEndpoint.Operations, e.Message);
            return false;
        }
        catch (Exception e)
        {
            await taking.EndAsync(e.Message); // what came has come, whatever went wrong
            throw;
        }
        Record(answer);
        await taking.EndAsync(answer.Loss);
        return answer.Operations > 0;
    }

    private void Record(PollAnswer answer)
    {
        if (answer.Loss is not null) metrics.PossibleLoss();
        if (answer is { Operations: 0, Loss: { } nothing })
        {
            metrics.PollFailed();
            Failed(nothing);
            outage.Failed(HubEndpoint.Operations, nothing);
            LogLossOfSeries(nothing);
        }
        else
        {
            metrics.Polled(answer.Operations);
            Answered(answer);
        }
    }

    private void Failed(string reason)
    {
        _failures++;
        connection.PollFailed(reason);
    }

    // A gateway in the hub's place answers so all day.
    private void LogLossOfSeries(string reason)
    {
        if (!_throttle.IsDue) return;
        LogLoss(0, reason);
        _throttle.Logged();
    }

    private void Answered(PollAnswer answer)
    {
        _failures = 0;
        connection.PollAnswered();
        outage.Answered(HubEndpoint.Operations);
        _throttle.Reset();
        if (answer.Loss is { } loss) LogLoss(answer.Operations, loss);
    }

    [LoggerMessage(3011, LogLevel.Error,
        "The hub's answer with operations was not whole; {Count} arrived, others may be lost: {Reason}")]
    private partial void LogLoss(int count, string reason);
}
