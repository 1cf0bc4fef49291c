using System.Buffers;
using System.Security.Cryptography;
using System.Text.Json;
using OvimSpokeAgent.Validation;

namespace OvimSpokeAgent.Operations;

/// <summary>
/// Makes an operation's identity: a hash over canonical JSON (keys sorted, the last of equal keys, no white space) of
/// id, canonical type, instant and payload. <c>retry_count</c> is no part of it, so that a repeat lands on itself.
/// </summary>
internal static class OperationIdentity
{
    /// <summary>What every key begins with; the hash in hexadecimal follows.</summary>
    public const string Prefix = "ovim-op-";

    /// <summary>How much of the hash a key has.</summary>
    public const int HashBytes = 20;

    public static OperationKey Of(string id, string type, string instant, JsonElement payload)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartArray();
            writer.WriteStringValue(id);
            writer.WriteStringValue(type);
            writer.WriteStringValue(instant);
            WriteCanonical(writer, payload);
            writer.WriteEndArray();
        }
        var hash = SHA256.HashData(buffer.WrittenSpan);
        return new OperationKey(Prefix + Convert.ToHexStringLower(hash.AsSpan(0, HashBytes)));
    }

    private static void WriteCanonical(Utf8JsonWriter writer, JsonElement value)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                writer.WriteStartObject();
                foreach (var (name, member) in LastOfEachName(value))
                {
                    writer.WritePropertyName(name);
                    WriteCanonical(writer, member);
                }
                writer.WriteEndObject();
                break;
            case JsonValueKind.Array:
                writer.WriteStartArray();
                foreach (var item in value.EnumerateArray()) WriteCanonical(writer, item);
                writer.WriteEndArray();
                break;
            case JsonValueKind.String when JsonText.TryGetString(value, out var text):
                writer.WriteStringValue(text);
                break;
            default:
                writer.WriteRawValue(value.GetRawText());
                break;
        }
    }

    private static SortedDictionary<string, JsonElement> LastOfEachName(JsonElement value)
    {
        var members = new SortedDictionary<string, JsonElement>(StringComparer.Ordinal);
        foreach (var property in value.EnumerateObject())
            members[JsonText.NameOf(property)] = property.Value;
        return members;
    }
}
