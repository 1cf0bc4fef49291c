using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Supervision;

namespace OvimSpokeAgent.Operations;

/// <summary>
/// Decides what runs when: work with the same target in its order (<see cref="TargetOrder"/>), work with different targets
/// in parallel as far as there are slots (<see cref="FairSlots"/>). Reads have slots of their own, as many as writes.
/// </summary>
internal sealed class OperationScheduler(int slots, TimeProvider time)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<NamespacedName, TargetOrder> _targets = [];
    private readonly HashSet<ScheduledWork> _waiting = [];
    private readonly FairSlots _writing = new(slots, time);
    private readonly FairSlots _reading = new(slots, time);
    private readonly AsyncSignal _changed = new();
    private TaskCompletionSource _failure = new();
    private int _running;
    private bool _stopped;

    /// <summary>Work that was added and is not done.</summary>
    public int Backlog
    {
        get
        {
            lock (_lock) return _running + _waiting.Count;
        }
    }

    /// <summary>Fails as soon as some work throws, which it must not.</summary>
    public Task Failure => Volatile.Read(ref _failure).Task;

    /// <summary>Adds work that must not throw; it starts as soon as it is its turn and there is a slot.</summary>
    /// <param name="target">What it works on; null: it has no order.</param>
    /// <param name="isRead">It changes nothing.</param>
    /// <param name="run">The work.</param>
    public void Enqueue(NamespacedName? target, bool isRead, Func<ExecutionSlot, Task> run)
    {
        var work = new ScheduledWork(target, isRead, run);
        lock (_lock)
        {
            _waiting.Add(work);
            if (target is { } key)
            {
                if (!_targets.TryGetValue(key, out var order)) _targets[key] = order = new TargetOrder();
                order.Add(work);
            }
        }
        if (target is null) RequestSlot(work);
        else RequestSlots(target);
    }

    /// <summary>Starts nothing more and waits for what runs.</summary>
    public Task StopAsync(CancellationToken cancellationToken)
    {
        lock (_lock) _stopped = true;
        _writing.Clear();
        _reading.Clear();
        return WaitUntilIdleAsync(cancellationToken);
    }

    /// <summary>Forgets what has not begun and waits for what runs.</summary>
    public async Task ClearAsync()
    {
        lock (_lock)
        {
            foreach (var work in _waiting) LeaveOrder(work);
            _waiting.Clear();
        }
        _writing.Clear();
        _reading.Clear();
        await WaitUntilIdleAsync(CancellationToken.None);
        Volatile.Write(ref _failure, new());
    }

    /// <summary>Completes when there is less to do than a number.</summary>
    public Task WaitUntilBelowAsync(int backlog, CancellationToken cancellationToken) =>
        _changed.WaitUntilAsync(() => Backlog < backlog, cancellationToken);

    /// <summary>Completes when nothing runs.</summary>
    public Task WaitUntilIdleAsync(CancellationToken cancellationToken) =>
        _changed.WaitUntilAsync(
            () =>
            {
                lock (_lock) return _running == 0;
            },
            cancellationToken);

    private void RequestSlots(NamespacedName? target)
    {
        if (target is not { } key) return;
        IReadOnlyList<ScheduledWork> due;
        lock (_lock) due = _targets.TryGetValue(key, out var order) ? order.TakeDue() : [];
        foreach (var work in due) RequestSlot(work);
    }

    private void RequestSlot(ScheduledWork work)
    {
        var slots = work.IsRead ? _reading : _writing;
        var slot = new ExecutionSlot(slots, work.Namespace, waits => SetWaitsForOthers(work, waits));
        slots.Begin(slot, () => Begin(work, slot));
    }

    private void SetWaitsForOthers(ScheduledWork work, bool waits)
    {
        lock (_lock) work.WaitsForOthers = waits;
        if (waits) RequestSlots(work.Target);
    }

    private void Begin(ScheduledWork work, ExecutionSlot slot)
    {
        bool begins;
        lock (_lock)
        {
            begins = !_stopped && _waiting.Remove(work);
            if (begins) _running++;
        }
        if (!begins)
        {
            slot.Release();
            return;
        }
        // It is no part of who dispatched it: neither of that loop's turn nor of its log scope.
        using var ownFlow = ExecutionContext.SuppressFlow();
        _ = RunAsync(work, slot); // its end and its failure are seen to inside
    }

    private async Task RunAsync(ScheduledWork work, ExecutionSlot slot)
    {
        await Task.Yield();
        try
        {
            await work.Run(slot);
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
                LeaveOrder(work);
            }
            slot.Release();
            RequestSlots(work.Target);
            _changed.Set();
        }
    }

    private void LeaveOrder(ScheduledWork work)
    {
        if (work.Target is not { } key || !_targets.TryGetValue(key, out var order)) return;
        order.Remove(work);
        if (order.IsEmpty) _targets.Remove(key);
    }
}
