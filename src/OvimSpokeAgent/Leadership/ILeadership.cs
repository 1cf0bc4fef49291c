using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Supervision;

namespace OvimSpokeAgent.Leadership;

/// <summary>Says whether this agent is the one that works, or another is.</summary>
internal interface ILeadership
{
    /// <summary>The term at this very moment, or null. Asked before each write: it looks at the clocks.</summary>
    Term? Current { get; }

    /// <summary>The other agent that leads while this one stands by; null: none is known to.</summary>
    string? OtherLeader { get; }

    /// <summary>Why it is not known who leads, or why that cannot be kept up; null: nothing is wrong.</summary>
    string? Problem { get; }

    /// <summary>Completes as soon as this agent leads.</summary>
    Task<Term> WaitUntilLeadingAsync(CancellationToken cancellationToken);

    /// <summary>Completes when it was found out for the first time who leads.</summary>
    Task WaitForFirstAnswerAsync(CancellationToken cancellationToken);

    /// <summary>Completes while no other agent is known to lead: then this one speaks to the hub.</summary>
    Task WaitUntilNotStandbyAsync(CancellationToken cancellationToken);

    /// <summary>Ends the term and begins none any more.</summary>
    void StepDown();

    /// <summary>Lets another agent lead at once; to be called when nothing is in flight any more.</summary>
    /// <exception cref="KubernetesApiException">The other has to wait until the Lease runs out.</exception>
    Task ReleaseAsync(CancellationToken cancellationToken);
}
