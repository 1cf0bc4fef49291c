using OvimSpokeAgent.Cluster;

namespace OvimSpokeAgent.Operations;

/// <summary>One type of operation. Handlers live in their feature's folder and are found through the registry.</summary>
internal interface IOperationHandler
{
    /// <summary>The canonical type name of the contract, e.g. <c>create_vm</c>.</summary>
    string Type { get; }

    /// <summary>The contract's other names for it, e.g. <c>VMCreate</c> (matched without case, <c>_</c> and <c>-</c>).</summary>
    IReadOnlyList<string> Aliases { get; }

    /// <summary>
    /// Turns the payload into what is to be done. Pure: no I/O. Everything that is wrong goes into
    /// <paramref name="payload"/>; the returned plan counts only if nothing was.
    /// </summary>
    OperationPlan? Plan(PayloadReader payload);
}

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

/// <summary>What one execution knows of its operation.</summary>
/// <param name="operation">The operation that is executed.</param>
/// <param name="fact">A fact fixed by an earlier, interrupted execution; null if there is none.</param>
/// <param name="fix">Stores a fact durably.</param>
/// <param name="slot">The execution's right to act.</param>
internal sealed class OperationContext(
    Operation operation,
    string? fact,
    Func<string, CancellationToken, Task> fix,
    ExecutionSlot slot)
{
    /// <summary>The operation, with the timeout that it has got.</summary>
    public Operation Operation { get; } = operation;

    /// <summary>Identifies the operation on the objects it makes (<see cref="Names.CreatedByAnnotation"/>).</summary>
    public OperationKey Key => Operation.Key;

    /// <summary>
    /// What was fixed before acting, e.g. the uid that is to be deleted: set by <see cref="FixAsync"/>, or by an
    /// earlier execution that a crash or an error ended.
    /// </summary>
    public string? Fact { get; private set; } = fact;

    /// <summary>
    /// Fixes a fact durably; after that every further execution of this operation sees it in <see cref="Fact"/>.
    /// </summary>
    public async Task FixAsync(string fact, CancellationToken cancellationToken)
    {
        await fix(fact, cancellationToken);
        Fact = fact;
    }

    /// <summary>Another execution was first to fix a fact: that one counts.</summary>
    public void Adopt(string fact) => Fact = fact;

    /// <summary>
    /// Says that what is left is up to others (a guest that shuts down, finalizers): reads of the target need not wait for
    /// it. It holds until this execution acts again.
    /// </summary>
    public void WaitsForOthers() => slot.SetWaitsForOthers(true);

    /// <summary>
    /// Waits for what others do. Meanwhile it holds no slot, and reads of the target may go; the target's order and the
    /// timeout stay.
    /// </summary>
    public async Task WaitForOthersAsync(Func<CancellationToken, Task> wait, CancellationToken cancellationToken)
    {
        WaitsForOthers();
        slot.Release();
        await wait(cancellationToken);
        await slot.AcquireAsync(cancellationToken);
    }
}
