namespace OvimSpokeAgent.Cluster;

/// <summary>Where a watch cache stands.</summary>
internal enum CacheState
{
    /// <summary>Not listed yet.</summary>
    Starting,

    /// <summary>Listed, and watching.</summary>
    Synced,

    /// <summary>The server does not have the kind; it is looked for again and again, quietly.</summary>
    KindMissing,

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

    /// <summary>When the server was last heard of: an event, a bookmark, a list, a watch that began.</summary>
    public DateTimeOffset? LastEvent { get; init; }

    /// <summary>When it was last listed as a whole.</summary>
    public DateTimeOffset? LastSync { get; init; }
}

/// <summary>A cache as health, metrics and startup see it.</summary>
internal interface IWatchCacheStatus
{
    ResourceKind Kind { get; }

    CacheStatus Status { get; }

    int Count { get; }

    /// <summary>Whether the agent does its whole job on a cluster without this kind.</summary>
    bool IsOptional { get; }

    /// <summary>Completes when the server told what there is, or that there is no such kind.</summary>
    Task WaitForFirstAnswerAsync(CancellationToken cancellationToken);
}

/// <summary>A change of a cached item: <see cref="Old"/> is null when it is new, <see cref="New"/> when it is gone.</summary>
internal readonly record struct CacheChange<TItem>(NamespacedName Name, TItem? Old, TItem? New)
    where TItem : class;

/// <summary>An object of which nothing is known but this.</summary>
/// <param name="Metadata">Its name, and what else of its metadata could be read.</param>
/// <param name="Problem">Why nothing else is known.</param>
/// <param name="SeenAt">When it was seen so.</param>
internal sealed record UnreadableObject(ObjectMetadata Metadata, string Problem, DateTimeOffset SeenAt);

/// <summary>What a cache watches and what it keeps of it.</summary>
internal sealed record WatchSpec<TObject, TItem>
    where TObject : class, IKubernetesObject
    where TItem : class
{
    public required ResourceKind Kind { get; init; }

    public required System.Text.Json.Serialization.Metadata.JsonTypeInfo<TObject> Type { get; init; }

    /// <summary>Keeps of an object, seen at this time, what is used; the rest is garbage at once. Null: nothing of it is.</summary>
    public required Func<TObject, DateTimeOffset, TItem?> Project { get; init; }

    /// <summary>
    /// Keeps something of an object that is not as its kind should be, or that <see cref="Project"/> fails at; of what was kept
    /// of the object before, or null, it may keep all. Null (also where this is): nothing is kept, the object is as good as
    /// gone.
    /// </summary>
    public Func<UnreadableObject, TItem?, TItem?>? Unreadable { get; init; }

    public string? LabelSelector { get; init; }

    public string? FieldSelector { get; init; }

    /// <summary>A cluster without the kind lacks nothing that the agent needs.</summary>
    public bool IsOptional { get; init; }
}
