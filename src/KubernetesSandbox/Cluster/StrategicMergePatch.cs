using System.Text.Json.Nodes;

namespace KubernetesSandbox.Cluster;

/// <summary>
/// Strategic merge patch: as a merge patch, but lists whose items have keys are merged item by item, and directives
/// (<c>$patch</c>, <c>$retainKeys</c>, <c>$setElementOrder/…</c>, <c>$deleteFromPrimitiveList/…</c>) say what a merge cannot.
/// </summary>
internal static class StrategicMergePatch
{
    private const string Directive = "$patch";
    private const string RetainKeys = "$retainKeys";
    private const string ElementOrder = "$setElementOrder/";
    private const string DeleteFromList = "$deleteFromPrimitiveList/";

    /// <summary>The patched object; neither argument is changed.</summary>
    public static JsonObject Apply(JsonObject target, JsonObject patch, FieldSchema schema)
    {
        switch (patch.Text(Directive))
        {
            case "replace":
                return WithoutDirectives(patch);
            case "delete":
                return [];
        }
        var result = target.Copy();
        if (patch.Items(RetainKeys) is { } retained)
        {
            var names = retained.Texts().ToHashSet();
            foreach (var name in result.Select(field => field.Key).Where(name => !names.Contains(name)).ToList()) result.Remove(name);
        }
        foreach (var (name, _) in patch.Where(field => field.Key.StartsWith(DeleteFromList, StringComparison.Ordinal)))
            DeleteScalars(result, name[DeleteFromList.Length..], patch.Items(name) ?? []);
        foreach (var (name, value) in patch.Where(field => !field.Key.StartsWith('$'))) Set(result, name, value, schema.Field(name));
        foreach (var (name, order) in OrdersOf(patch, schema)) Order(result, name, order, target, schema);
        return result;
    }

    /// <summary>The orders that a patch wishes: said, or by its own list.</summary>
    private static Dictionary<string, JsonArray> OrdersOf(JsonObject patch, FieldSchema schema)
    {
        var orders = new Dictionary<string, JsonArray>();
        foreach (var (name, value) in patch)
        {
            if (value is not JsonArray list) continue;
            if (name.StartsWith(ElementOrder, StringComparison.Ordinal)) orders[name[ElementOrder.Length..]] = list;
            else if (schema.Field(name).Shape != ListShape.Atomic) orders.TryAdd(name, list);
        }
        return orders;
    }

    private static void Set(JsonObject result, string name, JsonNode? value, FieldSchema schema)
    {
        switch (value)
        {
            case null:
                result.Remove(name);
                break;
            case JsonObject map:
                result[name] = Apply(result[name] as JsonObject ?? [], map, schema);
                break;
            case JsonArray list when schema.Shape != ListShape.Atomic:
                result[name] = MergeLists(result[name] as JsonArray ?? [], list, schema);
                break;
            default:
                result[name] = value.DeepClone();
                break;
        }
    }

    private static JsonArray MergeLists(JsonArray target, JsonArray patch, FieldSchema schema)
    {
        if (patch.Any(item => item.Text(Directive) == "replace"))
            return new([.. patch.Where(item => item.At(Directive) is null).Select(item => item?.DeepClone())]);
        var result = target.Select(item => item?.DeepClone()).ToList();
        foreach (var change in patch)
        {
            var at = result.FindIndex(item => IsSame(item, change, schema));
            if (change.Text(Directive) == "delete")
            {
                if (at >= 0) result.RemoveAt(at);
            }
            else if (change is not JsonObject map)
            {
                if (at < 0) result.Add(change?.DeepClone());
            }
            else if (at >= 0)
            {
                result[at] = Apply(result[at]!.AsObject(), map, schema.Items);
            }
            else
            {
                result.Add(Apply([], map, schema.Items));
            }
        }
        return new([.. result]);
    }

    private static void DeleteScalars(JsonObject result, string name, JsonArray values)
    {
        if (result[name] is not JsonArray list) return;
        result[name] = new JsonArray([.. list
            .Where(item => !values.Any(value => JsonNode.DeepEquals(item, value)))
            .Select(item => item?.DeepClone())]);
    }

    /// <summary>Puts the items that the order names into it; the others stay where they were among them.</summary>
    private static void Order(JsonObject result, string name, JsonArray order, JsonObject target, FieldSchema schema)
    {
        if (result[name] is not JsonArray list) return;
        var field = schema.Field(name);
        var before = (target[name] as JsonArray ?? []).ToList();
        int Was(JsonNode? item) => before.FindIndex(one => IsSame(one, item, field));
        var named = new Queue<JsonNode?>(order
            .Select(wanted => list.FirstOrDefault(item => IsSame(item, wanted, field)))
            .Where(item => item is not null));
        var others = new Queue<JsonNode?>(list.Where(item => !order.Any(wanted => IsSame(item, wanted, field))));
        var sorted = new JsonArray();
        while (named.Count + others.Count > 0)
        {
            var takesOther = named.Count == 0
                || (others.Count > 0 && Was(named.Peek()) is >= 0 and var at && Was(others.Peek()) < at);
            sorted.Add((takesOther ? others : named).Dequeue()?.DeepClone());
        }
        result[name] = sorted;
    }

    private static bool IsSame(JsonNode? item, JsonNode? other, FieldSchema list) =>
        list.Shape == ListShape.Map
            ? JsonNode.DeepEquals(item.At(list.Keys[0]), other.At(list.Keys[0]))
            : JsonNode.DeepEquals(item, other);

    private static JsonObject WithoutDirectives(JsonObject patch) =>
        new(patch.Where(field => !field.Key.StartsWith('$')).Select(field => KeyValuePair.Create(field.Key, field.Value?.DeepClone())));
}
