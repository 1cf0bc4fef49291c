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

    /// <summary>The hub has the result; the record stays to answer repeats.</summary>
    Delivered,
}

/// <summary>An operation's record in the journal. Immutable: each step makes a new one.</summary>
internal sealed record JournalRecord
{
    public required Operation Operation { get; init; }

    public required JournalState State { get; init; }

    /// <summary>The order of arrival.</summary>
    public required long Sequence { get; init; }

    public required DateTimeOffset ReceivedAt { get; init; }

    /// <summary>What was fixed before acting; null unless something was.</summary>
    public string? Fact { get; init; }

    /// <summary>The result's body exactly as the hub gets it, each time; null until finished.</summary>
    public ReadOnlyMemory<byte>? Result { get; init; }

    /// <summary>When the result was stored, then when the hub took it.</summary>
    public DateTimeOffset? FinishedAt { get; init; }

    public OperationKey Key => Operation.Key;
}
