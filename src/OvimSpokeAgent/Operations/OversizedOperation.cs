using System.Buffers;
using System.Security.Cryptography;
using System.Text.Json;

namespace OvimSpokeAgent.Operations;

/// <summary>
/// An operation whose text is so long that it cannot be accepted: reduced to what its answer needs, without ever being taken
/// apart in memory. In place of its payload is a hash of it, so that a repeat is known again.
/// </summary>
internal static class OversizedOperation
{
    // Of the envelope, what is longer than this is no value that it may have.
    private const int MaxValue = 1 << 10;

    private static readonly string[] Envelope = ["id", "type", "timestamp", "timeout_seconds"];

    /// <summary>The reduced text, and the length of the payload.</summary>
    public static ReadOnlyMemory<byte> Reduce(ReadOnlySpan<byte> text, out int payloadBytes)
    {
        payloadBytes = 0;
        var reader = new Utf8JsonReader(text, OperationJson.ReaderOptions);
        reader.Read();
        if (reader.TokenType is not JsonTokenType.StartObject) return "null"u8.ToArray();
        var reduced = new ArrayBufferWriter<byte>();
        using var writer = new Utf8JsonWriter(reduced);
        writer.WriteStartObject();
        while (reader.Read() && reader.TokenType is JsonTokenType.PropertyName)
        {
            var isPayload = reader.ValueTextEquals("payload"u8);
            var name = NameOf(ref reader);
            reader.Read();
            var start = (int)reader.TokenStartIndex;
            reader.Skip();
            var value = text[start..(int)reader.BytesConsumed];
            if (isPayload)
            {
                payloadBytes = value.Length;
                writer.WriteStartObject("payload"u8);
                writer.WriteString("sha256"u8, Convert.ToHexStringLower(SHA256.HashData(value)));
                writer.WriteEndObject();
            }
            else if (name is not null && value.Length <= MaxValue)
            {
                writer.WritePropertyName(name);
                writer.WriteRawValue(value);
            }
        }
        writer.WriteEndObject();
        writer.Flush();
        return reduced.WrittenMemory;
    }

    private static string? NameOf(ref Utf8JsonReader reader)
    {
        foreach (var name in Envelope)
        {
            if (reader.ValueTextEquals(name)) return name;
        }
        return null;
    }
}
