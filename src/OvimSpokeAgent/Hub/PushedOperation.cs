using System.Text.Json;
using OvimSpokeAgent.Validation;

namespace OvimSpokeAgent.Hub;

/// <summary>The body of a push: one operation and nothing else.</summary>
internal static class PushedOperation
{
    /// <summary>The operation in a body; null: it is not exactly one, and the problem says why.</summary>
    public static byte[]? Find(ReadOnlySpan<byte> body, out string problem)
    {
        if (body.StartsWith(JsonText.ByteOrderMark)) body = body[JsonText.ByteOrderMark.Length..];
        body = JsonText.ToUtf8(body);
        var reader = new Utf8JsonReader(body, new JsonReaderOptions { MaxDepth = PollAnswerReader.MaxDepth });
        try
        {
            reader.Read();
            if (reader.TokenType is not JsonTokenType.StartObject)
            {
                problem = $"expected one operation as a JSON object, got a {reader.TokenType}";
                return null;
            }
            reader.Skip();
            var operation = body[..(int)reader.BytesConsumed].TrimStart(" \t\r\n"u8);
            reader.Read(); // throws where something follows
            problem = "";
            return operation.ToArray();
        }
        catch (JsonException e)
        {
            problem = $"expected one operation as a JSON object and nothing else: {JsonText.Describe(e)}";
            return null;
        }
    }
}
