using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Supervision;

namespace OvimSpokeAgent.Leadership;

/// <summary>Tells whether this agent leads or another one does.</summary>
internal interface ILeadership
{
    /// <summary>The current term; null: this agent does not lead. Checked against the clocks, so ask before each write.</summary>
    Term? Current { get; }

    /// <summary>The agent that leads while this one is a standby; null: none is known to.</summary>
    string? OtherLeader { get; }

    /// <summary>Why the leader is not known, or why leadership cannot be kept; null: nothing is wrong.</summary>
    string? Problem { get; }

    /// <summary>Completes as soon as this agent leads.</summary>
    Task<Term> WaitUntilLeadingAsync(CancellationToken cancellationToken);

    /// <summary>Completes when the leader is known for the first time.</summary>
    Task WaitForFirstAnswerAsync(CancellationToken cancellationToken);

    /// <summary>Completes as soon as no other agent is known to lead; only then does this one talk to the hub.</summary>
    Task WaitUntilNotStandbyAsync(CancellationToken cancellationToken);

    /// <summary>Ends the term and begins none any more.</summary>
    void StepDown();

    /// <summary>Lets another agent lead at once; to be called when nothing is in flight any more.</summary>
    /// <exception cref="KubernetesApiException">The other has to wait until the Lease runs out.</exception>
    Task ReleaseAsync(CancellationToken cancellationToken);
}
