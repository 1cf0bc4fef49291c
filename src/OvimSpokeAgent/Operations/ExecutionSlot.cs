namespace OvimSpokeAgent.Operations;

/// <summary>
/// An execution's right to act. It has one when it begins, gives it back while it waits (<see cref="Release"/>) and gets
/// another before it acts again (<see cref="AcquireAsync"/>). Who keeps it for long loses it and goes on without
/// (<see cref="FairSlots"/>).
/// </summary>
/// <param name="slots">Where the slots come from.</param>
/// <param name="ns">The namespace whose turn it takes; empty: that of all that belongs to none.</param>
/// <param name="waitsForOthers">Told whether the execution waits for others.</param>
internal sealed class ExecutionSlot(FairSlots slots, string ns, Action<bool>? waitsForOthers = null)
{
    private bool _waitsForOthers;

    public string Namespace => ns;

    /// <summary>What is done when there is a slot. This and what follows is kept by <see cref="FairSlots"/>, under its lock.</summary>
    public Action Granted { get; set; } = () => { };

    /// <summary>Set while it holds a slot: ends the holding.</summary>
    public ITimer? Timer { get; set; }

    /// <summary>Whether the execution acts, with a slot or, after it lost it, without.</summary>
    public bool Acts { get; set; }

    /// <summary>Gives it back; safe to call more than once.</summary>
    public void Release() => slots.Release(this);

    /// <summary>Waits for the right to act; at once where this execution has it.</summary>
    public async Task AcquireAsync(CancellationToken cancellationToken)
    {
        await slots.AcquireAsync(this, cancellationToken);
        SetWaitsForOthers(false);
    }

    /// <summary>
    /// Says whether what is left is up to others, such as a guest that shuts down: reads of the target then need not wait
    /// for this execution. Until it acts again.
    /// </summary>
    public void SetWaitsForOthers(bool value)
    {
        if (_waitsForOthers == value) return;
        _waitsForOthers = value;
        waitsForOthers?.Invoke(value);
    }
}
