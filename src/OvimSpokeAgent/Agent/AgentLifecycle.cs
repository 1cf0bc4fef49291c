using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Configuration;
using OvimSpokeAgent.Health;
using OvimSpokeAgent.Hub;
using OvimSpokeAgent.Leadership;
using OvimSpokeAgent.Operations;

namespace OvimSpokeAgent.Agent;

/// <summary>
/// The order of stopping: not ready → fetch nothing more → finish what is in flight → deliver → last report → let the
/// Lease go. It runs before the host stops any service, so that endpoints, watches and loops are still there.
/// </summary>
internal sealed partial class AgentLifecycle(
    HealthReporter health,
    HeartbeatLoop heartbeat,
    PollLoop poll,
    OperationProcessor processor,
    ResultDelivery delivery,
    ILeadership leadership,
    AgentSettings settings,
    TimeProvider time,
    ILogger<AgentLifecycle> logger) : IHostedLifecycleService
{
    // Of the time for the end, what is kept for the last report and for the Lease.
    private readonly TimeSpan _forReport = Least(settings.ShutdownTimeout / 4, TimeSpan.FromSeconds(3));
    private readonly TimeSpan _forLease = Least(settings.ShutdownTimeout / 8, TimeSpan.FromSeconds(2));

    public Task StartingAsync(CancellationToken cancellationToken)
    {
        LogStarting(AgentVersion.Current, settings.AgentId, settings.ClusterId, settings.ZoneId);
        health.StateChanged += _ => heartbeat.ReportSoon();
        return Task.CompletedTask;
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public async Task StoppingAsync(CancellationToken cancellationToken)
    {
        LogStopping();
        health.Stopping();
        await DrainAsync();
        // Another agent that leads speaks for both: what this one says of its own end would be taken for the other's.
        if (leadership.OtherLeader is null) await SendFinalReportAsync();
        await LetGoAsync();
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken)
    {
        LogStopped();
        return Task.CompletedTask;
    }

    private async Task DrainAsync()
    {
        using var limit = new CancellationTokenSource(settings.ShutdownTimeout - _forReport - _forLease, time);
        try
        {
            await poll.StopAsync().WaitAsync(limit.Token);
            await processor.StopAsync(limit.Token);
            await delivery.WhenEmptyAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            LogNotDrained(processor.Backlog, delivery.Pending);
        }
    }

    private async Task SendFinalReportAsync()
    {
        using var limit = new CancellationTokenSource(_forReport, time);
        try
        {
            await heartbeat.SendFinalReportAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            LogFinalReportNotSent(_forReport);
        }
    }

    // What did not finish is cut off here and stays journaled; only then may another agent take it up.
    private async Task LetGoAsync()
    {
        using var limit = new CancellationTokenSource(_forLease, time);
        try
        {
            leadership.StepDown();
            await processor.WaitUntilIdleAsync(limit.Token);
            await leadership.ReleaseAsync(limit.Token);
        }
        catch (Exception e) when (e is OperationCanceledException or KubernetesApiException)
        {
            LogLeaseNotReleased(e.Message);
        }
    }

    private static TimeSpan Least(TimeSpan a, TimeSpan b) => a < b ? a : b;

    [LoggerMessage(1101, LogLevel.Information, "OVIM spoke agent {Version} starts as {AgentId} for cluster {Cluster} in zone {Zone}")]
    private partial void LogStarting(string version, string agentId, string cluster, string zone);

    [LoggerMessage(1102, LogLevel.Information, "Stopping: taking nothing more from the hub")]
    private partial void LogStopping();

    [LoggerMessage(1103, LogLevel.Warning, "Stopping with {Operations} operations and {Results} results not done")]
    private partial void LogNotDrained(int operations, int results);

    [LoggerMessage(1104, LogLevel.Warning, "The last report was not taken within {Limit}")]
    private partial void LogFinalReportNotSent(TimeSpan limit);

    [LoggerMessage(1106, LogLevel.Warning, "The Lease was not released, it expires by itself: {Reason}")]
    private partial void LogLeaseNotReleased(string reason);

    [LoggerMessage(1105, LogLevel.Information, "Stopped")]
    private partial void LogStopped();
}
