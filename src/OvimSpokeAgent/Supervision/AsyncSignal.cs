namespace OvimSpokeAgent.Supervision;

/// <summary>
/// Wakes who waits for a change (<see cref="WaitUntilAsync"/>). Who needs <see cref="Next"/> takes it first, looks at the state, then
/// awaits it: no change is missed.
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

    /// <summary>Completes as soon as a condition holds, which is asked now and after each <see cref="Set"/>.</summary>
    public async Task WaitUntilAsync(Func<bool> condition, CancellationToken cancellationToken)
    {
        using var pause = LoopTurn.Pause();
        while (true)
        {
            var next = Next;
            if (condition()) return;
            await next.WaitAsync(cancellationToken);
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
