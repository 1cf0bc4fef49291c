using OvimSpokeAgent.Supervision;

namespace OvimSpokeAgent.Cluster;

/// <summary>
/// The watch caches: whether each knows its kind, and since when it does not hear of it. Of what the agent does most of its work
/// without, that is a warning.
/// </summary>
internal sealed class CachesCheck(IEnumerable<IWatchCacheStatus> caches) : IHealthCheck
{
    private readonly IReadOnlyList<IWatchCacheStatus> _caches = [.. caches];

    public string Name => "caches";

    public bool NeededForReady => true;

    public HealthFinding Check()
    {
        var notSynced = _caches.Select(cache => (cache, cache.Status)).Where(pair => pair.Status.State is not CacheState.Synced)
            .Select(pair => FindingOf(pair.cache, pair.Status)).ToList();
        var worst = notSynced.Select(finding => finding.Status).DefaultIfEmpty(HealthStatus.Healthy).Max();
        var messages = notSynced.Where(finding => finding.Status == worst).Select(finding => finding.Message);
        if (worst is HealthStatus.Healthy) messages = messages.Prepend($"{_caches.Count - notSynced.Count} of {_caches.Count} kinds synced");
        return new HealthFinding(worst, string.Join("; ", messages));
    }

    private static HealthFinding FindingOf(IWatchCacheStatus cache, CacheStatus status) => status.State switch
    {
        CacheState.NoKindMatch when cache.IsOptional => HealthFinding.Healthy($"the cluster has no {cache.Holds}"),
        CacheState.NoKindMatch => HealthFinding.Degraded($"the cluster has no {cache.Holds} (is KubeVirt installed?)"),
        CacheState.Failing => Failing(cache, status),
        _ when cache.IsAwaited => HealthFinding.Unhealthy($"{cache.Holds} not synced yet"),
        _ => HealthFinding.Healthy($"{cache.Holds} not synced yet"),
    };

    private static HealthFinding Failing(IWatchCacheStatus cache, CacheStatus status)
    {
        var wasSynced = status.LastSync is not null;
        var message = wasSynced
            ? $"{cache.Holds} not heard of since {status.LastEvent:O}: {status.Problem}"
            : $"{cache.Holds} not synced: {status.Problem}";
        if (!cache.IsAwaited) return HealthFinding.Warning(message);
        return wasSynced ? HealthFinding.Degraded(message) : HealthFinding.Unhealthy(message);
    }
}
