using System.Runtime.CompilerServices;
using System.Text.Json.Nodes;

namespace KubernetesSandbox.Cluster;

/// <summary>What the items of a list are to those who change it together.</summary>
internal enum ListShape
{
    /// <summary>One value: who changes an item changes the list.</summary>
    Atomic,

    /// <summary>Scalars, each of which is there or not.</summary>
    Set,

    /// <summary>Objects told apart by keys.</summary>
    Map,
}

/// <summary>
/// How a field is shared between those who write it. What no schema says is as Kubernetes takes it: objects are shared field
/// by field, lists are atomic.
/// </summary>
internal sealed class FieldSchema
{
    public static readonly FieldSchema Unknown = new();

    private static readonly ConditionalWeakTable<ResourceKind, FieldSchema> OfKinds = [];

    private readonly Dictionary<string, FieldSchema> _fields = [];
    private FieldSchema? _values;
    private FieldSchema? _items;

    /// <summary>Of a list; for any other value without meaning.</summary>
    public ListShape Shape { get; private set; }

    /// <summary>What tells the items of a <see cref="ListShape.Map"/> apart; the first alone in strategic merge patches.</summary>
    public IReadOnlyList<string> Keys { get; private set; } = [];

    /// <summary>Of an object: changed only as a whole.</summary>
    public bool IsAtomicMap { get; private set; }

    public FieldSchema Items => _items ?? Unknown;

    public FieldSchema Field(string name) => _fields.GetValueOrDefault(name) ?? _values ?? Unknown;

    public static FieldSchema Of(ResourceKind kind) => OfKinds.GetValue(kind, Make);

    private static FieldSchema Make(ResourceKind kind)
    {
        var root = kind.Schema is null ? new FieldSchema() : FromOpenApi(kind.Schema);
        foreach (var list in SharedLists.OfAllKinds) root.Add(list);
        if (!kind.IsCustom)
        {
            foreach (var list in SharedLists.Of(kind.Resource)) root.Add(list);
        }
        return root;
    }

    private void Add(SharedList list)
    {
        var at = this;
        foreach (var part in list.Path.Split('.'))
        {
            at = part == "[]" ? at._items ??= new() : at.MakeField(part);
        }
        (at.Shape, at.Keys) = (list.Keys.Length == 0 ? ListShape.Set : ListShape.Map, list.Keys);
    }

    private FieldSchema MakeField(string name)
    {
        if (!_fields.TryGetValue(name, out var field)) _fields[name] = field = new();
        return field;
    }

    private static FieldSchema FromOpenApi(JsonNode? schema)
    {
        var made = new FieldSchema { IsAtomicMap = schema.Text("x-kubernetes-map-type") == "atomic" };
        made.Shape = schema.Text("x-kubernetes-list-type") switch
        {
            "set" => ListShape.Set,
            "map" => ListShape.Map,
            _ => ListShape.Atomic,
        };
        made.Keys = [.. schema.Items("x-kubernetes-list-map-keys").Texts()];
        foreach (var (name, field) in schema.Map("properties") ?? []) made._fields[name] = FromOpenApi(field);
        if (schema.Map("additionalProperties") is { } values) made._values = FromOpenApi(values);
        if (schema.Map("items") is { } items) made._items = FromOpenApi(items);
        return made;
    }
}
