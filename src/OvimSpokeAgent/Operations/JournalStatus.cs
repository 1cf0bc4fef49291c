namespace OvimSpokeAgent.Operations;

/// <summary>How the journal does, for health and metrics.</summary>
internal sealed record JournalStatus
{
    /// <summary>Records could be read once.</summary>
    public bool WasReadable { get; init; }

    /// <summary>Why reading or writing fails, and is tried again; null: it does not.</summary>
    public StoreProblem? Problem { get; init; }

    /// <summary>Operations that arrived and are not stored yet: they are in memory only.</summary>
    public int Arriving { get; init; }

    /// <summary>Why expired records could not be removed the last time; null: they were.</summary>
    public string? CleaningProblem { get; init; }

    /// <summary>Names of records that cannot be read.</summary>
    public IReadOnlyList<string> Unreadable { get; init; } = [];

    /// <summary>Results that the hub refuses.</summary>
    public int Refused { get; init; }

    /// <summary>Bytes that all records take, roughly.</summary>
    public long Bytes { get; init; }

    /// <summary>Whether that is more than they may take: no operations are taken.</summary>
    public bool IsFull { get; init; }
}
