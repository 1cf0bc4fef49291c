namespace OvimSpokeAgent.Health;

/// <summary>The last changes of the agent's state. Thread-safe.</summary>
internal sealed class StateHistory
{
    /// <summary>How many are kept.</summary>
    public const int Kept = 50;

    private readonly Lock _lock = new();
    private readonly Queue<StateChange> _changes = new();

    /// <summary>The newest first.</summary>
    public IReadOnlyList<StateChange> Changes
    {
        get
        {
            lock (_lock) return [.. _changes.Reverse()];
        }
    }

    public void Add(StateChange change)
    {
        lock (_lock)
        {
            _changes.Enqueue(change);
            if (_changes.Count > Kept) _changes.Dequeue();
        }
    }
}

/// <summary>A change of the agent's state.</summary>
/// <param name="At">When.</param>
/// <param name="From">The state before.</param>
/// <param name="To">The state since.</param>
/// <param name="Reason">Why, in one line.</param>
internal sealed record StateChange(DateTimeOffset At, AgentState From, AgentState To, string Reason);
