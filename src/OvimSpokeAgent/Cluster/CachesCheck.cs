using OvimSpokeAgent.Supervision;

namespace OvimSpokeAgent.Cluster;

/// <summary>The watch caches: whether each knows its kind, and since when it does not hear of it.</summary>
internal sealed class CachesCheck(IEnumerable<IWatchCacheStatus> caches) : IHealthCheck
{
    public string Name => "caches";

    public bool NeededForReady => true;

    public HealthFinding Check()
    {
        var findings = caches.Select(FindingOf).ToList();
        var worst = findings.Max(finding => finding.Status);
        return new HealthFinding(worst, worst is HealthStatus.Healthy
            ? $"{findings.Count} kinds synced"
            : string.Join("; ", findings.Where(finding => finding.Status == worst).Select(finding => finding.Message)));
    }

    private static HealthFinding FindingOf(IWatchCacheStatus cache)
    {
        var status = cache.Status;
        return status.State switch
        {
            CacheState.Synced => HealthFinding.Healthy($"{cache.Kind} synced"),
            CacheState.NoKindMatch when cache.IsOptional => HealthFinding.Healthy($"the cluster has no {cache.Kind}"),
            CacheState.NoKindMatch => HealthFinding.Degraded($"the cluster has no {cache.Kind} (is KubeVirt installed?)"),
            CacheState.Failing when status.LastSync is not null =>
                HealthFinding.Degraded($"{cache.Kind} not heard of since {status.LastEvent:O}: {status.Problem}"),
            CacheState.Failing => HealthFinding.Unhealthy($"{cache.Kind} not synced: {status.Problem}"),
            _ => HealthFinding.Unhealthy($"{cache.Kind} not synced yet"),
        };
    }
}
