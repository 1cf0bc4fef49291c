namespace OvimSpokeAgent.Cluster;

/// <summary>A cache as health, metrics and startup see it.</summary>
internal interface IWatchCacheStatus
{
    ResourceKind Kind { get; }

    CacheStatus Status { get; }

    int Count { get; }

    /// <summary>Whether the agent does its whole job on a cluster without this kind.</summary>
    bool IsOptional { get; }

    /// <summary>Completes when the server told what there is, or that there is no such kind.</summary>
    Task WaitForFirstAnswerAsync(CancellationToken cancellationToken);
}
