using System.Text.Json.Nodes;
using OvimSpokeAgent.Cluster;

namespace OvimSpokeAgent.Tests.Cluster;

/// <summary>
/// Server-side apply of one manager who forces: fields it applied before and not now go, those it applies are set, fields
/// of others stay; lists are whole.
/// </summary>
internal sealed class FakeApply
{
    private readonly Dictionary<string, JsonObject> _lastByUid = [];

    public JsonObject Apply(FakeStore store, ResourceKind kind, NamespacedName name, JsonObject body)
    {
        var applied = FakeStore.OnTheWire(body);
        var existing = store.Find(kind, name);
        if (existing is null)
        {
            existing = store.Create(kind, name, applied);
        }
        else
        {
            var last = _lastByUid.GetValueOrDefault(Uid(existing)) ?? [];
            var after = existing.DeepClone().AsObject();
            RemoveDropped(after, last, applied);
            FakeStore.Merge(after, applied);
            RequireFixedFields(existing, after);
            if (!JsonNode.DeepEquals(existing, after)) existing = store.Update(kind, name, item => Replace(item, after));
        }
        _lastByUid[Uid(existing)] = applied;
        return existing;
    }

    /// <summary>Refuses what the real server refuses: a change of a role reference, or of a quota's scopes.</summary>
    public static void RequireFixedFields(JsonObject before, JsonObject after)
    {
        if (!JsonNode.DeepEquals(before["roleRef"], after["roleRef"]))
            throw FakeKubernetesApi.Error(ApiErrorReason.Invalid, "roleRef: Invalid value: cannot change roleRef");
        if (!JsonNode.DeepEquals(before["spec"]?["scopes"], after["spec"]?["scopes"]))
            throw FakeKubernetesApi.Error(ApiErrorReason.Invalid, "spec.scopes: Invalid value: field is immutable");
    }

    private static string Uid(JsonObject item) => (string)item["metadata"]!["uid"]!;

    private static void RemoveDropped(JsonObject from, JsonObject last, JsonObject now)
    {
        foreach (var (key, value) in last)
        {
            if (!now.ContainsKey(key)) from.Remove(key);
            else if (value is JsonObject inner && now[key] is JsonObject innerNow && from[key] is JsonObject innerFrom)
                RemoveDropped(innerFrom, inner, innerNow);
        }
    }

    public static void Replace(JsonObject item, JsonObject after)
    {
        foreach (var key in item.Select(entry => entry.Key).ToList()) item.Remove(key);
        foreach (var (key, value) in after) item[key] = value?.DeepClone();
    }
}
