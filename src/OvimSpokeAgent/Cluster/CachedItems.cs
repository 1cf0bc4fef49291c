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
    private readonly AsyncSignal _changed = new();
    private ImmutableList<Action<CacheChange<TItem>>> _subscribers = [];

    public int Count => _items.Count;

    public ICollection<NamespacedName> Names => _items.Keys;

    /// <summary>Completes with the next change.</summary>
    public Task NextChange => _changed.Next;

    /// <summary>A snapshot of all items.</summary>
    public ICollection<TItem> All => [.. _items.Select(pair => pair.Value.Item)];

    /// <summary>The items of one namespace.</summary>
    public IEnumerable<TItem> In(string ns) => _items.Where(pair => pair.Key.Namespace == ns).Select(pair => pair.Value.Item);

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
        if (!item.Item.Equals(old?.Item)) Notify(new CacheChange<TItem>(name, old?.Item, item.Item));
    }

    public void Remove(NamespacedName name)
    {
        if (_items.TryRemove(name, out var old)) Notify(new CacheChange<TItem>(name, old.Item, null));
    }

    /// <summary>Wakes who waits for a change.</summary>
    public void Wake() => _changed.Set();

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
