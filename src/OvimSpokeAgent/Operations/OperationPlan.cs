using OvimSpokeAgent.Cluster;

namespace OvimSpokeAgent.Operations;

/// <summary>A valid operation, ready to be executed.</summary>
internal sealed record OperationPlan
{
    /// <summary>
    /// Does the work and can be called again at any time: after a transient error, a conflict or a crash.
    /// Expected failures are <see cref="OperationOutcome.Failed"/> or <see cref="KubernetesApiException"/>; the processor
    /// repeats the call for transient errors and conflicts until the operation's timeout.
    /// </summary>
    public required Func<OperationContext, CancellationToken, Task<OperationOutcome>> Execute { get; init; }

    /// <summary>Operations with the same target run one after the other, in the order of arrival; null: no order.</summary>
    public NamespacedName? Target { get; init; }

    /// <summary>What the target is, for events about it; null: none are recorded.</summary>
    public ResourceKind? TargetKind { get; init; }

    /// <summary>Once it is completed, its target is gone: another of that name is another object.</summary>
    public bool DeletesTarget { get; init; }

    /// <summary>
    /// Reads only: runs again whenever asked, its result is not kept. It waits until earlier writes of its target are
    /// accepted by the API server, but for none that waits for others (<see cref="OperationContext.WaitsForOthers"/>).
    /// </summary>
    public bool ReadOnly { get; init; }

    /// <summary>
    /// Called for an operation that an agent before this one began or had accepted, before anything is executed and in the
    /// order of arrival: takes back what it was promised, e.g. room in a quota. No I/O.
    /// </summary>
    public Action<OperationKey>? Restore { get; init; }

    /// <summary>
    /// As <see cref="Restore"/>, where what was promised is known from the operation's checkpoint alone; not called where it has none.
    /// </summary>
    public Action<OperationKey, string>? RestoreFromCheckpoint { get; init; }

    /// <summary>
    /// Asked before an operation is said to have failed, if it timed out or an answer did not tell whether its request took
    /// effect: what it did may have landed all the same. Returns the true outcome, or null where nothing landed.
    /// </summary>
    public Func<OperationContext, CancellationToken, Task<OperationOutcome?>>? ReadBack { get; init; }

    /// <summary>
    /// Called after the operation failed for good, before that is said: takes back what it has begun and is of no use to
    /// anybody. Safe to repeat. Returns what is left of it all the same, or null.
    /// </summary>
    public Func<OperationContext, CancellationToken, Task<string?>>? GiveUp { get; init; }
}
