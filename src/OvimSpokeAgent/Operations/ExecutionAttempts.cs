using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Supervision;

namespace OvimSpokeAgent.Operations;

/// <summary>
/// Repeats a step of an execution until it works, is refused or is cancelled. Between two attempts it holds no slot. No
/// refusal is what RBAC denies before the API server's reviews have said so for long enough (<see cref="AccessReviews"/>),
/// nor that the credentials are not taken before they were read anew for as long.
/// </summary>
internal sealed class ExecutionAttempts(AccessReviews access, Jitter jitter, TimeProvider time)
{
    private readonly Backoff _backoff = new(TimeSpan.FromMilliseconds(200), TimeSpan.FromSeconds(10), jitter);

    /// <summary>Runs a step; its last error is what it throws.</summary>
    public Task<T> RunAsync<T>(
        ExecutionTrail trail, Func<CancellationToken, Task<T>> step, CancellationToken cancellationToken)
    {
        return _backoff.RetryAsync<T, KubernetesApiException>(TakeStepAsync, OnFailureAsync, time, cancellationToken);

        async Task<T> TakeStepAsync(CancellationToken token)
        {
            await trail.Slot.AcquireAsync(token);
            return await step(token);
        }

        async ValueTask<Repeat?> OnFailureAsync(KubernetesApiException e)
        {
            if (!await MayWorkLaterAsync(e, trail, cancellationToken)) return null;
            trail.Slot.Release();
            return new Repeat(e.RetryAfter);
        }
    }

    private async ValueTask<bool> MayWorkLaterAsync(
        KubernetesApiException e, ExecutionTrail trail, CancellationToken cancellationToken)
    {
        trail.Failed(e, time.GetTimestamp());
        if (e.IsTransient || e.Reason is ApiErrorReason.Conflict) return true;
        if (trail.UnauthorizedSince is { } since) return time.GetElapsedTime(since) < AccessReviews.DenialConfirmationTime;
        return e.Denied is { } denied && !await access.IsDeniedForGoodAsync(denied, cancellationToken);
    }
}
