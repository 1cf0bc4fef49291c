using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;

namespace OvimSpokeAgent.Validation;

/// <summary>
/// JSON in one form for all that means the same: keys sorted, the last of equal keys, no white space, ASCII alone. Numbers stay as they
/// are written.
/// </summary>
internal static class CanonicalJson
{
    /// <summary>The value's text.</summary>
    public static byte[] Of(JsonElement value)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer)) Write(writer, value);
        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>The text of an object with these members.</summary>
    public static byte[] Of(IEnumerable<KeyValuePair<string, JsonElement>> members)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer)) Write(writer, members);
        return buffer.WrittenSpan.ToArray();
    }

    public static void Write(Utf8JsonWriter writer, JsonElement value)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                Write(writer, Members(value));
                break;
            case JsonValueKind.Array:
                writer.WriteStartArray();
                foreach (var item in value.EnumerateArray()) Write(writer, item);
                writer.WriteEndArray();
                break;
            case JsonValueKind.String when JsonText.TryGetString(value, out var text):
                writer.WriteStringValue(text);
                break;
            case JsonValueKind.String:
                writer.WriteRawValue(InAscii(value.GetRawText()));
                break;
            default:
                writer.WriteRawValue(value.GetRawText());
                break;
        }
    }

    // What is no text (a lone surrogate) stays as it is written, but for what is not ASCII in it.
    private static string InAscii(string json)
    {
        if (Ascii.IsValid(json)) return json;
        var text = new StringBuilder(json.Length);
        foreach (var c in json)
        {
            if (char.IsAscii(c)) text.Append(c);
            else text.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}");
        }
        return text.ToString();
    }

    /// <summary>An object's members by name; of equal names the last.</summary>
    public static SortedDictionary<string, JsonElement> Members(JsonElement value)
    {
        var members = new SortedDictionary<string, JsonElement>(StringComparer.Ordinal);
        foreach (var property in value.EnumerateObject()) members[JsonText.NameOf(property)] = property.Value;
        return members;
    }

    private static void Write(Utf8JsonWriter writer, IEnumerable<KeyValuePair<string, JsonElement>> members)
    {
        writer.WriteStartObject();
        foreach (var (name, member) in members)
        {
            writer.WritePropertyName(name);
            Write(writer, member);
        }
        writer.WriteEndObject();
    }
}
