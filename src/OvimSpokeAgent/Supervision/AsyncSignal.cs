namespace OvimSpokeAgent.Supervision;

/// <summary>
/// Wakes who waits for a change. Take <see cref="Next"/> first, look at the state, then await it: no change is missed.
/// </summary>
internal sealed class AsyncSignal
{
    private volatile TaskCompletionSource _next = new();

    /// <summary>Completes with the next <see cref="Set"/>.</summary>
    public Task Next => _next.Task;

    /// <summary>
    /// Wakes everyone who waits now: never on the caller's stack, and on its synchronization context if it has one (tests
    /// run everything on one).
    /// </summary>
    public void Set()
    {
        var waiting = Interlocked.Exchange(ref _next, new());
        if (SynchronizationContext.Current is { } context)
            context.Post(static source => ((TaskCompletionSource)source!).SetResult(), waiting);
        else
            ThreadPool.UnsafeQueueUserWorkItem(static source => source.SetResult(), waiting, preferLocal: true);
    }
}
