using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json.Nodes;

namespace KubernetesSandbox.Cluster;

/// <summary>A change of the store.</summary>
/// <param name="Version">The version it made.</param>
/// <param name="Previous">What was there; null: nothing.</param>
/// <param name="Current">What is there now; null: nothing.</param>
internal sealed record StoreEvent(long Version, StoredObject? Previous, StoredObject? Current)
{
    private StoredObject? _last;

    public GroupResource Resource => Object.Resource;

    /// <summary>The object as it is now, or as it was last, then at <see cref="Version"/>.</summary>
    public StoredObject Object => Current ?? Last;

    /// <summary><see cref="Previous"/> as of this event: what a watch shows of an object that it no longer sees.</summary>
    public StoredObject Last => _last ??= Previous!.AsOf(Version);
}

/// <summary>A collection at one version.</summary>
internal sealed record Snapshot(ImmutableSortedDictionary<ObjectKey, StoredObject> Objects, long Version);

/// <summary>
/// All objects, under one version that every write raises, with the latest changes in order. Writes compare and swap, so
/// nothing but the exchange itself happens under the lock.
/// </summary>
internal sealed class ObjectStore(int historyLimit)
{
    private static readonly ImmutableSortedDictionary<ObjectKey, StoredObject> Nothing =
        ImmutableSortedDictionary<ObjectKey, StoredObject>.Empty;

    private readonly Lock _lock = new();
    private readonly Dictionary<GroupResource, ImmutableSortedDictionary<ObjectKey, StoredObject>> _objects = [];
    private readonly List<StoreEvent> _history = [];
    private ImmutableList<StoreSubscription> _subscriptions = [];
    private long _version;
    private long _compacted;

    /// <summary>Set after every change.</summary>
    public ChangeSignal Changed { get; } = new();

    public long Version
    {
        get
        {
            lock (_lock) return _version;
        }
    }

    public StoredObject? Get(GroupResource resource, ObjectKey key)
    {
        lock (_lock) return _objects.GetValueOrDefault(resource, Nothing).GetValueOrDefault(key);
    }

    public Snapshot Read(GroupResource resource)
    {
        lock (_lock) return new(_objects.GetValueOrDefault(resource, Nothing), _version);
    }

    /// <summary>The collection as it was; null if that is forgotten.</summary>
    public Snapshot? ReadAt(GroupResource resource, long version)
    {
        lock (_lock)
        {
            if (version < _compacted || version > _version) return null;
            var objects = _objects.GetValueOrDefault(resource, Nothing).ToBuilder();
            for (var i = _history.Count - 1; i >= 0 && _history[i].Version > version; i--)
            {
                var change = _history[i];
                if (change.Resource != resource) continue;
                if (change.Previous is { } before) objects[before.Key] = before;
                else objects.Remove(change.Object.Key);
            }
            return new(objects.ToImmutable(), version);
        }
    }

    /// <summary>Puts <paramref name="content"/>, which the store then owns, where <paramref name="expected"/> is.</summary>
    /// <param name="guard">Runs under the lock; what it throws refuses the write.</param>
    /// <returns>Null if something else is there by now.</returns>
    public StoredObject? TryPut(
        GroupResource resource, ObjectKey key, StoredObject? expected, JsonObject content, Action? guard = null)
    {
        StoredObject put;
        lock (_lock)
        {
            var all = _objects.GetValueOrDefault(resource, Nothing);
            if (all.GetValueOrDefault(key) != expected) return null;
            guard?.Invoke();
            content.Metadata()["resourceVersion"] = (++_version).ToString(CultureInfo.InvariantCulture);
            put = new StoredObject(resource, key, _version, content);
            _objects[resource] = all.SetItem(key, put);
            Record(new StoreEvent(_version, expected, put));
        }
        Changed.Set();
        return put;
    }

    /// <returns>Whether <paramref name="expected"/> was still there.</returns>
    public bool TryRemove(StoredObject expected)
    {
        lock (_lock)
        {
            var all = _objects.GetValueOrDefault(expected.Resource, Nothing);
            if (all.GetValueOrDefault(expected.Key) != expected) return false;
            _version++;
            _objects[expected.Resource] = all.Remove(expected.Key);
            Record(new StoreEvent(_version, expected, null));
        }
        Changed.Set();
        return true;
    }

    /// <summary>The changes from now on, with what is there now.</summary>
    public (StoreSubscription? Changes, Snapshot? Now) Subscribe(GroupResource resource)
    {
        lock (_lock) return (Add(resource), new(_objects.GetValueOrDefault(resource, Nothing), _version));
    }

    /// <summary>The changes of all kinds from the first one on.</summary>
    public StoreSubscription SubscribeToAll()
    {
        lock (_lock)
        {
            var subscription = Add(null);
            foreach (var change in _history) subscription.Tell(change);
            return subscription;
        }
    }

    /// <summary>The changes after a version; null if some of them are forgotten.</summary>
    public StoreSubscription? SubscribeAfter(GroupResource resource, long version)
    {
        lock (_lock)
        {
            if (version < _compacted) return null;
            var subscription = Add(resource);
            var first = _history.FindIndex(change => change.Version > version);
            for (var i = first; i >= 0 && i < _history.Count; i++) subscription.Tell(_history[i]);
            return subscription;
        }
    }

    /// <summary>Puts a mark behind what a subscriber was told so far.</summary>
    public void Mark(StoreSubscription subscription)
    {
        lock (_lock) subscription.Mark(_version);
    }

    /// <summary>Ends the subscriptions to a kind that is gone.</summary>
    public void EndSubscriptions(GroupResource resource)
    {
        lock (_lock)
        {
            foreach (var subscription in _subscriptions.Where(one => one.Resource == resource)) subscription.End();
        }
    }

    /// <summary>Forgets all changes so far: watches and continuations from before are too old from now on.</summary>
    public void Compact()
    {
        lock (_lock)
        {
            _compacted = _version;
            _history.Clear();
        }
    }

    private StoreSubscription Add(GroupResource? resource)
    {
        var subscription = new StoreSubscription(resource, Remove);
        _subscriptions = _subscriptions.Add(subscription);
        return subscription;
    }

    private void Remove(StoreSubscription subscription)
    {
        lock (_lock) _subscriptions = _subscriptions.Remove(subscription);
    }

    private void Record(StoreEvent change)
    {
        _history.Add(change);
        if (_history.Count > 2 * historyLimit)
        {
            var dropped = _history.Count - historyLimit;
            _compacted = _history[dropped - 1].Version;
            _history.RemoveRange(0, dropped);
        }
        foreach (var subscription in _subscriptions) subscription.Tell(change);
    }
}
