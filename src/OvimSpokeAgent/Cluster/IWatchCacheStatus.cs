namespace OvimSpokeAgent.Cluster;

/// <summary>A cache as health, metrics and startup see it.</summary>
internal interface IWatchCacheStatus
{
    ResourceKind Kind { get; }

    /// <summary>What it holds, for people: the kind, and which of it where several caches share one.</summary>
    string Holds { get; }

    CacheStatus Status { get; }

    int Count { get; }

    /// <summary>Whether the agent does its whole job on a cluster without this kind.</summary>
    bool IsOptional { get; }

    /// <summary>Whether the agent takes no work and sends no report before it knows what there is.</summary>
    bool IsAwaited { get; }

    /// <summary>Completes when the server told what there is, or that there is no such kind.</summary>
    Task WaitForFirstAnswerAsync(CancellationToken cancellationToken);

    /// <summary>As <see cref="WaitForFirstAnswerAsync"/>; that there is no such kind counts only for sure (<see cref="CacheStatus.LacksKind"/>).</summary>
    Task WaitForVerdictAsync(CancellationToken cancellationToken);
}
