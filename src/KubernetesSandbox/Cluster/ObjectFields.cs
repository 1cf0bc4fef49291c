using System.Text.Json.Nodes;

namespace KubernetesSandbox.Cluster;

/// <summary>What is different between two versions of an object.</summary>
/// <param name="Changed">Fields that are new or have another value.</param>
/// <param name="Removed">Fields that are no longer there.</param>
internal sealed record FieldChanges(FieldSet Changed, FieldSet Removed);

/// <summary>Which fields objects have, and in which they differ.</summary>
internal static class ObjectFields
{
    // These nobody owns.
    private static readonly string[] Unowned =
    [
        "name", "namespace", "creationTimestamp", "selfLink", "uid", "clusterName", "generation", "managedFields",
        "resourceVersion", "deletionTimestamp", "deletionGracePeriodSeconds",
    ];

    public static FieldSet Of(JsonObject content, FieldSchema schema)
    {
        var set = new FieldSet();
        Collect(Owned(content), schema, set);
        return set;
    }

    public static FieldChanges Compare(JsonObject before, JsonObject after, FieldSchema schema)
    {
        var changes = new FieldChanges(new(), new());
        Compare(Owned(before), Owned(after), schema, changes.Changed, changes.Removed);
        return changes;
    }

    /// <summary>The key of a list's item in a <see cref="FieldSet"/>.</summary>
    public static string KeyOf(JsonNode? item, FieldSchema list)
    {
        if (list.Shape == ListShape.Set) return "v:" + item.ToText();
        // A missing protocol is the default one.
        var keys = list.Keys.Order(StringComparer.Ordinal).Select(key => KeyValuePair.Create(
            key, item.At(key)?.DeepClone() ?? (key == "protocol" ? JsonValue.Create("TCP") : null)));
        return "k:" + new JsonObject(keys).ToText();
    }

    private static JsonObject Owned(JsonObject content)
    {
        var copy = content.Copy();
        copy.Remove("apiVersion");
        copy.Remove("kind");
        if (copy["metadata"] is not JsonObject metadata) return copy;
        foreach (var field in Unowned) metadata.Remove(field);
        if (metadata.Count == 0) copy.Remove("metadata");
        return copy;
    }

    private static void Collect(JsonNode? value, FieldSchema schema, FieldSet set)
    {
        switch (value)
        {
            case JsonObject { Count: > 0 } map when !schema.IsAtomicMap:
                foreach (var (name, field) in map) Collect(field, schema.Field(name), set.Add("f:" + name));
                break;
            case JsonArray list when schema.Shape != ListShape.Atomic:
                foreach (var item in list)
                {
                    var child = set.Add(KeyOf(item, schema));
                    if (item is JsonObject) Collect(item, schema.Items, child);
                    child.IsMember = true;
                }
                break;
            default:
                set.IsMember = true;
                break;
        }
    }

    private static void Compare(JsonNode? before, JsonNode? after, FieldSchema schema, FieldSet changed, FieldSet removed)
    {
        if (before is JsonObject oldMap && after is JsonObject newMap && !schema.IsAtomicMap)
        {
            foreach (var (name, field) in newMap)
                Compare(oldMap.ContainsKey(name), oldMap[name], field, schema.Field(name), changed, removed, "f:" + name);
            foreach (var (name, field) in oldMap)
            {
                if (!newMap.ContainsKey(name)) CollectAt(removed, "f:" + name, field, schema.Field(name));
            }
        }
        else if (before is JsonArray oldList && after is JsonArray newList && schema.Shape != ListShape.Atomic)
        {
            var old = oldList.ToLookup(item => KeyOf(item, schema));
            var now = newList.ToLookup(item => KeyOf(item, schema));
            foreach (var items in now)
                Compare(old.Contains(items.Key), old[items.Key].FirstOrDefault(), items.First(), schema.Items, changed, removed, items.Key);
            foreach (var items in old.Where(items => !now.Contains(items.Key)))
            {
                CollectAt(removed, items.Key, items.First(), schema.Items);
                removed.Add(items.Key).IsMember = true;
            }
        }
        else if (!JsonNode.DeepEquals(before, after))
        {
            Collect(after, schema, changed);
        }
    }

    private static void Compare(
        bool wasThere, JsonNode? before, JsonNode? after, FieldSchema schema, FieldSet changed, FieldSet removed, string key)
    {
        if (!wasThere)
        {
            CollectAt(changed, key, after, schema);
            if (key[0] != 'f') changed.Add(key).IsMember = true;
            return;
        }
        var (below, gone) = (new FieldSet(), new FieldSet());
        Compare(before, after, schema, below, gone);
        changed.Put(key, below);
        removed.Put(key, gone);
    }

    private static void CollectAt(FieldSet set, string key, JsonNode? value, FieldSchema schema) =>
        Collect(value, schema, set.Add(key));
}
