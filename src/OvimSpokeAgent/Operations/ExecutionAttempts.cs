using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Supervision;
using Polly;
using Polly.Retry;

namespace OvimSpokeAgent.Operations;

/// <summary>
/// Repeats a step of an execution until it works, is refused or is cancelled. Between two attempts it holds no slot. No
/// refusal is what RBAC denies before the API server's reviews have said so for long enough (<see cref="AccessReviews"/>),
/// nor that the credentials are not taken before they were read anew for as long.
/// </summary>
internal sealed class ExecutionAttempts
{
    private static readonly ResiliencePropertyKey<ExecutionTrail> Trail = new("ovim.execution");

    private readonly AccessReviews _access;
    private readonly TimeProvider _time;
    private readonly ResiliencePipeline _pipeline;

    public ExecutionAttempts(AccessReviews access, Jitter jitter, TimeProvider time)
    {
        (_access, _time) = (access, time);
        var backoff = new Backoff(TimeSpan.FromMilliseconds(200), TimeSpan.FromSeconds(10), jitter);
        _pipeline = new ResiliencePipelineBuilder { TimeProvider = time }
            .AddRetry(new RetryStrategyOptions
            {
                ShouldHandle = args => args.Outcome.Exception is KubernetesApiException e
                    ? MayWorkLaterAsync(e, TrailOf(args.Context), args.Context.CancellationToken)
                    : ValueTask.FromResult(false),
                MaxRetryAttempts = int.MaxValue,
                DelayGenerator = args => ValueTask.FromResult<TimeSpan?>(backoff.After(
                    args.AttemptNumber, (args.Outcome.Exception as KubernetesApiException)?.RetryAfter)),
                OnRetry = args =>
                {
                    TrailOf(args.Context).Slot.Release();
                    return default;
                },
            })
            .Build();
    }

    /// <summary>Runs a step; its last error is what it throws.</summary>
    public async Task<T> RunAsync<T>(
        ExecutionTrail trail, Func<CancellationToken, Task<T>> step, CancellationToken cancellationToken)
    {
        var context = ResilienceContextPool.Shared.Get(continueOnCapturedContext: true, cancellationToken);
        context.Properties.Set(Trail, trail);
        try
        {
            return await _pipeline.ExecuteAsync(
                static async (c, step) =>
                {
                    await TrailOf(c).Slot.AcquireAsync(c.CancellationToken);
                    return await step(c.CancellationToken);
                },
                context,
                step);
        }
        finally
        {
            ResilienceContextPool.Shared.Return(context);
        }
    }

    private static ExecutionTrail TrailOf(ResilienceContext context) => context.Properties.GetValue(Trail, null!);

    private async ValueTask<bool> MayWorkLaterAsync(
        KubernetesApiException e, ExecutionTrail trail, CancellationToken cancellationToken)
    {
        trail.Failed(e, _time.GetTimestamp());
        if (e.IsTransient || e.Reason is ApiErrorReason.Conflict) return true;
        if (trail.UnauthorizedSince is { } since) return _time.GetElapsedTime(since) < AccessReviews.Certainty;
        return e.Denied is { } denied && !await _access.IsDeniedForGoodAsync(denied, cancellationToken);
    }
}
