using OvimSpokeAgent.Configuration;

namespace OvimSpokeAgent.Cluster;

/// <summary>A Namespace as the API returns it.</summary>
internal sealed record NamespaceObject : IKubernetesObject
{
    public ObjectMetadata Metadata { get => field ?? ObjectMetadata.None; init; }

    public NamespaceSpec? Spec { get; init; }

    public NamespaceStatus? Status { get; init; }
}

internal sealed record NamespaceSpec
{
    /// <summary>Apart from those of the metadata; <c>kubernetes</c> is the namespace controller's own.</summary>
    public IReadOnlyList<string>? Finalizers { get; init; }
}

internal sealed record NamespaceStatus
{
    /// <summary>While it terminates: what is left in it and what holds that (Kubernetes 1.16 and later).</summary>
    public IReadOnlyList<NamespaceCondition>? Conditions { get; init; }
}

internal sealed record NamespaceCondition
{
    public string Type { get => field ?? ""; init; }

    public string Status { get => field ?? ""; init; }

    public string? Message { get; init; }
}

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
            .Where(annotation => annotation.Key.StartsWith(Names.Prefix, StringComparison.Ordinal))
            .ToDictionary(),
        CreatedAt = ns.Metadata.CreationTimestamp,
        SeenAt = now,
    };

    /// <summary>One that cannot be read stays as it was: nobody loses its isolation by that.</summary>
    public static ManagedNamespace? FromUnreadable(UnreadableObject ns, ManagedNamespace? before) =>
        before?.Uid == ns.Metadata.Uid ? before : null;
}

/// <summary>Which namespaces the agent works in: those that carry its label, never the cluster's own.</summary>
internal sealed class ManagedNamespaces(
    WatchCache<NamespaceObject, ManagedNamespace> cache, IKubernetesApi api, AgentSettings settings)
{
    /// <summary>Selects them.</summary>
    public const string LabelSelector = $"{Names.ManagedByLabel}={Names.Agent}";

    /// <summary>Whether it is known as managed; from the cache.</summary>
    public bool IsManaged(string ns) => !IsProtected(ns) && cache.Get(NamespacedName.ClusterScoped(ns)) is not null;

    /// <summary>Completes when the server told which there are.</summary>
    public Task WaitForFirstAnswerAsync(CancellationToken cancellationToken) =>
        cache.WaitForFirstAnswerAsync(cancellationToken);

    /// <summary>Tells of every namespace that becomes managed, changes, or is managed no more. Dispose to end it.</summary>
    public IDisposable Subscribe(Action<string> onChange) => cache.Subscribe(change => onChange(change.Name.Name));

    /// <summary>
    /// Why the agent does not work in a namespace, or null if it does. One that the cache does not have is looked for on
    /// the server: it may have been labelled just now.
    /// </summary>
    public Task<string?> ReasonAgainstAsync(string ns, CancellationToken cancellationToken) =>
        ReasonAgainstAsync(ns, $"namespace: \"{ns}\" does not exist on this cluster", cancellationToken);

    /// <summary>As <see cref="ReasonAgainstAsync(string, CancellationToken)"/>, but null also where there is no such namespace.</summary>
    public Task<string?> ReasonAgainstExistingAsync(string ns, CancellationToken cancellationToken) =>
        ReasonAgainstAsync(ns, null, cancellationToken);

    private async Task<string?> ReasonAgainstAsync(string ns, string? whenMissing, CancellationToken cancellationToken)
    {
        if (IsProtected(ns)) return $"namespace: \"{ns}\" belongs to the cluster or to the agent itself and is never managed";
        if (IsManaged(ns)) return null;
        try
        {
            var found = await api.GetAsync(
                KubernetesKinds.Namespace,
                NamespacedName.ClusterScoped(ns),
                ClusterJson.Default.NamespaceObject,
                cancellationToken);
            return found.Metadata.Label(Names.ManagedByLabel) == Names.Agent
                ? null
                : $"namespace: \"{ns}\" is not managed by this agent; its owner opts in with the label {Names.ManagedByLabel}={Names.Agent}";
        }
        catch (KubernetesApiException e) when (e.Reason is ApiErrorReason.NotFound)
        {
            return whenMissing;
        }
    }

    /// <summary>Whether it belongs to the cluster or to the agent itself.</summary>
    public bool IsProtected(string ns) =>
        ns == settings.Namespace || ns == "default"
        || ns.StartsWith("kube-", StringComparison.Ordinal) || ns.StartsWith("openshift-", StringComparison.Ordinal);
}
