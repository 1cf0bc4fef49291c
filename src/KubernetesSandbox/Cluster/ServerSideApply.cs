using System.Text.Json.Nodes;

namespace KubernetesSandbox.Cluster;

/// <summary>
/// Server-side apply: what the applier gives is merged into the object; what it gave before, gives no longer, and nobody else
/// owns goes away; a field that another manager owns with another value is a conflict unless forced.
/// </summary>
internal static class ServerSideApply
{
    /// <summary>The object as applied, with its <c>managedFields</c>; the arguments are not changed.</summary>
    /// <param name="live">The object as it is; empty if there is none.</param>
    /// <param name="applied">What the applier gives.</param>
    /// <param name="schema">How the kind's fields are shared.</param>
    /// <param name="applier">The applier; its fields are set here.</param>
    /// <param name="isForced">Takes fields over instead of failing.</param>
    /// <exception cref="ApiException">409: another manager owns fields that would change.</exception>
    public static JsonObject Apply(
        JsonObject live, JsonObject applied, FieldSchema schema, FieldManagers.Entry applier, bool isForced)
    {
        var managers = FieldManagers.Of(live);
        var merged = Merge(live, applied, schema)!.AsObject();
        merged.Metadata().Remove("managedFields");
        var conflicts = Conflicts(managers, ObjectFields.Compare(live, merged, schema).Changed, applier);
        if (conflicts.Count > 0 && !isForced) throw Conflict(conflicts);

        var fields = ObjectFields.Of(applied, schema);
        var before = managers.Find(applier)?.Fields ?? new();
        var others = managers.Entries
            .Where(entry => !entry.IsSame(applier))
            .Aggregate(new FieldSet(), (all, entry) => all.Union(entry.Fields));
        Prune(merged, schema, before.Except(fields).Except(others), fields.Union(others));

        var changes = ObjectFields.Compare(live, merged, schema);
        managers.TakeFromOthers(applier, changes.Changed.Union(changes.Removed));
        managers.Set(applier with { Fields = fields });
        managers.WriteTo(merged);
        return merged;
    }

    private static JsonNode? Merge(JsonNode? live, JsonNode? applied, FieldSchema schema) => (live, applied) switch
    {
        (JsonObject from, JsonObject to) when !schema.IsAtomicMap => MergeMaps(from, to, schema),
        (JsonArray from, JsonArray to) when schema.Shape != ListShape.Atomic => MergeLists(from, to, schema),
        _ => applied?.DeepClone(),
    };

    private static JsonObject MergeMaps(JsonObject live, JsonObject applied, FieldSchema schema)
    {
        var merged = live.Copy();
        foreach (var (name, value) in applied) merged[name] = Merge(live[name], value, schema.Field(name));
        return merged;
    }

    /// <summary>
    /// All items of both lists: the applied ones in their order, the others as early as their place in the live list allows.
    /// </summary>
    private static JsonArray MergeLists(JsonArray live, JsonArray applied, FieldSchema schema)
    {
        string KeyOf(JsonNode? item) => ObjectFields.KeyOf(item, schema);
        var liveItems = live.ToLookup(KeyOf);
        var appliedKeys = applied.Select(KeyOf).ToHashSet();
        var shared = new Queue<string>(applied.Select(KeyOf).Distinct().Where(liveItems.Contains));
        var left = new Queue<JsonNode?>(live);
        var merged = new JsonArray();
        foreach (var item in applied)
        {
            var key = KeyOf(item);
            TakeUntil(shared.TryPeek(out var meeting) ? meeting : null);
            if (key == meeting)
            {
                shared.Dequeue();
                left.TryDequeue(out _);
            }
            merged.Add(liveItems.Contains(key) ? Merge(liveItems[key].First(), item, schema.Items) : item?.DeepClone());
        }
        TakeUntil(null);
        return merged;

        void TakeUntil(string? meeting)
        {
            while (left.TryPeek(out var next) && KeyOf(next) != meeting)
            {
                left.Dequeue();
                if (!appliedKeys.Contains(KeyOf(next))) merged.Add(next?.DeepClone());
            }
        }
    }

    /// <summary>Removes fields; an item of a list goes as a whole if nobody owns anything of it.</summary>
    private static void Prune(JsonNode? value, FieldSchema schema, FieldSet remove, FieldSet owned)
    {
        if (value is JsonObject map)
        {
            foreach (var (key, child) in remove.Children)
            {
                var name = key[2..];
                if (!map.TryGetPropertyValue(name, out var field)) continue;
                if (child.IsMember && owned.Child(key) is null)
                {
                    map.Remove(name);
                    continue;
                }
                Prune(field, schema.Field(name), child, owned.Child(key) ?? new());
                if (field is JsonObject { Count: 0 } or JsonArray { Count: 0 }) map.Remove(name);
            }
        }
        else if (value is JsonArray list)
        {
            foreach (var item in list.ToList())
            {
                var key = ObjectFields.KeyOf(item, schema);
                if (remove.Child(key) is not { } child) continue;
                if (child.IsMember && owned.Child(key) is null)
                {
                    list.Remove(item);
                    continue;
                }
                foreach (var name in schema.Keys) child.Put("f:" + name, new()); // what tells it apart stays
                Prune(item, schema.Items, child, owned.Child(key) ?? new());
            }
        }
    }

    private static List<(FieldManagers.Entry Manager, FieldSet Fields)> Conflicts(
        FieldManagers managers, FieldSet changed, FieldManagers.Entry applier) =>
        [.. managers.Entries
            .Where(entry => !entry.IsSame(applier))
            .Select(entry => (entry, entry.Fields.Intersect(changed)))
            .Where(pair => !pair.Item2.IsEmpty)];

    private static ApiException Conflict(List<(FieldManagers.Entry Manager, FieldSet Fields)> conflicts)
    {
        var all = conflicts
            .SelectMany(conflict => conflict.Fields.Paths().Select(path => (conflict.Manager.Name, Path: path)))
            .ToList();
        var message = all.Count == 1
            ? $"Apply failed with 1 conflict: conflict with {all[0].Name}: {all[0].Path}"
            : $"Apply failed with {all.Count} conflicts: " + string.Join(
                "\n",
                all.GroupBy(one => one.Name, one => one.Path)
                    .Select(group => $"conflicts with {group.Key}:\n{string.Join("\n", group.Select(path => $"- {path}"))}"));
        return new ApiException(409, "Conflict", message, new JsonObject
        {
            ["causes"] = new JsonArray([.. all.Select(one => new JsonObject
            {
                ["reason"] = "FieldManagerConflict",
                ["message"] = $"conflict with {one.Name}",
                ["field"] = one.Path,
            })]),
        });
    }
}
