namespace OvimSpokeAgent.Cluster;

/// <summary>How to delete.</summary>
internal sealed record DeleteOptions
{
    /// <summary>Delete only the object with this uid, never a namesake made since.</summary>
    public string? Uid { get; init; }

    /// <summary>Delete only the object as it was read: a change since is a conflict.</summary>
    public string? ResourceVersion { get; init; }

    /// <summary>Overrides the object's own grace period; whole seconds.</summary>
    public TimeSpan? GracePeriod { get; init; }

    /// <summary><c>Background</c>, <c>Foreground</c> or <c>Orphan</c>; null leaves it to the kind.</summary>
    public string? Propagation { get; init; }
}
