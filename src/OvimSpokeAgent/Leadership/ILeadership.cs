using OvimSpokeAgent.Cluster;

namespace OvimSpokeAgent.Leadership;

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

    /// <summary>The other agent that leads while this one stands by; null: none is known to.</summary>
    string? OtherLeader { get; }

    /// <summary>Why it is not known who leads, or why that cannot be kept up; null: nothing is wrong.</summary>
    string? Problem { get; }

    /// <summary>Completes as soon as this agent leads.</summary>
    Task<Tenure> WaitUntilLeadingAsync(CancellationToken cancellationToken);

    /// <summary>Completes when it was found out for the first time who leads.</summary>
    Task WaitForFirstAnswerAsync(CancellationToken cancellationToken);

    /// <summary>Completes while no other agent is known to lead: then this one speaks to the hub.</summary>
    Task WaitUntilNotStandbyAsync(CancellationToken cancellationToken);

    /// <summary>Ends the tenure and begins none any more.</summary>
    void StepDown();

    /// <summary>Lets another agent lead at once; to be called when nothing is in flight any more.</summary>
    /// <exception cref="KubernetesApiException">The other has to wait until the Lease runs out.</exception>
    Task ReleaseAsync(CancellationToken cancellationToken);
}

/// <summary>The only agent there is.</summary>
internal sealed class SoleLeadership : ILeadership
{
    private readonly Tenure _tenure = new();

    public Tenure? Current => _tenure.IsOver ? null : _tenure;

    public string? OtherLeader => null;

    public string? Problem => null;

    public async Task<Tenure> WaitUntilLeadingAsync(CancellationToken cancellationToken)
    {
        if (_tenure.IsOver) await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellationToken);
        return _tenure;
    }

    public Task WaitForFirstAnswerAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task WaitUntilNotStandbyAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public void StepDown() => _tenure.End();

    public Task ReleaseAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
