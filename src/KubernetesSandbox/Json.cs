using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace KubernetesSandbox;

/// <summary>Making JSON as the Kubernetes API has it.</summary>
internal static class Json
{
    /// <summary>Text stays readable; nothing here goes into a web page.</summary>
    public static readonly JsonSerializerOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static byte[] ToBytes(this JsonNode node) => JsonSerializer.SerializeToUtf8Bytes(node, Plain);

    /// <summary>An independent copy in which every value is as if it had come over the wire.</summary>
    public static JsonObject Normalized(this JsonObject node) => JsonNode.Parse(node.ToBytes())!.AsObject();

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
