using OvimSpokeAgent.Contract;

namespace OvimSpokeAgent.Operations;

/// <summary>What became of an operation.</summary>
internal enum OperationFate
{
    /// <summary>The journal is not open, so that it cannot say.</summary>
    NotKnownYet,

    /// <summary>It is not in the journal: it was done long ago, or people removed it.</summary>
    Forgotten,

    /// <summary>It is still to be done, or to be gone on with.</summary>
    UnderWay,

    Completed,

    Failed,
}

/// <summary>Tells what became of an operation, by the key that its objects carry.</summary>
internal delegate Task<OperationFate> OperationFateLookup(OperationKey key, CancellationToken cancellationToken);

/// <summary>What the journal knows of operations that were.</summary>
internal sealed class OperationFates(OperationJournal journal)
{
    private const string FailedStatus = "failed";

    /// <inheritdoc cref="OperationFateLookup"/>
    public async Task<OperationFate> FindAsync(OperationKey key, CancellationToken cancellationToken)
    {
        if (!journal.IsOpen) return OperationFate.NotKnownYet;
        if (journal.Find(key) is not { } record) return journal.IsOpen ? OperationFate.Forgotten : OperationFate.NotKnownYet;
        if (record.IsUnfinished || !record.HasResult) return OperationFate.UnderWay;
        if (await journal.FindResultAsync(record, cancellationToken) is not { } result) return OperationFate.Forgotten;
        return JournalJson.Read(result.Span, ContractJson.Default.OperationResult) switch
        {
            null => OperationFate.Forgotten,
            { Status: FailedStatus } => OperationFate.Failed,
            _ => OperationFate.Completed,
        };
    }
}
