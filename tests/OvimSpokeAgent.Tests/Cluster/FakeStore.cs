using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;
using OvimSpokeAgent.Cluster;

namespace OvimSpokeAgent.Tests.Cluster;

/// <summary>The database behind <see cref="FakeKubernetesApi"/>: objects, their history, and who follows it.</summary>
internal sealed class FakeStore(TimeProvider time)
{
    private readonly SortedDictionary<string, (ResourceKind Kind, NamespacedName Name, JsonObject Object)> _objects =
        new(StringComparer.Ordinal);

    private readonly List<FakeChange> _history = [];
    private readonly List<FakeWatch> _followers = [];
    private long _compactedAt;
    private int _uids;

    public long Version { get; private set; } = 100;

    /// <summary>A namespace that is deleted stays, as for the real one, until its controller removes it.</summary>
    public bool HasNamespaceController { get; set; }

    /// <summary>Told of every change.</summary>
    public Action<FakeChange> Changed { get; set; } = _ => { };

    public static NamespacedName NameOf(JsonObject body) =>
        new((string?)body["metadata"]?["namespace"] ?? "", (string?)body["metadata"]?["name"] ?? "");

    /// <summary>An object as the agent reads it.</summary>
    public static ReadObject<T> Read<T>(JsonObject item, JsonTypeInfo<T> type)
        where T : class, IKubernetesObject
    {
        var reader = new Utf8JsonReader(Encoding.UTF8.GetBytes(item.ToJsonString()), ObjectJson.Options);
        reader.Read();
        return ObjectJson.Read(reader, type);
    }

    public JsonObject? Find(ResourceKind kind, NamespacedName name) =>
        _objects.TryGetValue(Key(kind, name), out var found) ? found.Object.DeepClone().AsObject() : null;

    public IEnumerable<JsonObject> All() => _objects.Values.Select(item => item.Object.DeepClone().AsObject());

    public IReadOnlyList<(ResourceKind Kind, NamespacedName Name)> In(string ns) =>
        [.. _objects.Values.Where(item => item.Name.Namespace == ns).Select(item => (item.Kind, item.Name))];

    public JsonObject Create(ResourceKind kind, NamespacedName name, JsonObject body)
    {
        var created = body.DeepClone().AsObject();
        var metadata = created["metadata"]?.AsObject() ?? [];
        created["metadata"] = metadata;
        metadata["name"] = name.Name;
        if (name.Namespace.Length > 0) metadata["namespace"] = name.Namespace;
        metadata["uid"] ??= new Guid(++_uids, 0, 0, new byte[8]).ToString();
        metadata["creationTimestamp"] ??= Now();
        return Put(kind, name, null, created);
    }

    public JsonObject Update(ResourceKind kind, NamespacedName name, Action<JsonObject> change)
    {
        var before = _objects[Key(kind, name)].Object;
        var after = before.DeepClone().AsObject();
        change(after);
        var isLetGo = after["metadata"]!["deletionTimestamp"] is not null && !IsHeld(kind, after);
        return isLetGo ? Remove(kind, name) : Put(kind, name, before, after);
    }

    /// <summary>Deletes, or marks for deletion while there are finalizers.</summary>
    public JsonObject Delete(ResourceKind kind, NamespacedName name)
    {
        var existing = _objects[Key(kind, name)].Object;
        if (!IsHeld(kind, existing)) return Remove(kind, name);
        return existing["metadata"]!["deletionTimestamp"] is not null
            ? existing
            : Update(kind, name, item => item["metadata"]!["deletionTimestamp"] = Now());
    }

    public JsonObject Remove(ResourceKind kind, NamespacedName name)
    {
        _objects.Remove(Key(kind, name), out var removed);
        var last = removed.Object.DeepClone().AsObject();
        Record(new FakeChange(kind, name, removed.Object, null, Stamp(last), last));
        if (kind == KubernetesKinds.Namespace)
        {
            foreach (var (content, contentName) in In(name.Name)) Remove(content, contentName);
        }
        return last;
    }

    public void Compact()
    {
        _compactedAt = Version;
        _history.Clear();
    }

    public (IReadOnlyList<JsonObject> Items, string ResourceVersion, string? Continue) List(
        ResourceKind kind, string ns, ListQuery query, int? maxPage)
    {
        var (version, from) = (Version, 0);
        if (query.Continue is { } token)
        {
            var parts = token.Split(':');
            (version, from) = (long.Parse(parts[0], CultureInfo.InvariantCulture), int.Parse(parts[1], CultureInfo.InvariantCulture));
            if (version < _compactedAt) throw Expired("the provided continue parameter is too old");
        }
        var all = _objects.Values
            .Where(item => item.Kind == kind && Matches(item.Object, item.Name, ns, query.LabelSelector))
            .Select(item => item.Object.DeepClone().AsObject())
            .ToList();
        var size = Math.Min(query.Limit ?? int.MaxValue, maxPage ?? int.MaxValue);
        var items = all.Skip(from).Take(size).ToList();
        var next = from + items.Count < all.Count
            ? string.Create(CultureInfo.InvariantCulture, $"{version}:{from + items.Count}")
            : null;
        return (items, Text(version), next);
    }

    public IReadOnlyList<NamespacedName> Names(ResourceKind kind, string ns, string labelSelector) =>
    [
        .. _objects.Values.Where(item => item.Kind == kind && Matches(item.Object, item.Name, ns, labelSelector))
            .Select(item => item.Name),
    ];

    /// <summary>Sends what happened since a version, and all that happens from now on.</summary>
    public void Follow(FakeWatch watch, string? since)
    {
        var version = string.IsNullOrEmpty(since) ? Version : long.Parse(since, CultureInfo.InvariantCulture);
        if (version < _compactedAt) throw Expired($"too old resource version: {version} ({_compactedAt})");
        foreach (var change in _history.Where(change => change.Version > version)) watch.Send(change);
        _followers.RemoveAll(old => old.IsEnded);
        _followers.Add(watch);
    }

    public static bool Matches(JsonObject? item, NamespacedName name, string ns, string? labelSelector)
    {
        if (item is null || (ns.Length > 0 && name.Namespace != ns)) return false;
        return labelSelector is null || Selects(labelSelector, item["metadata"]?["labels"] as JsonObject);
    }

    // One requirement: key, key=value or key in (a,b).
    private static bool Selects(string selector, JsonObject? labels)
    {
        var parts = selector.Split([" in (", "="], StringSplitOptions.None);
        var value = (string?)labels?[parts[0]];
        return value is not null && (parts.Length == 1 || parts[1].TrimEnd(')').Split(',').Contains(value));
    }

    /// <summary>As a client gets it: numbers have no type of their own.</summary>
    public static JsonObject OnTheWire(JsonObject item) => JsonNode.Parse(item.ToJsonString())!.AsObject();

    /// <summary>RFC 7386.</summary>
    public static void Merge(JsonObject target, JsonObject patch)
    {
        foreach (var (key, value) in patch)
        {
            if (value is null)
            {
                target.Remove(key);
            }
            else if (value is JsonObject inner)
            {
                if (target[key] is not JsonObject existing) target[key] = existing = [];
                Merge(existing, inner);
            }
            else
            {
                target[key] = value.DeepClone();
            }
        }
    }

    private JsonObject Put(ResourceKind kind, NamespacedName name, JsonObject? before, JsonObject after)
    {
        var version = Stamp(after);
        after = OnTheWire(after);
        _objects[Key(kind, name)] = (kind, name, after);
        Record(new FakeChange(kind, name, before, after, version, after));
        return after.DeepClone().AsObject();
    }

    private void Record(FakeChange change)
    {
        _history.Add(change);
        foreach (var follower in _followers) follower.Send(change);
        Changed(change);
    }

    private long Stamp(JsonObject item)
    {
        item["metadata"]!["resourceVersion"] = Text(++Version);
        return Version;
    }

    private bool IsHeld(ResourceKind kind, JsonObject item) =>
        item["metadata"]!["finalizers"] is JsonArray { Count: > 0 } || (HasNamespaceController && kind == KubernetesKinds.Namespace);

    private string Now() => time.GetUtcNow().ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    private static string Text(long version) => version.ToString(CultureInfo.InvariantCulture);

    private static string Key(ResourceKind kind, NamespacedName name) => $"{kind}/{name.Namespace}/{name.Name}";

    private static KubernetesApiException Expired(string message) => new(ApiErrorReason.Expired, message);
}

/// <summary>A change of one object: before (null: new), after (null: gone), and the last that is known of it.</summary>
internal sealed record FakeChange(
    ResourceKind Kind, NamespacedName Name, JsonObject? Before, JsonObject? After, long Version, JsonObject Last);
