using System.Text.Json.Nodes;

namespace KubernetesSandbox;

/// <summary>
/// Reading objects of the Kubernetes API: what is asked for at a path of keys, null where it is not there or is something else.
/// </summary>
public static class JsonNodeExtensions
{
    /// <summary>The value at a path of keys; null where there is none.</summary>
    public static JsonNode? At(this JsonNode? node, params ReadOnlySpan<string> path)
    {
        foreach (var key in path)
        {
            if (node is not JsonObject map) return null;
            node = map[key];
        }
        return node;
    }

    /// <summary>The text at a path.</summary>
    public static string? Text(this JsonNode? node, params ReadOnlySpan<string> path) =>
        node.At(path) is JsonValue value && value.TryGetValue<string>(out var text) ? text : null;

    /// <summary>The boolean at a path.</summary>
    public static bool? Flag(this JsonNode? node, params ReadOnlySpan<string> path) =>
        node.At(path) is JsonValue value && value.TryGetValue<bool>(out var flag) ? flag : null;

    /// <summary>Whether there is <c>true</c> at a path.</summary>
    public static bool IsTrue(this JsonNode? node, params ReadOnlySpan<string> path) => node.Flag(path) is true;

    /// <summary>The whole number at a path.</summary>
    public static long? Number(this JsonNode? node, params ReadOnlySpan<string> path) =>
        node.At(path) is not JsonValue value ? null
            : value.TryGetValue<long>(out var number) ? number
            : value.TryGetValue<int>(out var small) ? small
            : null;

    /// <summary>The object at a path.</summary>
    public static JsonObject? Map(this JsonNode? node, params ReadOnlySpan<string> path) => node.At(path) as JsonObject;

    /// <summary>The array at a path.</summary>
    public static JsonArray? Items(this JsonNode? node, params ReadOnlySpan<string> path) => node.At(path) as JsonArray;

    /// <summary>The objects of the array at a path; none where there is no array.</summary>
    public static IEnumerable<JsonObject> Objects(this JsonNode? node, params ReadOnlySpan<string> path) =>
        node.Items(path)?.OfType<JsonObject>() ?? [];

    /// <summary>An independent copy.</summary>
    public static JsonObject Copy(this JsonObject node) => node.DeepClone().AsObject();

    /// <summary>The JSON, for messages: text stays readable.</summary>
    public static string ToText(this JsonNode? node) => node?.ToJsonString(Json.Plain) ?? "null";
}
