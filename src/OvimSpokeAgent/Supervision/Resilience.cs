using Polly;

namespace OvimSpokeAgent.Supervision;

/// <summary>A number from 0 (included) to 1 (excluded) that spreads waits; tests make it repeatable.</summary>
internal delegate double Jitter();

internal static class Resilience
{
    /// <summary>
    /// Runs through a pipeline and comes back where it was called: on the caller's synchronization context, if there is
    /// one, not on any thread of the pool.
    /// </summary>
    public static async Task<T> ExecuteHereAsync<T>(
        this ResiliencePipeline pipeline, Func<CancellationToken, Task<T>> callback, CancellationToken cancellationToken)
    {
        var context = ResilienceContextPool.Shared.Get(continueOnCapturedContext: true, cancellationToken);
        try
        {
            return await pipeline.ExecuteAsync(
                static async (c, callback) => await callback(c.CancellationToken), context, callback);
        }
        finally
        {
            ResilienceContextPool.Shared.Return(context);
        }
    }
}
