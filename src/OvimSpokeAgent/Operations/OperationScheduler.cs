using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Supervision;

namespace OvimSpokeAgent.Operations;

/// <summary>
/// Decides what runs when: work with the same target one after the other in the order it was added, work with
/// different targets in parallel, at most <paramref name="slots"/> at once. Work that gave its slot back
/// (<see cref="ExecutionSlot.Release"/>) goes on and keeps its target.
/// </summary>
internal sealed class OperationScheduler(int slots)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<NamespacedName, Queue<Func<ExecutionSlot, Task>>> _waitingForTarget = [];
    private readonly Queue<(NamespacedName? Target, Func<ExecutionSlot, Task> Work)> _waitingForSlot = [];
    private readonly AsyncSignal _changed = new();
    private TaskCompletionSource _failure = new();
    private int _freeSlots = slots;
    private int _running;
    private int _waiting;
    private bool _stopped;

    /// <summary>Work that was added and is not done.</summary>
    public int Backlog
    {
        get
        {
            lock (_lock) return _running + _waiting;
        }
    }

    /// <summary>Fails as soon as some work throws, which it must not.</summary>
    public Task Failure => Volatile.Read(ref _failure).Task;

    /// <summary>Adds work that must not throw; it starts as soon as its target and a slot are free.</summary>
    public void Enqueue(NamespacedName? target, Func<ExecutionSlot, Task> work)
    {
        lock (_lock)
        {
            _waiting++;
            if (target is { } key)
            {
                if (_waitingForTarget.TryGetValue(key, out var queue))
                {
                    queue.Enqueue(work);
                    return;
                }
                _waitingForTarget[key] = new Queue<Func<ExecutionSlot, Task>>();
            }
            _waitingForSlot.Enqueue((target, work));
        }
        StartWhatCan();
    }

    /// <summary>Starts nothing more and waits for what runs.</summary>
    public Task StopAsync(CancellationToken cancellationToken)
    {
        lock (_lock) _stopped = true;
        return WaitUntilIdleAsync(cancellationToken);
    }

    /// <summary>Forgets what has not begun and waits for what runs.</summary>
    public async Task ClearAsync()
    {
        lock (_lock)
        {
            foreach (var queue in _waitingForTarget.Values) queue.Clear();
            foreach (var (target, _) in _waitingForSlot)
            {
                if (target is { } key) _waitingForTarget.Remove(key);
            }
            _waitingForSlot.Clear();
            _waiting = 0;
        }
        await WaitUntilIdleAsync(CancellationToken.None);
        Volatile.Write(ref _failure, new());
    }

    /// <summary>Completes when there is less to do than a number.</summary>
    public Task WaitUntilBelowAsync(int backlog, CancellationToken cancellationToken) =>
        WaitUntilAsync(() => Backlog < backlog, cancellationToken);

    /// <summary>Completes when nothing runs.</summary>
    public Task WaitUntilIdleAsync(CancellationToken cancellationToken) =>
        WaitUntilAsync(
            () =>
            {
                lock (_lock) return _running == 0;
            },
            cancellationToken);

    private async Task WaitUntilAsync(Func<bool> condition, CancellationToken cancellationToken)
    {
        while (true)
        {
            var changed = _changed.Next;
            if (condition()) return;
            await changed.WaitAsync(cancellationToken);
        }
    }

    private void StartWhatCan()
    {
        while (true)
        {
            (NamespacedName? Target, Func<ExecutionSlot, Task> Work) next;
            lock (_lock)
            {
                if (_stopped || _freeSlots == 0 || !_waitingForSlot.TryDequeue(out next)) return;
                _freeSlots--;
                _waiting--;
                _running++;
            }
            _ = RunAsync(next.Target, next.Work); // its end and its failure are seen to inside
        }
    }

    private async Task RunAsync(NamespacedName? target, Func<ExecutionSlot, Task> work)
    {
        await Task.Yield();
        var slot = new ExecutionSlot(ReturnSlot);
        try
        {
            await work(slot);
        }
#pragma warning disable CA1031 // handed on to who waits for Failure
        catch (Exception e)
        {
            Volatile.Read(ref _failure).TrySetException(e);
        }
#pragma warning restore CA1031
        finally
        {
            lock (_lock)
            {
                _running--;
                if (target is { } key)
                {
                    if (_waitingForTarget[key].TryDequeue(out var next)) _waitingForSlot.Enqueue((target, next));
                    else _waitingForTarget.Remove(key);
                }
            }
            slot.Release();
            StartWhatCan(); // the target's next, where the slot was given back before
            _changed.Set();
        }
    }

    private void ReturnSlot()
    {
        lock (_lock) _freeSlots++;
        StartWhatCan();
    }
}

/// <summary>The right to execute; given back once.</summary>
internal sealed class ExecutionSlot(Action giveBack)
{
    private int _released;

    /// <summary>Gives the slot back; safe to call more than once.</summary>
    public void Release()
    {
        if (Interlocked.Exchange(ref _released, 1) == 0) giveBack();
    }
}
