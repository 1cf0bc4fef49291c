using OvimSpokeAgent.Configuration;

namespace OvimSpokeAgent.Cluster;

/// <summary>Which namespaces the agent works in: those that carry its label, never the cluster's own.</summary>
internal sealed class ManagedNamespaces(
    WatchCache<NamespaceObject, ManagedNamespace> cache, IKubernetesApi api, AgentSettings settings)
{
    /// <summary>Selects them.</summary>
    public const string LabelSelector = $"{WellKnownNames.ManagedByLabel}={WellKnownNames.Agent}";

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
    public Task<string?> GetRefusalAsync(string ns, CancellationToken cancellationToken) =>
        GetRefusalAsync(ns, $"namespace: \"{ns}\" does not exist on this cluster", cancellationToken);

    /// <summary>As <see cref="GetRefusalAsync(string, CancellationToken)"/>, but null also where there is no such namespace.</summary>
    public Task<string?> GetExistingRefusalAsync(string ns, CancellationToken cancellationToken) =>
        GetRefusalAsync(ns, null, cancellationToken);

    private async Task<string?> GetRefusalAsync(string ns, string? whenMissing, CancellationToken cancellationToken)
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
            return found.Metadata.Label(WellKnownNames.ManagedByLabel) == WellKnownNames.Agent
                ? null
                : $"namespace: \"{ns}\" is not managed by this agent; its owner opts in with the label {WellKnownNames.ManagedByLabel}={WellKnownNames.Agent}";
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
