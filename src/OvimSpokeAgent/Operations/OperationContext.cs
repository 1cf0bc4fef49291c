using System.Text.Json;
using OvimSpokeAgent.Cluster;

namespace OvimSpokeAgent.Operations;

/// <summary>What one execution knows of its operation.</summary>
/// <param name="operation">The operation that is executed.</param>
/// <param name="checkpoint">What an earlier, interrupted execution stored; null if it stored none.</param>
/// <param name="store">Stores one durably.</param>
/// <param name="slot">The execution's right to act.</param>
internal sealed class OperationContext(
    Operation operation,
    string? checkpoint,
    Func<string, CancellationToken, Task> store,
    ExecutionSlot slot)
{
    /// <summary>The operation, with the timeout that it has got.</summary>
    public Operation Operation { get; } = operation;

    /// <summary>
    /// What is done: the payload, or what it became together with what it refers to. Its secrets are kept out of messages, too.
    /// </summary>
    public JsonElement Effective { get; set; } = operation.Payload;

    /// <summary>Identifies the operation on the objects it makes (<see cref="WellKnownNames.CreatedByAnnotation"/>).</summary>
    public OperationKey Key => Operation.Key;

    /// <summary>
    /// What was stored before acting, e.g. the uid that is to be deleted: set by <see cref="CheckpointAsync"/>, or by an
    /// earlier execution that a crash or an error ended.
    /// </summary>
    public string? Checkpoint { get; private set; } = checkpoint;

    /// <summary>
    /// Stores a checkpoint durably; every further execution of this operation has it in <see cref="Checkpoint"/>.
    /// </summary>
    public async Task CheckpointAsync(string checkpoint, CancellationToken cancellationToken)
    {
        await store(checkpoint, cancellationToken);
        Checkpoint = checkpoint;
    }

    /// <summary>Another execution was first to store one: that one counts.</summary>
    public void TakeOver(string checkpoint) => Checkpoint = checkpoint;

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
