namespace OvimSpokeAgent.Cluster;

/// <summary>A time during which this agent is the one that works. It ends once and never comes back.</summary>
#pragma warning disable CA1001 // a source without a timer holds nothing that must be let go
internal sealed class Tenure
#pragma warning restore CA1001
{
    private readonly CancellationTokenSource _end = new();

    /// <summary>Cancelled when it ends: everything that writes stops.</summary>
    public CancellationToken Ended => _end.Token;

    public bool IsOver => _end.IsCancellationRequested;

    /// <summary>Ends it; safe to call more than once.</summary>
    public void End() => _end.Cancel();
}

/// <summary>Says whether this agent is the one that works, or another is.</summary>
internal interface ILeadership
{
    /// <summary>The tenure at this very moment, or null. Asked before each write: it looks at the clocks.</summary>
    Tenure? Current { get; }

    /// <summary>The other agent that leads while this one stands by; null: none is known.</summary>
    string? OtherLeader { get; }

    /// <summary>Completes as soon as this agent leads.</summary>
    Task<Tenure> WaitUntilLeadingAsync(CancellationToken cancellationToken);
}

/// <summary>The only agent there is.</summary>
internal sealed class SoleLeadership : ILeadership
{
    private readonly Tenure _tenure = new();

    public Tenure? Current => _tenure.IsOver ? null : _tenure;

    public string? OtherLeader => null;

    public async Task<Tenure> WaitUntilLeadingAsync(CancellationToken cancellationToken)
    {
        if (_tenure.IsOver) await Task.Delay(Timeout.InfiniteTimeSpan, cancellationToken);
        return _tenure;
    }
}
