namespace OvimSpokeAgent.Tests.Simulation;

/// <summary>The clock of a simulation: it stands still while something runs, and jumps from timer to timer.</summary>
internal sealed class SimulatedTime(Simulator simulator) : TimeProvider
{
    private static readonly DateTimeOffset Start = new(2026, 11, 23, 8, 0, 0, TimeSpan.Zero);

    private readonly PriorityQueue<(SimulatedTimer Timer, int Setting), (TimeSpan Due, long Order)> _timers = new();
    private readonly List<(SimulatedTimer Timer, int Setting, (TimeSpan, long) Priority)> _held = [];
    private long _order;

    /// <summary>Since the simulation began.</summary>
    public TimeSpan Elapsed { get; private set; }

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override DateTimeOffset GetUtcNow() => Start + Elapsed;

    public override long GetTimestamp() => Elapsed.Ticks;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        simulator.CheckThread("a timer");
        var owner = SynchronizationContext.Current as SimulatedProcess ?? simulator.World;
        return new SimulatedTimer(this, owner, () => callback(state), dueTime, period);
    }

    /// <summary>Has a process do something once.</summary>
    public void CreateTimer(SimulatedProcess owner, Action action, TimeSpan wait) =>
        _ = new SimulatedTimer(this, owner, action, wait, Timeout.InfiniteTimeSpan);

    /// <summary>Jumps to the next timer and has it act; false: there is none by that time.</summary>
    public bool FireNext(TimeSpan latest)
    {
        foreach (var held in _held.Where(held => !held.Timer.Owner.IsPaused).ToList())
        {
            _timers.Enqueue((held.Timer, held.Setting), held.Priority);
            _held.Remove(held);
        }
        while (_timers.TryPeek(out var next, out var priority) && priority.Due <= latest)
        {
            _timers.Dequeue();
            if (next.Timer.Setting != next.Setting || next.Timer.Owner.IsDead) continue;
            if (next.Timer.Owner.IsPaused)
            {
                _held.Add((next.Timer, next.Setting, priority));
                continue;
            }
            JumpTo(priority.Due);
            next.Timer.Fire();
            return true;
        }
        return false;
    }

    public void JumpTo(TimeSpan time)
    {
        if (time > Elapsed) Elapsed = time;
    }

    private sealed class SimulatedTimer : ITimer
    {
        private readonly SimulatedTime _time;
        private readonly Action _action;
        private TimeSpan _period;

        public SimulatedTimer(SimulatedTime time, SimulatedProcess owner, Action action, TimeSpan dueTime, TimeSpan period)
        {
            (_time, Owner, _action) = (time, owner, action);
            Change(dueTime, period);
        }

        public SimulatedProcess Owner { get; }

        /// <summary>Which of its settings counts: what was set before does not act.</summary>
        public int Setting { get; private set; }

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            Setting++;
            _period = period;
            if (dueTime != Timeout.InfiniteTimeSpan)
                _time._timers.Enqueue((this, Setting), (_time.Elapsed + dueTime, _time._order++));
            return true;
        }

        public void Fire()
        {
            if (_period > TimeSpan.Zero) Change(_period, _period);
            Owner.Run(_action);
        }

        public void Dispose() => Setting = int.MinValue;

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
