using System.Buffers;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using OvimSpokeAgent.Validation;

namespace OvimSpokeAgent.VirtualDataCenters;

/// <summary>
/// <c>custom_network_config</c> as a map of texts, which some hubs send: <c>"true"</c>, <c>"1"</c>, <c>"false"</c>, <c>"0"</c>,
/// numbers as text, lists separated by commas or blanks, with or without brackets. Pure.
/// </summary>
internal static class CustomNetworkTexts
{
    /// <summary>The config with values in the place of texts; a text that is none of these stays, for its reader to refuse.</summary>
    public static JsonElement ToValues(JsonElement config)
    {
        var written = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(written))
        {
            json.WriteStartObject();
            foreach (var property in config.EnumerateObject())
            {
                var name = JsonText.NameOf(property);
                json.WritePropertyName(name);
                Write(json, name, property.Value);
            }
            json.WriteEndObject();
        }
        return JsonElement.Parse(written.WrittenSpan);
    }

    private static void Write(Utf8JsonWriter json, string field, JsonElement value)
    {
        if (CustomNetwork.Flags.Contains(field) && JsonText.TryGetString(value, out var text) && ToFlag(text) is { } flag)
            json.WriteBooleanValue(flag);
        else if (CustomNetwork.Lists.Contains(field) && value.ValueKind is (JsonValueKind.Array or JsonValueKind.String))
            WriteList(json, field, value);
        else
            WriteAsIs(json, value);
    }

    private static void WriteList(Utf8JsonWriter json, string field, JsonElement value)
    {
        json.WriteStartArray();
        if (JsonText.TryGetString(value, out var list))
        {
            foreach (var entry in Split(list)) WriteEntry(json, field, entry);
        }
        else if (value.ValueKind is JsonValueKind.Array)
        {
            foreach (var item in value.EnumerateArray())
            {
                if (JsonText.TryGetString(item, out var entry)) WriteEntry(json, field, entry);
                else WriteAsIs(json, item);
            }
        }
        else
        {
            WriteAsIs(json, value);
        }
        json.WriteEndArray();
    }

    private static void WriteEntry(Utf8JsonWriter json, string field, string entry)
    {
        if (CustomNetwork.IsNumbers(field) && int.TryParse(entry, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
            json.WriteNumberValue(number);
        else
            json.WriteStringValue(entry);
    }

    // Text that no string can hold included.
    private static void WriteAsIs(Utf8JsonWriter json, JsonElement value) =>
        json.WriteRawValue(JsonMarshal.GetRawUtf8Value(value), skipInputValidation: true);

    private static bool? ToFlag(string text) => text.Trim().ToUpperInvariant() switch
    {
        "TRUE" or "1" => true,
        "FALSE" or "0" => false,
        _ => null,
    };

    private static IEnumerable<string> Split(string text) => text.Trim().TrimStart('[').TrimEnd(']')
        .Split((char[])[',', ' ', '\t', '\r', '\n'], StringSplitOptions.RemoveEmptyEntries).Select(entry => entry.Trim('"'));
}
