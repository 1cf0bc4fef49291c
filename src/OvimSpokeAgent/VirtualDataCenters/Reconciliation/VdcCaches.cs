using OvimSpokeAgent.Cluster;

namespace OvimSpokeAgent.VirtualDataCenters;

/// <summary>The caches of what VDCs are made of: the agent's own objects, and everyone's network policies and bindings.</summary>
internal sealed class VdcCaches(
    WatchCache<ResourceQuotaObject, ResourceQuotaItem> quotas,
    WatchCache<LimitRangeObject, OwnedItem> limits,
    WatchCache<NetworkPolicyObject, NetworkPolicyItem> policies,
    WatchCache<RoleBindingObject, OwnedItem> bindings)
{
    /// <summary>Selects the agent's own objects.</summary>
    public const string OwnSelector = $"{WellKnownNames.ManagedByLabel}={WellKnownNames.Agent}";

    public WatchCache<ResourceQuotaObject, ResourceQuotaItem> Quotas => quotas;

    /// <summary>The object of this kind and name, if it carries the agent's label.</summary>
    public OwnedItem? Find(ResourceKind kind, NamespacedName name)
    {
        OwnedItem? item = kind == KubernetesKinds.ResourceQuota ? quotas.Get(name)
            : kind == KubernetesKinds.LimitRange ? limits.Get(name)
            : kind == KubernetesKinds.NetworkPolicy ? policies.Get(name)
            : bindings.Get(name);
        return item is { IsOurs: true } ? item : null;
    }

    /// <summary>
    /// The agent's objects in a namespace that are not among the expected ones: quota and limits, and in a VDC policies
    /// under the names that VDCs use, and bindings of admins. A stand-in is one of them once what it stands in for is as expected.
    /// </summary>
    public IReadOnlyList<(ResourceKind Kind, OwnedItem Item)> Surplus(
        string ns, VdcDeclaration declaration, IReadOnlyList<OwnedManifest> expected)
    {
        var wanted = expected.Select(manifest => manifest.Key).ToHashSet();
        wanted.UnionWith(expected.Where(manifest => !IsAsExpected(manifest)).Select(manifest => manifest.StandInKey).OfType<ObjectKey>());
        var surplus = new List<(ResourceKind, OwnedItem)>();
        foreach (var name in (string[])[VdcNames.Quota, VdcNames.QuotaStandIn]) Consider(KubernetesKinds.ResourceQuota, quotas.Get(new(ns, name)));
        Consider(KubernetesKinds.LimitRange, limits.Get(new(ns, VdcNames.Limits)));
        // Where no VDC is known, isolation and access are nobody's: what once was a VDC stays as closed as it was.
        if (declaration.Name is null) return surplus;
        foreach (var binding in AdminBindingsOf(ns)) Consider(KubernetesKinds.RoleBinding, binding);
        foreach (var policy in VdcNames.Policies) Consider(KubernetesKinds.NetworkPolicy, policies.Get(new(ns, policy)));
        return surplus;

        void Consider(ResourceKind kind, OwnedItem? item)
        {
            if (item is { IsOurs: true } && !wanted.Contains(new(kind, item.Name))) surplus.Add((kind, item));
        }
    }

    /// <summary>Whether the object is there as expected, with the agent's label.</summary>
    public bool IsAsExpected(OwnedManifest manifest) => Find(manifest.Kind, manifest.Name)?.Fingerprint == manifest.Fingerprint;

    /// <summary>All network policies of a namespace, whoever made them.</summary>
    public IEnumerable<NetworkPolicyItem> PoliciesOf(string ns) => policies.ItemsIn(ns);

    /// <summary>The bindings of a namespace that are named as those of admins, whoever made them, by name; with their stand-ins.</summary>
    public IEnumerable<OwnedItem> AdminBindingsOf(string ns) => bindings.ItemsIn(ns)
        .Where(binding => binding.Name.Name.StartsWith(VdcNames.BindingPrefix, StringComparison.Ordinal)
            || (binding.IsOurs && binding.Name.Name.StartsWith(VdcNames.StandInPrefix, StringComparison.Ordinal)))
        .OrderBy(binding => binding.Name.Name, StringComparer.Ordinal);

    /// <summary>Tells of every change in a namespace.</summary>
    public void Subscribe(Action<string> onChange)
    {
        quotas.Subscribe(change => onChange(change.Name.Namespace));
        limits.Subscribe(change => onChange(change.Name.Namespace));
        policies.Subscribe(change => onChange(change.Name.Namespace));
        bindings.Subscribe(change => onChange(change.Name.Namespace));
    }

    /// <summary>Completes when the server told what there is.</summary>
    public async Task WaitForFirstAnswerAsync(CancellationToken cancellationToken)
    {
        foreach (var cache in (IWatchCacheStatus[])[quotas, limits, policies, bindings])
            await cache.WaitForFirstAnswerAsync(cancellationToken);
    }
}
