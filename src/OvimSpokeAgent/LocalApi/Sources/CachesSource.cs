using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Supervision;

namespace OvimSpokeAgent.LocalApi;

/// <summary>Reads <see cref="CachesDocument"/>.</summary>
internal sealed class CachesSource(IEnumerable<IWatchCacheStatus> caches, RunningLoops loops)
{
    private readonly IReadOnlyList<IWatchCacheStatus> _caches = [.. caches];

    public CachesDocument Read() => new(
        [.. _caches.Select(Of)],
        [.. loops.Loops.Select(loop => new LoopDocument(loop.Name, loop.Failures, loop.RecentFailure?.Message))]);

    private static CacheDocument Of(IWatchCacheStatus cache)
    {
        var status = cache.Status;
        return new CacheDocument
        {
            Holds = cache.Holds,
            Kind = cache.Kind.ToString(),
            State = status.State.ToString(),
            Since = status.Since,
            Objects = cache.Count,
            LastEvent = status.LastEvent,
            LastSync = status.LastSync,
            Problem = status.Problem,
        };
    }
}
