using System.Collections.Concurrent;
using System.Collections.Immutable;
using OvimSpokeAgent.Supervision;

namespace OvimSpokeAgent.Cluster;

/// <summary>
/// The items of a cache, and who is told of their changes. Read by anyone, changed by one loop alone. A subscriber that throws
/// costs neither the cache nor the others anything.
/// </summary>
internal sealed class CachedItems<TItem>(ObjectGuard told)
    where TItem : class
{
    private readonly ConcurrentDictionary<NamespacedName, CachedItem<TItem>> _items = [];
    private readonly Dictionary<string, HashSet<NamespacedName>> _namesByNamespace = []; // locked
    private readonly AsyncSignal _changed = new();
    private ImmutableList<Action<CacheChange<TItem>>> _subscribers = [];

    public int Count => _items.Count;

    public ICollection<NamespacedName> Names => _items.Keys;

    /// <summary>Completes as soon as a condition holds, which is asked now and after each change.</summary>
    public Task WaitUntilAsync(Func<bool> condition, CancellationToken cancellationToken) =>
        _changed.WaitUntilAsync(condition, cancellationToken);

    /// <summary>A snapshot of all items.</summary>
    public ICollection<TItem> All => [.. _items.Select(pair => pair.Value.Item)];

    /// <summary>The items of one namespace.</summary>
    public IReadOnlyList<TItem> In(string ns)
    {
        NamespacedName[] names;
        lock (_namesByNamespace) names = _namesByNamespace.TryGetValue(ns, out var found) ? [.. found] : [];
        return [.. names.Select(name => _items.GetValueOrDefault(name)?.Item).OfType<TItem>()];
    }

    public CachedItem<TItem>? Get(NamespacedName name) => _items.GetValueOrDefault(name);

    /// <summary>Calls back for every change, on the loop that makes it. Dispose to end it.</summary>
    public IDisposable Subscribe(Action<CacheChange<TItem>> onChange)
    {
        ImmutableInterlocked.Update(ref _subscribers, list => list.Add(onChange));
        return new Subscription(() => ImmutableInterlocked.Update(ref _subscribers, list => list.Remove(onChange)));
    }

    /// <summary>Sets an item; null removes it.</summary>
    public void Put(NamespacedName name, CachedItem<TItem>? item)
    {
        if (item is null)
        {
            Remove(name);
            return;
        }
        var old = _items.GetValueOrDefault(name);
        _items[name] = item;
        if (old is null) Index(name);
        if (!item.Item.Equals(old?.Item)) Notify(new CacheChange<TItem>(name, old?.Item, item.Item));
    }

    public void Remove(NamespacedName name)
    {
        if (!_items.TryRemove(name, out var old)) return;
        Unindex(name);
        Notify(new CacheChange<TItem>(name, old.Item, null));
    }

    /// <summary>Wakes who waits for a change.</summary>
    public void Wake() => _changed.Set();

    private void Index(NamespacedName name)
    {
        lock (_namesByNamespace)
        {
            if (!_namesByNamespace.TryGetValue(name.Namespace, out var names)) _namesByNamespace[name.Namespace] = names = [];
            names.Add(name);
        }
    }

    private void Unindex(NamespacedName name)
    {
        lock (_namesByNamespace)
        {
            var names = _namesByNamespace[name.Namespace];
            names.Remove(name);
            if (names.Count == 0) _namesByNamespace.Remove(name.Namespace);
        }
    }

    private void Notify(CacheChange<TItem> change)
    {
        told.RunAll(change.Name, _subscribers.Select(subscriber => (Action)(() => subscriber(change))));
        _changed.Set();
    }

    private sealed class Subscription(Action end) : IDisposable
    {
        public void Dispose() => end();
    }
}

/// <summary>An item and the version of the object it was made of.</summary>
internal sealed record CachedItem<TItem>(string Version, TItem Item);
