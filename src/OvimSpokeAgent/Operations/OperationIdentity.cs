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
            CanonicalJson.Write(writer, payload);
            writer.WriteEndArray();
        }
        var hash = SHA256.HashData(buffer.WrittenSpan);
        return new OperationKey(Prefix + Convert.ToHexStringLower(hash.AsSpan(0, HashBytes)));
    }
}
