using OvimSpokeAgent.Configuration;
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
    HubMetrics metrics,
    AgentSettings settings,
    TimeProvider time,
    ILogger<HeartbeatLoop> logger) : ILoop, IDisposable
{
    // A change that comes again and again must not become a stream of reports.
    private static readonly TimeSpan LeastBetweenReports = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan FirstRetry = TimeSpan.FromSeconds(1);

    private readonly AsyncSignal _soon = new();
    private readonly SemaphoreSlim _sending = new(1);
    private volatile bool _finalReportSent;

    public string Name => "heartbeat";

    /// <summary>Sends the next report without waiting for its time.</summary>
    public void ReportSoon() => _soon.Set();

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await reports.WaitUntilMeaningfulAsync(cancellationToken);
        var healthChecked = false;
        while (true)
        {
            await reports.WaitUntilWantedAsync(cancellationToken);
            var soon = _soon.Next;
            connection.Trying();
            healthChecked = healthChecked || await CheckHealthAsync(cancellationToken);
            if (healthChecked) await SendReportAsync(final: false, cancellationToken);
            await WaitAsync(soon, cancellationToken);
        }
    }

    /// <summary>Sends the last report before the agent ends; reports no more after it.</summary>
    public Task SendFinalReportAsync(CancellationToken cancellationToken) =>
        SendReportAsync(final: true, cancellationToken);

    public void Dispose() => _sending.Dispose();

    private async Task WaitAsync(Task soon, CancellationToken cancellationToken)
    {
        if (!connection.Link.IsRegistered)
        {
            await Task.Delay(UntilNextTry(), time, cancellationToken);
            return;
        }
        var pause = TimeSpan.FromTicks(Math.Min(settings.HeartbeatInterval.Ticks, LeastBetweenReports.Ticks));
        await Task.Delay(pause, time, cancellationToken);
        using var waiting = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var interval = Task.Delay(settings.HeartbeatInterval - pause, time, waiting.Token);
        await Task.WhenAny(soon, interval);
        await waiting.CancelAsync();
        cancellationToken.ThrowIfCancellationRequested();
    }

    // Doubles from a second to the heartbeat interval, spread over its upper half: a fleet that lost its hub does not
    // come back as one.
    private TimeSpan UntilNextTry()
    {
        var exponent = Math.Min(connection.Link.MissedReports - 1, 16);
        var wait = Math.Min(FirstRetry.TotalSeconds * Math.Pow(2, Math.Max(exponent, 0)), settings.HeartbeatInterval.TotalSeconds);
#pragma warning disable CA5394 // spreading load needs no secret
        return TimeSpan.FromSeconds(wait * (0.5 + (Random.Shared.NextDouble() / 2)));
#pragma warning restore CA5394
    }

    private async Task<bool> CheckHealthAsync(CancellationToken cancellationToken)
    {
        try
        {
            await hub.CheckHealthAsync(cancellationToken);
            return true;
        }
        catch (HubException e)
        {
            Failed(e.Message);
            return false;
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
            var started = time.GetTimestamp();
            await hub.SendReportAsync(report, cancellationToken);
            metrics.ReportTaken(time.GetElapsedTime(started));
            reports.Delivered(report);
            var wasRegistered = connection.Link.IsRegistered;
            connection.Succeeded();
            if (!wasRegistered) LogRegistered(settings.AgentId, settings.Hub.Endpoint);
        }
        catch (HubException e)
        {
            Failed(e.Message);
        }
        finally
        {
            _sending.Release();
        }
    }

    private void Failed(string reason)
    {
        metrics.ReportFailed();
        connection.Failed(reason);
        // One line for the first failure and one when the hub counts as lost; health tells the rest.
        if (connection.Link.MissedReports is 1 or HubConnection.MissedReportsUntilLost)
            LogFailed(connection.Link.MissedReports, reason);
    }

    [LoggerMessage(3001, LogLevel.Information, "Registered as {AgentId} with the hub at {Endpoint}")]
    private partial void LogRegistered(string agentId, Uri endpoint);

    [LoggerMessage(3002, LogLevel.Warning, "The hub did not take a report ({Missed} in a row): {Reason}")]
    private partial void LogFailed(int missed, string reason);
}
