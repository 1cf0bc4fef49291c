using System.Collections.Concurrent;
using System.Net;
using OvimSpokeAgent.Configuration;
using OvimSpokeAgent.Contract;
using OvimSpokeAgent.Supervision;

namespace OvimSpokeAgent.Hub;

/// <summary>
/// Registers the agent (the first report) and reports every <c>OVIM_HEARTBEAT_INTERVAL</c>, and at once when
/// <see cref="ReportSoon"/> says that something changed. While the hub is away it goes on: reports double as probes.
/// </summary>
internal sealed partial class HeartbeatLoop(
    HubClient hub,
    HubConnection connection,
    IReportSource reports,
    HubSchedule pace,
    RetryAfterGate gate,
    HubOutage outage,
    HubMetrics metrics,
    AgentSettings settings,
    TimeProvider time,
    ILogger<HeartbeatLoop> logger) : ILoop, IDisposable
{
    // A change that comes again and again must not become a stream of reports.
    private static readonly TimeSpan MinReportInterval = TimeSpan.FromSeconds(1);

    private readonly AsyncSignal _soon = new();
    private readonly AsyncSignal _forced = new();
    private readonly SemaphoreSlim _sending = new(1);
    private readonly ConcurrentQueue<AskedReport> _asked = new();
    private volatile bool _finalReportSent;

    public string Name => "heartbeat";

    /// <summary>Sends the next report without waiting for its time.</summary>
    public void ReportSoon() => _soon.Set();

    /// <summary>
    /// Sends a report now, also to a hub that is away and would be asked later; not while the hub asks to be left alone, nor within a
    /// second of the last one.
    /// </summary>
    /// <param name="registersAnew">As after a start: the hub is asked first whether it is there.</param>
    /// <returns>What came of the first report that began after this call.</returns>
    public Task<HubLinkStatus> ReportNow(bool registersAnew)
    {
        var asked = new AskedReport(registersAnew, new(TaskCreationOptions.RunContinuationsAsynchronously));
        _asked.Enqueue(asked);
        _forced.Set();
        return asked.Answer.Task;
    }

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await reports.WaitUntilMeaningfulAsync(cancellationToken);
        var healthChecked = false;
        while (true)
        {
            var wanted = reports.WaitUntilWantedAsync(cancellationToken);
            connection.IsSilent = !wanted.IsCompleted;
            if (connection.IsSilent) outage.Forget();
            await wanted;
            connection.IsSilent = false;
            var (soon, forced, before, started) = (_soon.Next, _forced.Next, connection.Link, time.GetTimestamp());
            var asked = TakeAsked();
            healthChecked &= !asked.Exists(one => one.RegistersAnew);
            connection.Trying();
            using (LoopTurn.Begin())
            {
                healthChecked = healthChecked || await CheckHealthAsync(cancellationToken);
                if (healthChecked) await SendReportAsync(final: false, cancellationToken);
            }
            foreach (var one in asked) one.Answer.TrySetResult(connection.Link);
            var (wait, mayBeSooner) = pace.AfterReport(before, connection.Link);
            await WaitAsync(wait - time.GetElapsedTime(started), mayBeSooner ? soon : null, forced, cancellationToken);
        }
    }

    /// <summary>Sends the last report before the agent ends; reports no more after it.</summary>
    public Task SendFinalReportAsync(CancellationToken cancellationToken) =>
        SendReportAsync(final: true, cancellationToken);

    public void Dispose() => _sending.Dispose();

    private List<AskedReport> TakeAsked()
    {
        var asked = new List<AskedReport>();
        while (_asked.TryDequeue(out var one)) asked.Add(one);
        return asked;
    }

    // Not less than the hub asked for, not more often than once a second (or interval), else until the report is due or
    // something changed.
    private async Task WaitAsync(TimeSpan due, Task? soon, Task forced, CancellationToken cancellationToken)
    {
        var (least, started) = (TimeSpans.Min(settings.HeartbeatInterval, MinReportInterval), time.GetTimestamp());
        var pause = TimeSpans.Max(soon is null ? TimeSpans.Max(due, least) : least, gate.Remaining(HubEndpoint.Status));
        await WaitForAnyAsync(pause, [forced], cancellationToken);
        if (forced.IsCompleted)
        {
            var rest = TimeSpans.Max(least - time.GetElapsedTime(started), gate.Remaining(HubEndpoint.Status));
            if (rest > TimeSpan.Zero) await Task.Delay(rest, time, cancellationToken);
            return;
        }
        if (soon is not null && due > pause) await WaitForAnyAsync(due - pause, [soon, forced], cancellationToken);
    }

    private async Task WaitForAnyAsync(TimeSpan most, IEnumerable<Task> signals, CancellationToken cancellationToken)
    {
        using var waiting = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        await Task.WhenAny([Task.Delay(most, time, waiting.Token), .. signals]);
        waiting.Cancel();
        cancellationToken.ThrowIfCancellationRequested();
    }

    private async Task<bool> CheckHealthAsync(CancellationToken cancellationToken)
    {
        try
        {
            await AskForHealthAsync(cancellationToken);
            return true;
        }
        catch (HubException e)
        {
            Failed(e);
            return false;
        }
    }

    // Any answer will do: what stands before the hub may not route this. A report tells whether it is the hub.
    private async Task AskForHealthAsync(CancellationToken cancellationToken)
    {
        try
        {
            await hub.CheckHealthAsync(cancellationToken);
        }
        catch (HubException e) when (e.Status is not null || !e.WasTried)
        {
            LogNoHealth(e.Message);
        }
    }

    private async Task SendReportAsync(bool final, CancellationToken cancellationToken)
    {
        await _sending.WaitAsync(cancellationToken);
        try
        {
            if (_finalReportSent) return;
            _finalReportSent = final;
            var report = reports.Compose();
            await SendAsync(report, cancellationToken);
            metrics.ReportTaken();
            reports.Delivered(report);
            Succeeded();
        }
        catch (HubException e)
        {
            Failed(e);
        }
        finally
        {
            _sending.Release();
        }
    }

    // A hub that does not know the agent any more gets a fresh registration: the question whether it is there, and the
    // whole report, which every report is.
    private async Task SendAsync(StatusReport report, CancellationToken cancellationToken)
    {
        try
        {
            await hub.SendReportAsync(report, cancellationToken);
        }
        catch (HubException e) when (e.Status is HttpStatusCode.NotFound && connection.Link.IsRegistered)
        {
            LogForgotten(settings.AgentId, e.Message);
            await AskForHealthAsync(cancellationToken);
            await hub.SendReportAsync(report, cancellationToken);
        }
    }

    // Hubs say so by the status alone, or in words beside another one.
    private static bool SaysInUse(HubException exception) => exception.Status is HttpStatusCode.Conflict
        || (exception.Status is >= HttpStatusCode.BadRequest and < HttpStatusCode.InternalServerError
            && exception.Answer.Contains("in use by another", StringComparison.OrdinalIgnoreCase));

    private string InUse(string answer) =>
        $"the hub says that {SettingsTable.AgentId.Name}={settings.AgentId} is in use by another live agent, no operations are taken: "
        + $"each cluster needs its own (without the variable it comes from {SettingsTable.ZoneId.Name}): {answer}";

    private void Succeeded()
    {
        var before = connection.Link;
        connection.Succeeded();
        outage.Answered(HubEndpoint.Status);
        if (before.LastContact is null) LogRegistered(settings.AgentId, settings.Hub.Endpoint);
    }

    private void Failed(HubException exception)
    {
        if (!exception.WasTried) return;
        var isInUse = SaysInUse(exception);
        var reason = isInUse ? InUse(exception.Message) : exception.Message;
        metrics.ReportFailed();
        connection.Failed(reason, isInUse, isRefusal: exception.IsPermanent);
        outage.Failed(HubEndpoint.Status, reason);
    }

    [LoggerMessage(3001, LogLevel.Information, "Registered as {AgentId} with the hub at {Endpoint}")]
    private partial void LogRegistered(string agentId, Uri endpoint);

    [LoggerMessage(3005, LogLevel.Warning, "Going on with a report without the hub's health: {Answer}")]
    private partial void LogNoHealth(string answer);

    [LoggerMessage(3004, LogLevel.Warning, "The hub does not know {AgentId} any more: registering anew ({Answer})")]
    private partial void LogForgotten(string agentId, string answer);

    private sealed record AskedReport(bool RegistersAnew, TaskCompletionSource<HubLinkStatus> Answer);
}
