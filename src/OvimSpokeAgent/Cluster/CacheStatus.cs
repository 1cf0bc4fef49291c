namespace OvimSpokeAgent.Cluster;

/// <summary>Where a watch cache stands.</summary>
internal enum CacheState
{
    /// <summary>Not listed yet.</summary>
    Starting,

    /// <summary>Listed, and watching.</summary>
    Synced,

    /// <summary>The server does not have the kind; it is looked for again and again, quietly.</summary>
    NoKindMatch,

    /// <summary>Listing or watching fails; what was known stays readable.</summary>
    Failing,
}

/// <summary>A cache's state at one moment.</summary>
internal sealed record CacheStatus
{
    public CacheState State { get; init; }

    /// <summary>Since when it is in this state.</summary>
    public DateTimeOffset Since { get; init; }

    /// <summary>Why it is not synced.</summary>
    public string? Problem { get; init; }

    /// <summary>The server does not have the kind, and said so twice: one that just started may not know its custom kinds yet.</summary>
    public bool LacksKind { get; init; }

    /// <summary>When the server was last heard of: an event, a bookmark, a list, a watch that began.</summary>
    public DateTimeOffset? LastEvent { get; init; }

    /// <summary>When it was last listed as a whole.</summary>
    public DateTimeOffset? LastSync { get; init; }
}
