using System.Collections;
using OvimSpokeAgent.Cluster;

namespace OvimSpokeAgent.Operations;

/// <summary>
/// Where journal records live. Every method either did it durably or throws a <see cref="KubernetesApiException"/>, after
/// which it may have been done all the same; all are safe to repeat.
/// </summary>
internal interface IJournalStore
{
    /// <summary>Whether records can be read, without reading them all.</summary>
    Task CheckReadableAsync(CancellationToken cancellationToken);

    /// <summary>Whether operations that come together could be stored; nothing is. All that storing them needs is ready then.</summary>
    Task WarmUpAsync(StoredBatch batch, CancellationToken cancellationToken);

    /// <summary>All there is, without bodies; what has a name that is known left out.</summary>
    Task<JournalContent> LoadAsync(Predicate<string> isKnown, CancellationToken cancellationToken);

    /// <summary>As <see cref="LoadAsync"/>, of that about which something is left to do, perhaps as it was a moment ago; cheaper.</summary>
    Task<JournalContent> LoadUnsettledAsync(Predicate<string> isKnown, CancellationToken cancellationToken);

    /// <summary>Stores operations that came together.</summary>
    Task CreateBatchAsync(StoredBatch batch, CancellationToken cancellationToken);

    /// <summary>Operations that were stored together; null: there are none of this name.</summary>
    Task<StoredBatch?> ReadBatchAsync(string name, CancellationToken cancellationToken);

    /// <summary>Stores a step of an operation in its batch. False: that is gone, or has no room either.</summary>
    Task<bool> StepInBatchAsync(JournalRecord next, ReadOnlyMemory<byte>? result, CancellationToken cancellationToken);

    /// <summary>Stores which operations have left a batch, and removes the steps that it holds of them. False: it is gone.</summary>
    Task<bool> MarkAsync(string name, BitArray left, IReadOnlyCollection<int> steps, CancellationToken cancellationToken);

    /// <summary>Removes batches, with few requests.</summary>
    Task RemoveBatchesAsync(IReadOnlyCollection<string> names, CancellationToken cancellationToken);

    /// <summary>One record with its body; null: there is none.</summary>
    Task<StoredOperation?> ReadAsync(OperationKey key, CancellationToken cancellationToken);

    /// <summary>Stores a new record; if there is one with this key already, that one is returned instead.</summary>
    Task<JournalRecord> CreateAsync(JournalRecord record, ReadOnlyMemory<byte> body, CancellationToken cancellationToken);

    /// <summary>
    /// Replaces a record, or makes the first of an operation that leaves its batch. If another agent has changed it since, it
    /// stays as it is and is returned instead. Null: it is gone, and could not be made anew without its body.
    /// </summary>
    /// <param name="previous">The record as it was stored last.</param>
    /// <param name="next">The record as it shall be.</param>
    /// <param name="body">Its body, where it is at hand; needed where the step changes it.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    Task<JournalRecord?> UpdateAsync(
        JournalRecord previous, JournalRecord next, ReadOnlyMemory<byte>? body, CancellationToken cancellationToken);

    /// <summary>Removes all records that expire at one of these times, with few requests.</summary>
    Task RemoveAsync(IReadOnlyCollection<DateTimeOffset> expiries, CancellationToken cancellationToken);
}

/// <summary>What a store holds.</summary>
/// <param name="Records">The records, in no order.</param>
/// <param name="Batches">Names of operations that were stored together.</param>
/// <param name="Unreadable">Names of what cannot be read; it is left as it is.</param>
internal sealed record JournalContent(
    IReadOnlyList<JournalRecord> Records, IReadOnlyList<string> Batches, IReadOnlyList<string> Unreadable);

/// <summary>A record with its body: the payload or, from the finish on, the result.</summary>
internal readonly record struct StoredOperation(JournalRecord Record, ReadOnlyMemory<byte> Body);
