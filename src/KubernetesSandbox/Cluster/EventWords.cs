using System.Text.Json.Nodes;

namespace KubernetesSandbox.Cluster;

/// <summary>
/// Events have two sets of words for the same fields: those of the core group, in which they are stored, and those of
/// <c>events.k8s.io</c>.
/// </summary>
internal static class EventWords
{
    private static readonly (string Core, string Grouped)[] Words =
    [
        ("involvedObject", "regarding"),
        ("message", "note"),
        ("reportingComponent", "reportingController"),
        ("source", "deprecatedSource"),
        ("firstTimestamp", "deprecatedFirstTimestamp"),
        ("lastTimestamp", "deprecatedLastTimestamp"),
        ("count", "deprecatedCount"),
    ];

    public static bool IsSpokenBy(ResourceKind kind) => kind.Group == "events.k8s.io";

    public static JsonObject ToCore(JsonObject content) =>
        Renamed(content, name => Words.FirstOrDefault(words => words.Grouped == name).Core);

    public static StoredObject ToGroup(StoredObject one) => new(
        one.Resource,
        one.Key,
        one.Version,
        Renamed(one.Content, name => Words.FirstOrDefault(words => words.Core == name).Grouped));

    private static JsonObject Renamed(JsonObject content, Func<string, string?> other) =>
        new(content.Select(field => KeyValuePair.Create(other(field.Key) ?? field.Key, field.Value?.DeepClone())));
}
