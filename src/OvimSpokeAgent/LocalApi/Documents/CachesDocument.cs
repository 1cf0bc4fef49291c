namespace OvimSpokeAgent.LocalApi;

/// <summary><c>/debug/caches</c>: what the agent knows of the cluster, and the loops that see to it and to all else.</summary>
internal sealed record CachesDocument(IReadOnlyList<CacheDocument> Caches, IReadOnlyList<LoopDocument> Loops);

/// <summary>A watch cache.</summary>
internal sealed record CacheDocument
{
    /// <summary>The kind, and which of it where several caches share one.</summary>
    public required string Holds { get; init; }

    public required string Kind { get; init; }

    public required string State { get; init; }

    public required DateTimeOffset Since { get; init; }

    public required int Objects { get; init; }

    /// <summary>When the server was last heard of.</summary>
    public DateTimeOffset? LastEvent { get; init; }

    /// <summary>When it was last listed as a whole.</summary>
    public DateTimeOffset? LastSync { get; init; }

    public string? Problem { get; init; }
}

/// <summary>A loop.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Failures">How often it failed since the start.</param>
/// <param name="RecentFailure">The failure of the last minute.</param>
internal sealed record LoopDocument(string Name, int Failures, string? RecentFailure);
