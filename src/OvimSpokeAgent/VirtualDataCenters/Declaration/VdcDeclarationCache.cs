using System.Collections.Concurrent;
using OvimSpokeAgent.Cluster;

namespace OvimSpokeAgent.VirtualDataCenters;

/// <summary>The managed namespaces with what is declared for them, from the cache; each text is parsed once.</summary>
internal sealed class VdcDeclarationCache(WatchCache<NamespaceObject, ManagedNamespace> cache, ManagedNamespaces managed)
{
    private readonly ConcurrentDictionary<string, (ManagedNamespace Source, DeclaredNamespace Parsed)> _parsed = [];
    private readonly ConcurrentDictionary<string, bool> _deleted = [];

    /// <summary>Whether the namespace is being deleted: nothing new is made in it.</summary>
    public bool IsBeingDeleted(string ns) => HasDeleter(ns) || Get(ns) is { IsBeingDeleted: true };

    /// <summary>Whether an operation deletes the namespace just now.</summary>
    public bool HasDeleter(string ns) => _deleted.ContainsKey(ns);

    /// <summary>Says that an operation deletes the namespace, or no longer does.</summary>
    public void SetDeleter(string ns, bool hasDeleter)
    {
        if (hasDeleter) _deleted[ns] = true;
        else _deleted.TryRemove(ns, out _);
    }

    /// <summary>All managed namespaces, by name.</summary>
    public IEnumerable<DeclaredNamespace> All()
    {
        // Where nobody asks for those that are gone: on standby.
        foreach (var gone in _parsed.Keys.Where(ns => cache.Get(NamespacedName.ClusterScoped(ns)) is null)) _parsed.TryRemove(gone, out _);
        return cache.Items.OrderBy(item => item.Name, StringComparer.Ordinal).Select(item => Get(item.Name)).OfType<DeclaredNamespace>();
    }

    /// <summary>All VDCs, by namespace.</summary>
    public IReadOnlyList<DeclaredNamespace> Vdcs() => [.. All().Where(ns => ns.IsVdc)];

    /// <summary>The managed namespace of this name, or null.</summary>
    public DeclaredNamespace? Get(string ns)
    {
        if (managed.IsProtected(ns) || cache.Get(NamespacedName.ClusterScoped(ns)) is not { } item)
        {
            _parsed.TryRemove(ns, out _);
            return null;
        }
        if (_parsed.TryGetValue(ns, out var known) && ReferenceEquals(known.Source, item)) return known.Parsed;
        var parsed = DeclaredNamespace.From(item);
        // Spoilt by hand, it holds as it was until it is declared anew: a tenant must not lose its isolation by that.
        if (known.Parsed is { IsVdc: true } before && before.Uid == parsed.Uid && (!parsed.IsVdc || parsed.Problem is not null))
            parsed = parsed with { IsVdc = true, MadeBy = before.MadeBy, Declaration = before.Declaration };
        _parsed[ns] = (item, parsed);
        return parsed;
    }

    /// <summary>Completes when the cache shows what an operation wrote on a namespace.</summary>
    public Task WaitForOperationAsync(string ns, string key, CancellationToken cancellationToken) => cache.WaitUntilAsync(
        NamespacedName.ClusterScoped(ns),
        item => item?.OwnAnnotations.GetValueOrDefault(WellKnownNames.OperationAnnotation) == key,
        cancellationToken);
}
