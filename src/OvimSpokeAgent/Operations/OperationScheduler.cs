using OvimSpokeAgent.Cluster;

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
    private readonly HashSet<Task> _running = [];
    private int _freeSlots = slots;
    private bool _stopped;

    /// <summary>Work that was added and is not done.</summary>
    public int Backlog { get; private set; }

    /// <summary>Adds work that must not throw; it starts as soon as its target and a slot are free.</summary>
    public void Enqueue(NamespacedName? target, Func<ExecutionSlot, Task> work)
    {
        lock (_lock)
        {
            Backlog++;
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
    public async Task StopAsync()
    {
        Task[] running;
        lock (_lock)
        {
            _stopped = true;
            running = [.. _running];
        }
        await Task.WhenAll(running);
    }

    private void StartWhatCan()
    {
        lock (_lock)
        {
            while (!_stopped && _freeSlots > 0 && _waitingForSlot.TryDequeue(out var next))
            {
                _freeSlots--;
                var task = RunAsync(next.Target, next.Work);
                _running.Add(task);
                _ = task.ContinueWith(Forget, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
            }
        }
    }

    private void Forget(Task task)
    {
        lock (_lock) _running.Remove(task);
    }

    private async Task RunAsync(NamespacedName? target, Func<ExecutionSlot, Task> work)
    {
        await Task.Yield();
        var slot = new ExecutionSlot(ReturnSlot);
        try
        {
            await work(slot);
        }
        finally
        {
            lock (_lock)
            {
                Backlog--;
                if (target is { } key)
                {
                    if (_waitingForTarget[key].TryDequeue(out var next)) _waitingForSlot.Enqueue((target, next));
                    else _waitingForTarget.Remove(key);
                }
            }
            slot.Release();
            StartWhatCan();
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
