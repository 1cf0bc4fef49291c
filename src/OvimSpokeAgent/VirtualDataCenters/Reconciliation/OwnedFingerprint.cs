using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using OvimSpokeAgent.Cluster;

namespace OvimSpokeAgent.VirtualDataCenters;

/// <summary>
/// A text that is the same for two objects exactly if they mean the same: keys sorted, what is empty left out (except in
/// selectors' places, where an empty object means "all" and is written as such by both sides), quantities by their value.
/// Pure.
/// </summary>
internal static class OwnedFingerprint
{
    // In these, strings are quantities ("1024Mi" and "1Gi" are the same).
    private static readonly HashSet<string> QuantityMaps = ["hard", "max", "min", "default", "defaultRequest", "maxLimitRequestRatio"];

    // {} there is a selector that selects everything, which is something else than no selector.
    private static readonly HashSet<string> Selectors = ["podSelector", "namespaceSelector"];

    public static string Of(OwnedObject item) => Of(item.Spec, item.Subjects, item.RoleRef);

    public static string Of(JsonObject body)
    {
        var json = JsonElement.Parse(body.ToJsonString());
        return Of(Part("spec"), Part("subjects"), Part("roleRef"));

        JsonElement? Part(string name) => json.TryGetProperty(name, out var part) ? part : null;
    }

    public static string Of(JsonElement? spec, JsonElement? subjects, JsonElement? roleRef)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            Write("spec", spec);
            Write("subjects", subjects);
            Write("roleRef", roleRef);
            writer.WriteEndObject();

            void Write(string name, JsonElement? part)
            {
                if (part is not { } value || IsNothing(name, value)) return;
                writer.WritePropertyName(name);
                WriteCanonical(writer, value, false);
            }
        }
        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    private static void WriteCanonical(Utf8JsonWriter writer, JsonElement value, bool isQuantities)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                writer.WriteStartObject();
                foreach (var member in value.EnumerateObject().OrderBy(member => member.Name, StringComparer.Ordinal))
                {
                    if (IsNothing(member.Name, member.Value)) continue;
                    writer.WritePropertyName(member.Name);
                    WriteCanonical(writer, member.Value, QuantityMaps.Contains(member.Name) || isQuantities);
                }
                writer.WriteEndObject();
                break;
            case JsonValueKind.Array:
                writer.WriteStartArray();
                foreach (var item in value.EnumerateArray()) WriteCanonical(writer, item, isQuantities);
                writer.WriteEndArray();
                break;
            case JsonValueKind.String or JsonValueKind.Number when isQuantities && Quantity.TryParse(value.ToString(), out var quantity):
                writer.WriteStringValue(quantity.Value.ToString("0.############################", CultureInfo.InvariantCulture));
                break;
            default:
                value.WriteTo(writer);
                break;
        }
    }

    private static bool IsNothing(string name, JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Null or JsonValueKind.Undefined => true,
        JsonValueKind.Object => value.GetPropertyCount() == 0 && !Selectors.Contains(name),
        JsonValueKind.Array => value.GetArrayLength() == 0,
        _ => false,
    };
}
