namespace OvimSpokeAgent.Supervision;

/// <summary>
/// Lets one at a time through. Unlike a semaphore it wakes waiters on the synchronization context of who lets go, if it
/// has one (tests run everything on one).
/// </summary>
internal sealed class AsyncLock
{
    private readonly AsyncSignal _released = new();
    private int _held;

    /// <summary>Waits for its turn, in no order; dispose to let go.</summary>
    public async Task<IDisposable> HoldAsync(CancellationToken cancellationToken)
    {
        using var pause = LoopTurn.Pause();
        while (true)
        {
            var released = _released.Next;
            if (Interlocked.Exchange(ref _held, 1) == 0) return new Holder(this);
            await released.WaitAsync(cancellationToken);
        }
    }

    private sealed class Holder(AsyncLock held) : IDisposable
    {
        private int _isReleased;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _isReleased, 1) != 0) return;
            Volatile.Write(ref held._held, 0);
            held._released.Set();
        }
    }
}
