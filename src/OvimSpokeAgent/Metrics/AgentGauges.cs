using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Health;
using OvimSpokeAgent.Operations;
using OvimSpokeAgent.Supervision;
using Prometheus;

namespace OvimSpokeAgent.Metrics;

/// <summary>Gauges of the process: its state, its caches and loops, and what waits.</summary>
internal sealed class AgentGauges(
    HealthReporter health,
    IEnumerable<IWatchCacheStatus> caches,
    OperationScheduler scheduler,
    ResultDelivery delivery,
    RunningLoops loops,
    IMetricFactory metrics,
    TimeProvider time) : IGaugeSource
{
    private readonly Gauge _state = metrics.CreateGauge("ovim_agent_state", "1 for the state the agent is in.", ["state"]);

    private readonly Gauge _cacheObjects = metrics.CreateGauge("ovim_cache_objects", "Objects in a watch cache.", ["kind"]);

    private readonly Gauge _cacheSynced = metrics.CreateGauge("ovim_cache_synced", "1 while a watch cache is synced and watching.", ["kind"]);

    private readonly Gauge _cacheAge = metrics.CreateGauge(
        "ovim_cache_last_event_age_seconds", "Time since a watch cache last heard of the server.", ["kind"]);

    private readonly Gauge _backlog = metrics.CreateGauge("ovim_operations_backlog", "Operations taken in and not finished.");

    private readonly Gauge _undelivered = metrics.CreateGauge("ovim_results_undelivered", "Results that the hub has not taken yet.");

    private readonly Gauge _loopFailures = metrics.CreateGauge("ovim_loop_failures", "How often a loop failed since the start.", ["loop"]);

    private readonly IReadOnlyList<IWatchCacheStatus> _caches = [.. caches];

    public void Update()
    {
        var current = health.State;
        foreach (var state in Enum.GetValues<AgentState>()) _state.WithLabels(state.ToString()).Set(state == current ? 1 : 0);
        foreach (var cache in _caches)
        {
            var (kind, status) = (cache.Kind.ToString(), cache.Status);
            _cacheObjects.WithLabels(kind).Set(cache.Count);
            _cacheSynced.WithLabels(kind).Set(status.State is CacheState.Synced ? 1 : 0);
            if (status.LastEvent is { } heard) _cacheAge.WithLabels(kind).Set((time.GetUtcNow() - heard).TotalSeconds);
        }
        _backlog.Set(scheduler.Backlog);
        _undelivered.Set(delivery.Pending);
        foreach (var loop in loops.Loops) _loopFailures.WithLabels(loop.Name).Set(loop.Failures);
    }
}
