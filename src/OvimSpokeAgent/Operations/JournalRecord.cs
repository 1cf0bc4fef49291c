using System.Runtime.InteropServices;

namespace OvimSpokeAgent.Operations;

/// <summary>How far an operation got.</summary>
internal enum JournalState
{
    /// <summary>Stored, not begun (or begun without anything that had to be fixed).</summary>
    Received,

    /// <summary>A fact is fixed that further executions depend on.</summary>
    Started,

    /// <summary>The result is stored and on its way to the hub.</summary>
    Finished,

    /// <summary>The hub has the result; the record stays for a while to answer repeats.</summary>
    Delivered,

    /// <summary>The hub refuses the result for good; the record stays for a while, for people to look at.</summary>
    Refused,
}

/// <summary>An operation's record in the journal. Immutable: each step makes a new one.</summary>
internal sealed record JournalRecord
{
    // What a Secret costs the API server's database beside its content, roughly.
    private const int Overhead = 1 << 10;

    /// <summary>Its payload is empty once the result is stored, so that the result has room.</summary>
    public required Operation Operation { get; init; }

    public required JournalState State { get; init; }

    /// <summary>The order of arrival: rises within an agent, and from an agent to its successor by the clock.</summary>
    public required long Sequence { get; init; }

    public required DateTimeOffset ReceivedAt { get; init; }

    /// <summary>What was fixed before acting; null unless something was.</summary>
    public string? Fact { get; init; }

    /// <summary>
    /// The result's body exactly as the hub gets it, each time; null until finished, and always in the record of an
    /// operation that only reads: it runs again when it is asked for again.
    /// </summary>
    public ReadOnlyMemory<byte>? Result { get; init; }

    /// <summary>When the result was stored, then when the hub took or refused it.</summary>
    public DateTimeOffset? FinishedAt { get; init; }

    /// <summary>From when on it can be removed, a full minute; null until the hub took or refused the result.</summary>
    public DateTimeOffset? ExpiresAt { get; init; }

    /// <summary>The store's version of it, so that a writer that is no longer the one in charge is noticed.</summary>
    public string Version { get; init; } = "";

    public OperationKey Key => Operation.Key;

    /// <summary>Whether nothing is to be done about it any more.</summary>
    public bool IsSettled => State is JournalState.Delivered or JournalState.Refused;

    /// <summary>Bytes it takes in the store, roughly.</summary>
    public long Size => Overhead + JsonMarshal.GetRawUtf8Value(Operation.Payload).Length + (Result?.Length ?? 0);

    /// <summary>Whether the other says the same; versions left out.</summary>
    public bool IsSameAs(JournalRecord other) =>
        State == other.State && Fact == other.Fact && ExpiresAt == other.ExpiresAt
        && (Result is { } mine
            ? other.Result is { } its && mine.Span.SequenceEqual(its.Span)
            : other.Result is null);
}
