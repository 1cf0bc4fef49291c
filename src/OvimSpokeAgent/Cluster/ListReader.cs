using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace OvimSpokeAgent.Cluster;

/// <summary>Reads a list's JSON straight into items, whatever their kind.</summary>
internal static class ListReader
{
    /// <exception cref="JsonException">The body is no list of such objects.</exception>
    public static ObjectList<T> Read<T>(ReadOnlySpan<byte> body, JsonTypeInfo<T> type)
    {
        var items = new List<T>();
        string resourceVersion = "", next = "";
        var isList = false;
        var reader = new Utf8JsonReader(body);
        Expect(reader.Read() && reader.TokenType is JsonTokenType.StartObject);
        while (reader.Read() && reader.TokenType is JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("items"u8))
            {
                ReadItems(ref reader, type, items);
                isList = true;
            }
            else if (reader.ValueTextEquals("metadata"u8)) ReadMetadata(ref reader, ref resourceVersion, ref next);
            else SkipValue(ref reader);
        }
        // Taken for an empty list, an answer of something in between would make all that is known disappear.
        Expect(isList);
        return new ObjectList<T>(items, resourceVersion, next.Length == 0 ? null : next);
    }

    private static void ReadItems<T>(ref Utf8JsonReader reader, JsonTypeInfo<T> type, List<T> items)
    {
        reader.Read();
        if (reader.TokenType is JsonTokenType.Null) return;
        Expect(reader.TokenType is JsonTokenType.StartArray);
        while (reader.Read() && reader.TokenType is not JsonTokenType.EndArray)
            items.Add(JsonSerializer.Deserialize(ref reader, type) ?? throw new JsonException("an item is null"));
    }

    private static void ReadMetadata(ref Utf8JsonReader reader, ref string resourceVersion, ref string next)
    {
        reader.Read();
        Expect(reader.TokenType is JsonTokenType.StartObject);
        while (reader.Read() && reader.TokenType is JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("resourceVersion"u8)) resourceVersion = ReadString(ref reader);
            else if (reader.ValueTextEquals("continue"u8)) next = ReadString(ref reader);
            else SkipValue(ref reader);
        }
    }

    private static string ReadString(ref Utf8JsonReader reader)
    {
        reader.Read();
        Expect(reader.TokenType is JsonTokenType.String or JsonTokenType.Null);
        return reader.GetString() ?? "";
    }

    private static void SkipValue(ref Utf8JsonReader reader)
    {
        reader.Read();
        reader.Skip();
    }

    private static void Expect(bool condition)
    {
        if (!condition) throw new JsonException("not a list");
    }
}
