using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Configuration;
using OvimSpokeAgent.Leadership;
using OvimSpokeAgent.Supervision;

namespace OvimSpokeAgent.Capacity;

/// <summary>
/// Reads metrics.k8s.io every <c>OVIM_METRICS_COLLECTION_INTERVAL</c>, where there is one, and holds what it said last. Only the agent
/// that leads does: it alone reports, and what each request costs metrics-server grows with the cluster.
/// </summary>
internal sealed partial class UsageCollector(
    UsageReader reader,
    WatchCache<NodeObject, NodeItem> nodes,
    ILeadership leadership,
    AgentSettings settings,
    Jitter jitter,
    TimeProvider time,
    ILogger<UsageCollector> logger) : ILoop
{
    // A metrics-server that is rolled out anew is no gap.
    private static readonly TimeSpan ShortestUse = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan LongestWait = TimeSpan.FromMinutes(5);
    private const int IntervalsOfUse = 3;
    private const double Spread = 0.1;

    private readonly LogThrottle _log = new(time);
    private volatile UsageStatus _status = UsageStatus.Unasked;

    public string Name => "cluster metrics";

    /// <summary>Where it stands.</summary>
    public UsageStatus Status => _status;

    /// <summary>What was measured last; null: nothing, or too long ago to tell anything of now.</summary>
    public UsageSample? Current => _status.Sample is { } sample && time.GetUtcNow() - sample.CollectedAt <= Lifetime ? sample : null;

    private TimeSpan Interval => settings.MetricsCollectionInterval;

    private TimeSpan Lifetime => TimeSpans.Max(IntervalsOfUse * Interval, ShortestUse);

    public Task RunAsync(CancellationToken cancellationToken) => leadership.WhileLeadingAsync(CollectAsync, cancellationToken);

    private async Task CollectAsync(CancellationToken cancellationToken)
    {
        try
        {
            // What is measured of nodes that are not known yet would be dropped.
            await TimeLimit.RunAsync(UsageReader.Limit, time, nodes.WaitForFirstAnswerAsync, cancellationToken);
            while (true)
            {
                var asked = await CollectOnceAsync(cancellationToken);
                var wait = TimeSpans.Max(jitter.Around(Interval, Spread), TimeSpans.Min(asked ?? TimeSpan.Zero, LongestWait));
                await Task.Delay(wait, time, cancellationToken);
            }
        }
        finally
        {
            _status = UsageStatus.Unasked; // another agent may lead, and measure
        }
    }

    /// <summary>Reads once. What fails is in <see cref="Status"/>.</summary>
    /// <returns>How long the server asks to wait; null: it does not.</returns>
    private async Task<TimeSpan?> CollectOnceAsync(CancellationToken cancellationToken)
    {
        using var turn = LoopTurn.Begin();
        try
        {
            var sample = await reader.ReadAsync(cancellationToken);
            if (_log.Reset() || _status.State is not UsageState.Measured) LogMeasured(sample.Nodes.Count);
            _status = new UsageStatus(UsageState.Measured, sample, null);
            return null;
        }
        catch (KubernetesApiException e) when (e.Reason is ApiErrorReason.NoKindMatch)
        {
            if (_status.State is not UsageState.Absent) LogAbsent();
            _log.Reset();
            _status = new UsageStatus(UsageState.Absent, null, e.Message);
            return null;
        }
        catch (KubernetesApiException e)
        {
            if (_log.IsDue)
            {
                LogFailing(e.Message);
                _log.Logged();
            }
            // What was measured before is shown for a while, with its time.
            _status = new UsageStatus(UsageState.Failing, _status.Sample, e.Message);
            return e.RetryAfter;
        }
    }

    [LoggerMessage(8201, LogLevel.Information, "metrics.k8s.io tells how much {Nodes} nodes use")]
    private partial void LogMeasured(int nodes);

    [LoggerMessage(8202, LogLevel.Information, "The cluster has no metrics.k8s.io (metrics-server): reports say what VMs request, not what is used")]
    private partial void LogAbsent();

    [LoggerMessage(8203, LogLevel.Warning, "metrics.k8s.io does not tell how much is used: {Problem}")]
    private partial void LogFailing(string problem);
}
