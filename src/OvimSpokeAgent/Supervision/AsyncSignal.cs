namespace OvimSpokeAgent.Supervision;

/// <summary>
/// Wakes who waits for a change. Take <see cref="Next"/> first, look at the state, then await it: no change is missed.
/// </summary>
internal sealed class AsyncSignal
{
    private TaskCompletionSource? _next; // null while nobody waits

    /// <summary>Completes with the next <see cref="Set"/>.</summary>
    public Task Next
    {
        get
        {
            while (true)
            {
                if (Volatile.Read(ref _next) is { } next) return next.Task;
                Interlocked.CompareExchange(ref _next, new TaskCompletionSource(), null);
            }
        }
    }

    /// <summary>
    /// Wakes everyone who waits now: never on the caller's stack, and on its synchronization context if it has one (tests
    /// run everything on one).
    /// </summary>
    public void Set()
    {
        if (Interlocked.Exchange(ref _next, null) is not { } waiting) return;
        if (SynchronizationContext.Current is { } context)
            context.Post(static source => ((TaskCompletionSource)source!).SetResult(), waiting);
        else
            ThreadPool.UnsafeQueueUserWorkItem(static source => source.SetResult(), waiting, preferLocal: true);
    }
}
