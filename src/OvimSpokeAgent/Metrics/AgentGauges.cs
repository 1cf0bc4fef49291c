using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Configuration;
using OvimSpokeAgent.Health;
using OvimSpokeAgent.Operations;
using OvimSpokeAgent.Supervision;
using Prometheus;

namespace OvimSpokeAgent.Metrics;

/// <summary>The gauges that are read from what is in memory when Prometheus asks.</summary>
internal sealed class AgentGauges
{
    private readonly Gauge _state;
    private readonly Gauge _cacheObjects;
    private readonly Gauge _cacheSynced;
    private readonly Gauge _cacheAge;
    private readonly Gauge _backlog;
    private readonly Gauge _undelivered;
    private readonly Gauge _loopFailures;

    public AgentGauges(
        CollectorRegistry registry,
        IMetricFactory metrics,
        HealthReporter health,
        IEnumerable<IWatchCacheStatus> caches,
        OperationProcessor processor,
        ResultDelivery delivery,
        LoopRegistry loops,
        TimeProvider time)
    {
        metrics.CreateGauge("ovim_agent_info", "The agent's version.", ["version"]).WithLabels(AgentVersion.Current).Set(1);
        _state = metrics.CreateGauge("ovim_agent_state", "1 for the state the agent is in.", ["state"]);
        _cacheObjects = metrics.CreateGauge("ovim_cache_objects", "Objects in a watch cache.", ["kind"]);
        _cacheSynced = metrics.CreateGauge("ovim_cache_synced", "1 while a watch cache is synced and watching.", ["kind"]);
        _cacheAge = metrics.CreateGauge(
            "ovim_cache_last_event_age_seconds", "Time since a watch cache last heard of the server.", ["kind"]);
        _backlog = metrics.CreateGauge("ovim_operations_backlog", "Operations taken in and not finished.");
        _undelivered = metrics.CreateGauge("ovim_results_undelivered", "Results that the hub has not taken yet.");
        _loopFailures = metrics.CreateGauge("ovim_loop_failures", "How often a loop failed since the start.", ["loop"]);
        IReadOnlyList<IWatchCacheStatus> allCaches = [.. caches];
        registry.AddBeforeCollectCallback(() => Collect(health, allCaches, processor, delivery, loops.Loops, time.GetUtcNow()));
    }

    private void Collect(
        HealthReporter health,
        IReadOnlyList<IWatchCacheStatus> caches,
        OperationProcessor processor,
        ResultDelivery delivery,
        IReadOnlyList<ILoopStatus> loops,
        DateTimeOffset now)
    {
        var current = health.State;
        foreach (var state in Enum.GetValues<AgentState>()) _state.WithLabels(state.ToString()).Set(state == current ? 1 : 0);
        foreach (var cache in caches)
        {
            var (kind, status) = (cache.Kind.ToString(), cache.Status);
            _cacheObjects.WithLabels(kind).Set(cache.Count);
            _cacheSynced.WithLabels(kind).Set(status.State is CacheState.Synced ? 1 : 0);
            if (status.LastEvent is { } heard) _cacheAge.WithLabels(kind).Set((now - heard).TotalSeconds);
        }
        _backlog.Set(processor.Backlog);
        _undelivered.Set(delivery.Pending);
        foreach (var loop in loops) _loopFailures.WithLabels(loop.Name).Set(loop.Failures);
    }
}
