using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Supervision;
using Prometheus;

namespace OvimSpokeAgent.Metrics;

/// <summary>Caches and loops of the process.</summary>
internal sealed class ProcessGauges(
    IEnumerable<IWatchCacheStatus> caches, RunningLoops loops, IMetricFactory metrics, TimeProvider time) : IGaugeSource
{
    private readonly Gauge _cacheObjects = metrics.CreateGauge("ovim_agent_cache_objects", "Objects in a watch cache.", ["kind"]);

    private readonly Gauge _cacheSynced = metrics.CreateGauge(
        "ovim_agent_cache_synced", "1 while a watch cache is synced and watching.", ["kind"]);

    private readonly Gauge _cacheAge = metrics.CreateGauge(
        "ovim_agent_cache_last_event_age_seconds", "Time since a watch cache last heard of the server.", ["kind"]);

    private readonly Counter _loopFailures = metrics.CreateCounter(
        "ovim_agent_loop_failures_total", "How often a loop failed and was started again.", ["loop"]);

    private readonly IReadOnlyList<IWatchCacheStatus> _caches = [.. caches];

    public void Update()
    {
        foreach (var cache in _caches)
        {
            var (kind, status) = (cache.Holds, cache.Status);
            _cacheObjects.WithLabels(kind).Set(cache.Count);
            _cacheSynced.WithLabels(kind).Set(status.State is CacheState.Synced ? 1 : 0);
            if (status.LastEvent is { } heard) _cacheAge.WithLabels(kind).Set((time.GetUtcNow() - heard).TotalSeconds);
        }
        foreach (var loop in loops.Loops) _loopFailures.WithLabels(loop.Name).IncTo(loop.Failures);
    }
}
