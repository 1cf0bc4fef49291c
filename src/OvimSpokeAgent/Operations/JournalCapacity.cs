namespace OvimSpokeAgent.Operations;

/// <summary>
/// How much the journal may hold, and what is removed when: settled records when they expire, and earlier when the journal is full.
/// If that is not enough, nothing new is taken from the hub until there is room; what was taken is carried out all the same.
/// </summary>
/// <param name="maxBytes">How much room all records together may take, roughly: the API server's database is everyone's.</param>
internal sealed class JournalCapacity(long maxBytes)
{
    /// <summary>How long a settled record is kept at least, to answer repeats.</summary>
    private static readonly TimeSpan MinRetention = TimeSpan.FromMinutes(10);

    /// <summary>Whether records of so many bytes are more than there may be.</summary>
    public bool IsFull(long bytes) => bytes > maxBytes;

    /// <summary>
    /// The records to remove now: all that have expired, and, while the journal is full, those that expire next and have been settled
    /// for ten minutes. Records with one expiry go together.
    /// </summary>
    /// <param name="records">The records.</param>
    /// <param name="now">The time.</param>
    /// <param name="isStoreFull">Whether the store says that it has no room: then all goes that may.</param>
    public IReadOnlyList<JournalRecord> ToRemove(JournalRecords records, DateTimeOffset now, bool isStoreFull)
    {
        var going = new List<JournalRecord>();
        var left = records.Bytes;
        foreach (var group in records.All.Where(record => record.ExpiresAt is not null)
            .GroupBy(record => record.ExpiresAt!.Value).OrderBy(group => group.Key))
        {
            if (!group.All(record => record.CanGo)) continue;
            var isExpired = group.Key <= now;
            var mayGoEarly = (isStoreFull || IsFull(left)) && group.All(record => record.FinishedAt + MinRetention <= now);
            if (!isExpired && !mayGoEarly) continue;
            going.AddRange(group);
            left -= group.Sum(record => record.Size);
        }
        return going;
    }

    /// <summary>When a record expires that is to be kept until a time: the first full minute not before it, records are removed by the minute.</summary>
    public static DateTimeOffset ExpiryAfter(DateTimeOffset time) =>
        new((time.UtcTicks + TimeSpan.TicksPerMinute - 1) / TimeSpan.TicksPerMinute * TimeSpan.TicksPerMinute, TimeSpan.Zero);
}
