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

    /// <summary>All records there are.</summary>
    Task<JournalContent> LoadAsync(CancellationToken cancellationToken);

    /// <summary>Records about which something is left to do, perhaps as they were a moment ago; a cheap request.</summary>
    Task<JournalContent> LoadUnsettledAsync(CancellationToken cancellationToken);

    /// <summary>Stores a new record; if there is one with this key already, that one is returned instead.</summary>
    Task<JournalRecord> CreateAsync(JournalRecord record, CancellationToken cancellationToken);

    /// <summary>
    /// Replaces a record. If another agent has changed it since, it stays as it is and is returned instead.
    /// </summary>
    /// <param name="previous">The record as it was stored last.</param>
    /// <param name="next">The record as it shall be.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    Task<JournalRecord> UpdateAsync(JournalRecord previous, JournalRecord next, CancellationToken cancellationToken);

    /// <summary>Removes all records that expire at one of these times, with few requests.</summary>
    Task RemoveAsync(IReadOnlyCollection<DateTimeOffset> expiries, CancellationToken cancellationToken);
}

/// <summary>What a store holds.</summary>
/// <param name="Records">The records, in no order.</param>
/// <param name="Unreadable">Names of records that cannot be read; they are left as they are.</param>
internal sealed record JournalContent(IReadOnlyList<JournalRecord> Records, IReadOnlyList<string> Unreadable);
