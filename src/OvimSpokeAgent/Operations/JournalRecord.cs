namespace OvimSpokeAgent.Operations;

/// <summary>How far an operation got.</summary>
internal enum JournalState
{
    /// <summary>Stored, not begun (or begun without anything that had to be fixed).</summary>
    Received,

    /// <summary>A checkpoint is stored that further executions go on from.</summary>
    Started,

    /// <summary>The result is stored and on its way to the hub.</summary>
    Finished,

    /// <summary>The hub has the result; the record stays for a while to answer repeats.</summary>
    Delivered,

    /// <summary>The hub refuses the result for good; the record stays for a while, for people to look at.</summary>
    Refused,
}

/// <summary>
/// What is known of an operation's record in the journal, without its body: the payload, and from the finish on the result.
/// Bodies stay in the store. Immutable: each step makes a new one.
/// </summary>
internal sealed record JournalRecord
{
    // What a Secret costs the API server's database beside its content, roughly; and what a result takes, as a rule.
    private const int Overhead = 1 << 10;
    private const int ResultReserve = 1 << 10;

    public required OperationHeader Operation { get; init; }

    public required JournalState State { get; init; }

    /// <summary>The order of arrival: rises within an agent, and from an agent to its successor by the clock.</summary>
    public required long Sequence { get; init; }

    public required DateTimeOffset ReceivedAt { get; init; }

    /// <summary>What was stored before acting, so that a replay goes on from there; null unless something was.</summary>
    public string? Checkpoint { get; init; }

    /// <summary>
    /// Whether the body is the result, exactly as the hub gets it each time. Never for an operation that only reads: it runs
    /// again when it is asked for again.
    /// </summary>
    public bool HasResult { get; init; }

    /// <summary>Whether the result tells the hub that a VDC is gone; see <see cref="DeletionOrder"/>.</summary>
    public bool SaysDeleted { get; init; }

    /// <summary>Length of the body.</summary>
    public required int BodyBytes { get; init; }

    /// <summary>When the result was stored, then when the hub took or refused it.</summary>
    public DateTimeOffset? FinishedAt { get; init; }

    /// <summary>From when on it can be removed, a full minute; null until the hub took or refused the result.</summary>
    public DateTimeOffset? ExpiresAt { get; init; }

    /// <summary>The store's version of it, so that a writer that is no longer the one in charge is noticed.</summary>
    public string Version { get; init; } = "";

    /// <summary>Where it came together with others: its place among them, also after it left them.</summary>
    public BatchPlace? Place { get; init; }

    /// <summary>Whether it has no Secret of its own yet.</summary>
    public bool IsInBatch => Place is not null && Version.Length == 0;

    public OperationKey Key => Operation.Key;

    /// <summary>Whether nothing is to be done about it any more.</summary>
    public bool IsSettled => State is JournalState.Delivered or JournalState.Refused;

    /// <summary>Whether the operation is to be carried out, or carried on.</summary>
    public bool IsUnfinished => State is JournalState.Received or JournalState.Started;

    /// <summary>Bytes it takes in the store, roughly, or will take; until it has a result, with room for one.</summary>
    public long Size => Overhead + (IsInBatch && !HasResult ? 0 : BodyBytes) + (IsUnfinished ? ResultReserve : 0);

    /// <summary>Whether it can be removed without its operation being taken for one that is still to be done.</summary>
    public bool CanGo => IsInBatch || Place is not { } place || place.Batch.Releases(place.Index);

    /// <summary>Whether the other says the same; versions and bodies left out.</summary>
    public bool IsSameAs(JournalRecord other) =>
        State == other.State && Checkpoint == other.Checkpoint && ExpiresAt == other.ExpiresAt
        && HasResult == other.HasResult && BodyBytes == other.BodyBytes;
}
