using OvimSpokeAgent.Configuration;
using OvimSpokeAgent.Health;
using OvimSpokeAgent.Hub;
using OvimSpokeAgent.Operations;

namespace OvimSpokeAgent.Agent;

/// <summary>
/// The order of stopping: not ready → fetch nothing more → finish what is in flight → deliver → last report. It runs
/// before the host stops any service, so that endpoints, watches and loops are still there.
/// </summary>
internal sealed partial class AgentLifecycle(
    HealthReporter health,
    HeartbeatLoop heartbeat,
    PollLoop poll,
    OperationProcessor processor,
    ResultDelivery delivery,
    AgentSettings settings,
    TimeProvider time,
    ILogger<AgentLifecycle> logger) : IHostedLifecycleService
{
    private static readonly TimeSpan LongestFinalReport = TimeSpan.FromSeconds(3);

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
        var finalReportLimit = TimeSpan.FromTicks(Math.Min(settings.ShutdownTimeout.Ticks / 4, LongestFinalReport.Ticks));
        using var limit = new CancellationTokenSource(settings.ShutdownTimeout - finalReportLimit, time);
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
        using var reportLimit = new CancellationTokenSource(finalReportLimit, time);
        try
        {
            await heartbeat.SendFinalReportAsync(reportLimit.Token);
        }
        catch (OperationCanceledException)
        {
            LogFinalReportNotSent(finalReportLimit);
        }
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken)
    {
        LogStopped();
        return Task.CompletedTask;
    }

    [LoggerMessage(1101, LogLevel.Information, "OVIM spoke agent {Version} starts as {AgentId} for cluster {Cluster} in zone {Zone}")]
    private partial void LogStarting(string version, string agentId, string cluster, string zone);

    [LoggerMessage(1102, LogLevel.Information, "Stopping: taking nothing more from the hub")]
    private partial void LogStopping();

    [LoggerMessage(1103, LogLevel.Warning, "Stopping with {Operations} operations and {Results} results not done")]
    private partial void LogNotDrained(int operations, int results);

    [LoggerMessage(1104, LogLevel.Warning, "The last report was not taken within {Limit}")]
    private partial void LogFinalReportNotSent(TimeSpan limit);

    [LoggerMessage(1105, LogLevel.Information, "Stopped")]
    private partial void LogStopped();
}
