using OvimSpokeAgent.Supervision;

namespace OvimSpokeAgent.Operations;

/// <summary>
/// The slots of executions, handed to namespaces in turn: while others wait, none gets more than half of them (rounded up).
/// Who acts for longer than <see cref="Quantum"/>, in a call that hangs for example, gives the slot back and goes on. Of one
/// namespace at most as many act as there are slots: its slow calls hold up its own operations, not those of others.
/// </summary>
internal sealed class FairSlots(int slots, TimeProvider time)
{
    /// <summary>How long a slot can be held.</summary>
    public static readonly TimeSpan Quantum = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private readonly Dictionary<string, Share> _shares = [];
    private readonly LinkedList<Share> _turns = new(); // where someone waits, in the order of the turns
    private readonly int _slots = slots;
    private int _free = slots;

    private int Half => (_slots + 1) / 2;

    /// <summary>Has an execution begin as soon as there is a slot for its namespace.</summary>
    /// <param name="slot">The execution's.</param>
    /// <param name="begin">Begins it, not on the caller's stack.</param>
    public void Begin(ExecutionSlot slot, Action begin)
    {
        lock (_lock)
        {
            slot.Granted = begin;
            var share = ShareOf(slot);
            share.Beginning.Enqueue(slot);
            Queue(share);
        }
        Serve();
    }

    /// <summary>Waits for a slot for an execution that has begun; at once where it has one.</summary>
    public async Task AcquireAsync(ExecutionSlot slot, CancellationToken cancellationToken)
    {
        var signal = new AsyncSignal();
        var granted = signal.Next;
        lock (_lock)
        {
            if (slot.Timer is not null) return;
            StopActing(slot);
            slot.Granted = signal.Set;
            var share = ShareOf(slot);
            share.Resuming.AddLast(slot);
            Queue(share);
        }
        Serve();
        try
        {
            await granted.WaitAsync(cancellationToken);
        }
        catch (OperationCanceledException)
        {
            lock (_lock)
            {
                if (_shares.TryGetValue(slot.Namespace, out var share) && share.Resuming.Remove(slot)) Tidy(share);
            }
            Release(slot); // it may have come at this very moment
            throw;
        }
    }

    /// <summary>The execution acts no more, for now or for good; safe to call more than once.</summary>
    public void Release(ExecutionSlot slot)
    {
        lock (_lock)
        {
            GiveBack(slot);
            StopActing(slot);
        }
        Serve();
    }

    /// <summary>Forgets the executions that have not begun.</summary>
    public void Clear()
    {
        lock (_lock)
        {
            foreach (var share in _shares.Values.ToList())
            {
                share.Beginning.Clear();
                Tidy(share);
            }
        }
    }

    private void Serve()
    {
        while (true)
        {
            Action granted;
            lock (_lock)
            {
                if (Next() is not { } share) return;
                granted = Grant(share);
            }
            granted();
        }
    }

    private Share? Next()
    {
        if (_free == 0) return null;
        Share? overHalf = null;
        foreach (var share in _turns)
        {
            if (share.Acting >= _slots) continue;
            if (share.Held < Half) return share;
            overHalf ??= share;
        }
        return overHalf; // nobody else waits who could have it
    }

    private Action Grant(Share share)
    {
        var slot = share.Dequeue();
        _turns.Remove(share.Turn);
        if (share.IsWaiting) _turns.AddLast(share.Turn);
        _free--;
        share.Held++;
        share.Acting++;
        slot.Acts = true;
        ITimer timer = null!;
        timer = time.CreateTimer(_ => GoOnWithout(slot, timer), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        slot.Timer = timer;
        timer.Change(Quantum, Timeout.InfiniteTimeSpan);
        return slot.Granted;
    }

    private void GoOnWithout(ExecutionSlot slot, ITimer timer)
    {
        lock (_lock)
        {
            if (slot.Timer != timer) return; // given back since
            GiveBack(slot);
        }
        Serve();
    }

    private void GiveBack(ExecutionSlot slot)
    {
        if (slot.Timer is null) return;
        slot.Timer.Dispose();
        slot.Timer = null;
        ShareOf(slot).Held--;
        _free++;
    }

    private void StopActing(ExecutionSlot slot)
    {
        if (!slot.Acts) return;
        slot.Acts = false;
        var share = ShareOf(slot);
        share.Acting--;
        Tidy(share);
    }

    private Share ShareOf(ExecutionSlot slot)
    {
        if (!_shares.TryGetValue(slot.Namespace, out var share)) _shares[slot.Namespace] = share = new Share(slot.Namespace);
        return share;
    }

    private void Queue(Share share)
    {
        if (share.Turn.List is null) _turns.AddLast(share.Turn);
    }

    private void Tidy(Share share)
    {
        if (share.IsWaiting) return;
        if (share.Turn.List is not null) _turns.Remove(share.Turn);
        if (share.Acting == 0) _shares.Remove(share.Namespace);
    }

    /// <summary>What one namespace has and waits for.</summary>
    private sealed class Share
    {
        public Share(string ns) => (Namespace, Turn) = (ns, new LinkedListNode<Share>(this));

        public string Namespace { get; }

        public LinkedListNode<Share> Turn { get; }

        /// <summary>Executions that have begun: their time runs.</summary>
        public LinkedList<ExecutionSlot> Resuming { get; } = new();

        public Queue<ExecutionSlot> Beginning { get; } = new();

        /// <summary>Slots that it has.</summary>
        public int Held { get; set; }

        /// <summary>Executions that act, with a slot or without.</summary>
        public int Acting { get; set; }

        public bool IsWaiting => Resuming.Count + Beginning.Count > 0;

        public ExecutionSlot Dequeue()
        {
            if (Resuming.First is not { } next) return Beginning.Dequeue();
            Resuming.RemoveFirst();
            return next.Value;
        }
    }
}
