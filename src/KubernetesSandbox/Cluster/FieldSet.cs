using System.Text.Json;
using System.Text.Json.Nodes;

namespace KubernetesSandbox.Cluster;

/// <summary>
/// A set of an object's fields, as <c>managedFields</c> has it (FieldsV1): keys are <c>f:NAME</c> for a field,
/// <c>k:{…}</c> for the item of a list with these keys, <c>v:…</c> for a scalar of a list.
/// </summary>
internal sealed class FieldSet
{
    private const string Self = ".";

    private readonly SortedDictionary<string, FieldSet> _children = new(StringComparer.Ordinal);

    /// <summary>Whether this very field is in the set, not only something below it.</summary>
    public bool IsMember { get; set; }

    public IReadOnlyDictionary<string, FieldSet> Children => _children;

    public bool IsEmpty => !IsMember && _children.Count == 0;

    public FieldSet? Child(string key) => _children.GetValueOrDefault(key);

    public FieldSet Add(string key)
    {
        if (!_children.TryGetValue(key, out var child)) _children[key] = child = new();
        return child;
    }

    public void Put(string key, FieldSet child)
    {
        if (child.IsEmpty) _children.Remove(key);
        else _children[key] = child;
    }

    public FieldSet Union(FieldSet? other) => Combine(other, static (a, b) => a || b);

    public FieldSet Except(FieldSet? other) => Combine(other, static (a, b) => a && !b);

    public FieldSet Intersect(FieldSet? other) => Combine(other, static (a, b) => a && b);

    public bool SetEquals(FieldSet other) => Except(other).IsEmpty && other.Except(this).IsEmpty;

    /// <summary>The paths of the members, as messages show them: <c>.spec.containers[name="a"].image</c>.</summary>
    public IEnumerable<string> Paths(string prefix = "")
    {
        if (IsMember) yield return prefix;
        foreach (var (key, child) in _children)
        {
            foreach (var path in child.Paths(prefix + Show(key))) yield return path;
        }
    }

    public JsonObject ToJson()
    {
        var json = new JsonObject();
        if (IsMember && _children.Count > 0) json[Self] = new JsonObject();
        foreach (var (key, child) in _children) json[key] = child.ToJson();
        return json;
    }

    public static FieldSet FromJson(JsonObject? json, bool isRoot = true)
    {
        var set = new FieldSet { IsMember = !isRoot && (json is null || json.Count == 0 || json.ContainsKey(Self)) };
        foreach (var (key, child) in json ?? [])
        {
            if (IsKey(key)) set._children[key] = FromJson(child as JsonObject, isRoot: false);
        }
        return set;
    }

    private FieldSet Combine(FieldSet? other, Func<bool, bool, bool> isIn)
    {
        var result = new FieldSet { IsMember = isIn(IsMember, other?.IsMember ?? false) };
        foreach (var key in _children.Keys.Union(other?._children.Keys ?? Enumerable.Empty<string>()))
            result.Put(key, (Child(key) ?? new()).Combine(other?.Child(key), isIn));
        return result;
    }

    /// <summary>Others are passed over: clients may send anything.</summary>
    private static bool IsKey(string key)
    {
        if (key.StartsWith("f:", StringComparison.Ordinal) || key.StartsWith("v:", StringComparison.Ordinal)) return true;
        if (!key.StartsWith("k:", StringComparison.Ordinal)) return false;
        try
        {
            return JsonNode.Parse(key[2..]) is JsonObject;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private static string Show(string key) => key[..2] switch
    {
        "f:" => "." + key[2..],
        "v:" => $"[={key[2..]}]",
        _ => $"[{string.Join(",", JsonNode.Parse(key[2..])!.AsObject().Select(pair => $"{pair.Key}={pair.Value.ToText()}"))}]",
    };
}
