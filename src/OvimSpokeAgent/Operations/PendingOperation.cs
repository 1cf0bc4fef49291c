using OvimSpokeAgent.Cluster;

namespace OvimSpokeAgent.Operations;

/// <summary>An operation that is in the journal and to be seen to; of its payload is known what is needed to wait for its turn.</summary>
/// <param name="Record">Its record.</param>
/// <param name="Target">What it works on; null: it has no order.</param>
/// <param name="IsRead">Whether it changes nothing.</param>
internal readonly record struct PendingOperation(JournalRecord Record, NamespacedName? Target = null, bool IsRead = false)
{
    /// <summary>See <see cref="OperationPlan.Restore"/>.</summary>
    public Action<OperationKey>? Restore { get; init; }
}
