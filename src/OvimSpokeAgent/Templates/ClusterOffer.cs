using OvimSpokeAgent.Capacity;
using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Supervision;
using OvimSpokeAgent.VirtualMachines;

namespace OvimSpokeAgent.Templates;

/// <summary>
/// What this cluster has of what templates need, by the watch caches: it changes with the cluster, also where a kind comes or goes.
/// Where a cache does not know (it starts, or its watch fails), nothing is said to be missing.
/// </summary>
internal sealed class ClusterOffer(
    StorageOffer storage,
    KubeVirtOffer kubeVirt,
    WatchCache<AnyObject, NetworkItem> networks,
    WatchCache<InstancetypeObject, InstancetypeItem> instancetypes,
    WatchCache<ClusterInstancetypeObject, InstancetypeItem> clusterInstancetypes,
    WatchCache<AnyObject, PreferenceItem> preferences,
    WatchCache<AnyObject, ClusterPreferenceItem> clusterPreferences,
    WatchCache<NodeObject, NodeItem> nodes,
    IWatchCacheStatus dataVolumes,
    TimeProvider time)
{
    // Time for what was made just now to be heard of; and, after a start, for the first answers.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private IEnumerable<IWatchCacheStatus> Caches =>
    [
        .. storage.Caches, .. kubeVirt.Caches, networks, instancetypes, clusterInstancetypes, preferences, clusterPreferences, nodes, dataVolumes,
    ];

    /// <summary>Completes when the caches know what there is, or after a while.</summary>
    public async Task WaitForFirstAnswersAsync(CancellationToken cancellationToken)
    {
        var starting = Caches.Where(cache => !IsKnown(cache.Status)).ToList();
        if (starting.Count == 0) return;
        await TimeLimit.RunAsync(Patience, time, token => Task.WhenAll(starting.Select(cache => cache.WaitForVerdictAsync(token))), cancellationToken);

        static bool IsKnown(CacheStatus status) => status.LacksKind || status.State is CacheState.Synced or CacheState.Failing;
    }

    /// <summary>What is missing, each with its field first; empty: nothing that is known of.</summary>
    /// <param name="needs">What is needed.</param>
    /// <param name="ns">Where the VM is to be; null: anywhere.</param>
    public IReadOnlyList<string> Missing(TemplateNeeds needs, string? ns) => MissingWith(Common(), needs, ns);

    /// <summary>As <see cref="Missing"/>, for each of many templates, wherever their VMs are to be.</summary>
    public IEnumerable<(Template Template, IReadOnlyList<string> Missing)> MissingOfEach(IEnumerable<Template> templates)
    {
        var common = Common(); // once for all of them
        return templates.Select(template => (template, MissingWith(common, template.Needs, null)));
    }

    private (IReadOnlyList<string> Architectures, string? StorageClass) Common() => (Architectures(), storage.DefaultClass());

    private IReadOnlyList<string> MissingWith(
        (IReadOnlyList<string> Architectures, string? StorageClass) common, TemplateNeeds needs, string? ns) =>
    [
        .. kubeVirt.Missing(needs),
        .. storage.Missing(needs, common.StorageClass),
        .. needs.Networks.Select(use => MissingNetwork(use.Field, use.Name, ns)).OfType<string>(),
        .. MissingTypes(needs, ns),
        .. MissingArchitecture(needs, common.Architectures),
        .. needs.NewDisk is { } field && dataVolumes.Status.LacksKind
            ? (string[])[$"{field}: CDI is not installed on this cluster, which imports, clones and makes disks"]
            : [],
    ];

    /// <summary>As <see cref="Missing"/>, for what was made just now to be heard of first.</summary>
    public async Task<IReadOnlyList<string>> MissingNowAsync(TemplateNeeds needs, string ns, CancellationToken cancellationToken)
    {
        await WaitForFirstAnswersAsync(cancellationToken);
        if (Missing(needs, ns) is [] and var none) return none;
        var changed = new AsyncSignal();
        IReadOnlyList<IDisposable> subscriptions =
        [
            .. storage.Subscribe(changed.Set), .. kubeVirt.Subscribe(changed.Set), networks.Subscribe(_ => changed.Set()),
            instancetypes.Subscribe(_ => changed.Set()), clusterInstancetypes.Subscribe(_ => changed.Set()),
            preferences.Subscribe(_ => changed.Set()), clusterPreferences.Subscribe(_ => changed.Set()), nodes.Subscribe(_ => changed.Set()),
        ];
        try
        {
            await TimeLimit.RunAsync(
                Patience, time, token => changed.WaitUntilAsync(() => Missing(needs, ns).Count == 0, token), cancellationToken);
        }
        finally
        {
            foreach (var subscription in subscriptions) subscription.Dispose();
        }
        return Missing(needs, ns);
    }

    // A kind that the server does not have is an answer, too.
    private static bool Lacks(IWatchCacheStatus cache, Func<bool> has) =>
        cache.Status.LacksKind || (cache.Status.State is CacheState.Synced && !has());

    private string? MissingNetwork(string field, string name, string? ns)
    {
        if (networks.Status.LacksKind)
            return $"{field}: the cluster has no NetworkAttachmentDefinitions (Multus), and so no \"{name}\"";
        var parts = name.Split('/');
        var where = parts.Length == 2 ? parts[0] : ns;
        var has = where is null
            ? networks.Items.Any(network => network.Name.Name == name)
            : networks.Get(new NamespacedName(where, parts[^1])) is not null;
        if (has || networks.Status.State is not CacheState.Synced) return null;
        return where is null
            ? $"{field}: no namespace has a NetworkAttachmentDefinition \"{name}\""
            : $"{field}: there is no NetworkAttachmentDefinition \"{parts[^1]}\" in namespace \"{where}\"";
    }

    private IEnumerable<string> MissingTypes(TemplateNeeds needs, string? ns)
    {
        if (needs.Instancetype is { } type && IsMissing(
                type, ns, instancetypes, clusterInstancetypes, instancetypes.Get, clusterInstancetypes.Get,
                // Which are in any namespace, the cache does not tell: no VM is made without one.
                _ => true))
        {
            yield return $"instancetype: the cluster has no \"{type}\"";
        }
        if (needs.Preference is { } preference && IsMissing(
                preference, ns, preferences, clusterPreferences, preferences.Get, clusterPreferences.Get,
                name => preferences.Items.Any(item => item.Name.Name == name)))
        {
            yield return $"preference: the cluster has no \"{preference}\"";
        }
    }

    // As virtctl writes it: NAME of the cluster's, or KIND/NAME.
    private static bool IsMissing(
        string reference,
        string? ns,
        IWatchCacheStatus namespaced,
        IWatchCacheStatus clusterWide,
        Func<NamespacedName, object?> inNamespace,
        Func<NamespacedName, object?> ofCluster,
        Func<string, bool> anywhere)
    {
        var parts = reference.Split('/');
        var name = parts[^1];
        if (parts.Length == 1 || parts[0].Contains("cluster", StringComparison.OrdinalIgnoreCase))
            return Lacks(clusterWide, () => ofCluster(NamespacedName.ClusterScoped(name)) is not null);
        return Lacks(namespaced, () => ns is null ? anywhere(name) : inNamespace(new NamespacedName(ns, name)) is not null);
    }

    // Those of the nodes that run VMs; empty: there is no telling.
    private IReadOnlyList<string> Architectures()
    {
        if (nodes.Status.State is not CacheState.Synced) return [];
        var items = nodes.Items;
        var forVms = items.Any(node => node.RunsVms) ? items.Where(node => node.RunsVms) : items;
        return
        [
            .. forVms.Select(node => node.Architecture).Where(architecture => architecture.Length > 0)
                .Distinct().Order(StringComparer.Ordinal),
        ];
    }

    private static IEnumerable<string> MissingArchitecture(TemplateNeeds needs, IReadOnlyList<string> there)
    {
        if (there.Count == 0) yield break;
        if (needs.Architecture is null && there.Count > 1)
            yield return $"architecture: missing, expected one of {string.Join(", ", there)}: this cluster has nodes of each";
        else if (needs.Architecture is { } wanted && !there.Contains(wanted))
            yield return $"architecture: no node has \"{wanted}\", only {string.Join(", ", there)}";
    }
}
