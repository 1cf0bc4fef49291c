namespace OvimSpokeAgent.Cluster;

/// <summary>What a cache watches and what it keeps of it.</summary>
internal sealed record WatchSpec<TObject, TItem>
    where TObject : class, IKubernetesObject
    where TItem : class
{
    public required ResourceKind Kind { get; init; }

    /// <summary>Which objects of the kind they are, for people, where another cache has others; null: the kind says it.</summary>
    public string? Which { get; init; }

    public required System.Text.Json.Serialization.Metadata.JsonTypeInfo<TObject> Type { get; init; }

    /// <summary>Keeps of an object, seen at this time, what is used; the rest is garbage at once. Null: nothing of it is.</summary>
    public required Func<TObject, DateTimeOffset, TItem?> Project { get; init; }

    /// <summary>
    /// Keeps something of an object that is not as its kind should be, or that <see cref="Project"/> fails at; of what was kept
    /// of the object before, or null, it may keep all. Null (also where this is): nothing is kept, the object is as good as
    /// gone.
    /// </summary>
    public Func<UnreadableObject, TItem?, TItem?>? Unreadable { get; init; }

    /// <summary>The namespace that is watched; empty: all.</summary>
    public string Namespace { get; init; } = "";

    /// <summary>
    /// Discovery is asked whether there is the kind before it is listed: where the agent may not list it, a server denies that of
    /// kinds that it does not have, too.
    /// </summary>
    public bool AsksWhetherServed { get; init; }

    /// <summary>How many items are kept at most; of more, those that were there first.</summary>
    public int MaxItems { get; init; } = int.MaxValue;

    public string? LabelSelector { get; init; }

    public string? FieldSelector { get; init; }

    /// <summary>A cluster without the kind lacks nothing that the agent needs.</summary>
    public bool IsOptional { get; init; }

    /// <summary>The agent takes no work and sends no report before it knows what there is of the kind.</summary>
    public bool IsAwaited { get; init; } = true;
}
