using System.Buffers;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using OvimSpokeAgent.Operations;
using OvimSpokeAgent.Validation;

namespace OvimSpokeAgent.Hub;

/// <summary>What came of asking the hub for operations. The hub forgets what it hands out, so all that came is kept.</summary>
/// <param name="Operations">The operations that arrived whole, in the hub's order.</param>
/// <param name="Loss">Why more may have been handed out than arrived; null: nothing was lost.</param>
internal sealed record PollAnswer(IReadOnlyList<JsonElement> Operations, string? Loss)
{
    // Deeper than any payload has a use for, but one deep operation must not cost those behind it.
    private const int MaxDepth = 512;

    private static ReadOnlySpan<byte> ByteOrderMark => [0xEF, 0xBB, 0xBF];

    /// <summary>Nothing was queued.</summary>
    public static PollAnswer Empty { get; } = new([], null);

    /// <summary>Reads an operation that the hub sent alone; with what is wrong where it is not exactly one.</summary>
    public static JsonElement? ParseOne(ReadOnlySpan<byte> body, out string problem)
    {
        problem = "";
        try
        {
            var document = JsonElement.Parse(Readable(body), new JsonDocumentOptions { MaxDepth = MaxDepth });
            if (document.ValueKind is JsonValueKind.Object) return document;
            problem = $"expected one operation as a JSON object, got {JsonText.Describe(document)}";
        }
        catch (JsonException e)
        {
            problem = $"expected one operation as a JSON object and nothing else: {JsonText.Describe(e)}";
        }
        return null;
    }

    /// <summary>
    /// Reads an answer in every shape of the contract: an array, an object with <c>operations</c>, <c>null</c>, nothing.
    /// </summary>
    /// <param name="body">What arrived of the body.</param>
    /// <param name="broken">Why it broke off; null: it is complete.</param>
    public static PollAnswer Parse(ReadOnlySpan<byte> body, string? broken)
    {
        body = Readable(body);
        if (body.TrimStart(" \t\r\n"u8).IsEmpty) return new([], broken);

        var operations = new List<JsonElement>();
        var reader = new Utf8JsonReader(
            body, isFinalBlock: false, new JsonReaderState(new JsonReaderOptions { MaxDepth = MaxDepth }));
        try
        {
            var complete = ReadDocument(ref reader, body, operations);
            if (complete) reader.Read(); // throws where something follows: it may be operations
            return new(operations, broken ?? (complete ? null : "the answer ends in the middle"));
        }
        catch (JsonException e)
        {
            return new(operations, broken ?? $"the answer is not the JSON it should be: {JsonText.Describe(e)}");
        }
    }

    // Strings that are no UTF-8 would make every later look at them fail.
    private static ReadOnlySpan<byte> Readable(ReadOnlySpan<byte> body)
    {
        if (body.StartsWith(ByteOrderMark)) body = body[ByteOrderMark.Length..];
        return Utf8.IsValid(body) ? body : Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(body));
    }

    private static bool ReadDocument(ref Utf8JsonReader reader, ReadOnlySpan<byte> body, List<JsonElement> operations)
    {
        if (!reader.Read()) return body.Trim(" \t\r\n"u8).SequenceEqual("null"u8);
        switch (reader.TokenType)
        {
            case JsonTokenType.Null:
                return true;
            case JsonTokenType.StartArray:
                return ReadArray(ref reader, operations);
            case JsonTokenType.StartObject:
                return ReadWrapper(ref reader, operations);
            default:
                throw new JsonException($"expected an array of operations, got {reader.TokenType} of {body.Length} bytes (not shown)");
        }
    }

    private static bool ReadArray(ref Utf8JsonReader reader, List<JsonElement> operations)
    {
        while (reader.Read())
        {
            if (reader.TokenType is JsonTokenType.EndArray) return true;
            if (!JsonDocument.TryParseValue(ref reader, out var document)) return false;
            operations.Add(document.RootElement);
        }
        return false;
    }

    private static bool ReadWrapper(ref Utf8JsonReader reader, List<JsonElement> operations)
    {
        var found = false;
        while (reader.Read())
        {
            if (reader.TokenType is JsonTokenType.EndObject)
                return found ? true : throw new JsonException("an object without \"operations\"");
            var isOperations = reader.ValueTextEquals("operations"u8);
            if (!reader.Read()) return false;
            found |= isOperations;
            if (isOperations && reader.TokenType is JsonTokenType.StartArray)
            {
                if (!ReadArray(ref reader, operations)) return false;
            }
            else if (isOperations && reader.TokenType is not JsonTokenType.Null)
            {
                throw new JsonException("\"operations\" is not an array");
            }
            else if (!reader.TrySkip())
            {
                return false;
            }
        }
        return false;
    }
}
