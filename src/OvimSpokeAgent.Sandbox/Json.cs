using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace OvimSpokeAgent.Sandbox;

/// <summary>Reading and making JSON as the Kubernetes API has it.</summary>
internal static class Json
{
    /// <summary>Text stays readable; nothing here goes into a web page.</summary>
    public static readonly JsonSerializerOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static byte[] ToBytes(this JsonNode node) => JsonSerializer.SerializeToUtf8Bytes(node, Plain);

    public static string ToText(this JsonNode? node) => node?.ToJsonString(Plain) ?? "null";

    /// <summary>An independent copy in which every value is as if it had come over the wire.</summary>
    public static JsonObject Normalized(this JsonObject node) => JsonNode.Parse(node.ToBytes())!.AsObject();

    public static JsonObject Copy(this JsonObject node) => node.DeepClone().AsObject();

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

    public static string? Text(this JsonNode? node, params ReadOnlySpan<string> path) =>
        node.At(path) is JsonValue value && value.TryGetValue<string>(out var text) ? text : null;

    public static bool? Flag(this JsonNode? node, params ReadOnlySpan<string> path) =>
        node.At(path) is JsonValue value && value.TryGetValue<bool>(out var flag) ? flag : null;

    /// <summary>Whether there is <c>true</c> at a path.</summary>
    public static bool IsTrue(this JsonNode? node, params ReadOnlySpan<string> path) => node.Flag(path) is true;

    public static long? Number(this JsonNode? node, params ReadOnlySpan<string> path) =>
        node.At(path) is not JsonValue value ? null
            : value.TryGetValue<long>(out var number) ? number
            : value.TryGetValue<int>(out var small) ? small
            : null;

    public static JsonObject? Map(this JsonNode? node, params ReadOnlySpan<string> path) => node.At(path) as JsonObject;

    public static JsonArray? Items(this JsonNode? node, params ReadOnlySpan<string> path) => node.At(path) as JsonArray;

    /// <summary>The objects of the array at a path; none where there is no array.</summary>
    public static IEnumerable<JsonObject> Objects(this JsonNode? node, params ReadOnlySpan<string> path) =>
        node.Items(path)?.OfType<JsonObject>() ?? [];

    public static IEnumerable<string> Texts(this JsonArray? array) =>
        array is null ? [] : array.Select(item => item.Text()).OfType<string>();

    /// <summary>The object at a key, made if there is none.</summary>
    public static JsonObject MapAt(this JsonObject node, string key)
    {
        if (node[key] is JsonObject map) return map;
        map = [];
        node[key] = map;
        return map;
    }

    public static JsonObject Metadata(this JsonObject node) => node.MapAt("metadata");

    /// <summary>RFC 3339 in whole seconds, as the API writes times.</summary>
    public static string ToApiTime(this DateTimeOffset time) =>
        time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", System.Globalization.CultureInfo.InvariantCulture);
}
