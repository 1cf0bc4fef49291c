namespace OvimSpokeAgent.Supervision;

/// <summary>
/// Wakes who waits for a change. Take <see cref="Next"/> first, look at the state, then await it: no change is missed.
/// </summary>
internal sealed class AsyncSignal
{
    private volatile TaskCompletionSource _next = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Completes with the next <see cref="Set"/>.</summary>
    public Task Next => _next.Task;

    /// <summary>Wakes everyone who waits now.</summary>
    public void Set() =>
        Interlocked.Exchange(ref _next, new(TaskCreationOptions.RunContinuationsAsynchronously)).SetResult();
}
