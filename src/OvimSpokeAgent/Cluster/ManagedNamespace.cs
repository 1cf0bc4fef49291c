namespace OvimSpokeAgent.Cluster;

/// <summary>What is kept of a managed namespace.</summary>
internal sealed record ManagedNamespace
{
    private const int MaxLabels = 1024;
    private const int MaxLabelBytes = 64 << 10;

    /// <summary>What is watched for it.</summary>
    public static WatchSpec<NamespaceObject, ManagedNamespace> Watch { get; } = new()
    {
        Kind = KubernetesKinds.Namespace,
        Type = ClusterJson.Default.NamespaceObject,
        Project = From,
        Unreadable = FromUnreadable,
        LabelSelector = ManagedNamespaces.LabelSelector,
    };

    public required string Name { get; init; }

    public required string Uid { get; init; }

    public required bool IsTerminating { get; init; }

    /// <summary>All that a hub can declare, and of others as much again.</summary>
    public KeptLabels Labels { get; init; }

    /// <summary>Annotations with the agent's own prefix; others may be long and are not used.</summary>
    public required IReadOnlyDictionary<string, string> OwnAnnotations { get; init; }

    public DateTimeOffset? CreatedAt { get; init; }

    /// <summary>When the agent saw this version of it.</summary>
    public required DateTimeOffset SeenAt { get; init; }

    public static ManagedNamespace From(NamespaceObject ns, DateTimeOffset now) => new()
    {
        Name = ns.Metadata.Name,
        Uid = ns.Metadata.Uid,
        IsTerminating = ns.Metadata.DeletionTimestamp is not null,
        Labels = KeptLabels.Of(ns.Metadata.Labels, MaxLabels, MaxLabelBytes),
        OwnAnnotations = (ns.Metadata.Annotations ?? new Dictionary<string, string>())
            .Where(annotation => annotation.Key.StartsWith(WellKnownNames.Prefix, StringComparison.Ordinal))
            .ToDictionary(),
        CreatedAt = ns.Metadata.CreationTimestamp,
        SeenAt = now,
    };

    /// <summary>One that cannot be read stays as it was: nobody loses its isolation by that.</summary>
    public static ManagedNamespace? FromUnreadable(UnreadableObject ns, ManagedNamespace? before) =>
        before?.Uid == ns.Metadata.Uid ? before : null;
}
