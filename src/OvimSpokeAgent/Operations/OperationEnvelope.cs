using System.Text.Json;
using OvimSpokeAgent.Validation;

namespace OvimSpokeAgent.Operations;

/// <summary>What came of one element of a poll answer.</summary>
/// <param name="Operation">The operation, if its id makes it answerable.</param>
/// <param name="Error">What is wrong with it; null: the envelope is valid.</param>
internal sealed record OperationEnvelope(Operation? Operation, string? Error)
{
    private const int MaxIdLength = 200;

    /// <summary>Whether an id can stand in a URL's path, so that its operation can be answered.</summary>
    public static bool IsUsableId(string id) => id.Length is > 0 and <= MaxIdLength && id is not ("." or "..") && id.All(IsPathCharacter);

    /// <summary>
    /// Parses an operation's envelope. Without an id that can stand in a URL's path there is no operation, only an
    /// error for the next report; with one, an error becomes its <c>failed</c> result.
    /// </summary>
    public static OperationEnvelope Parse(JsonElement element, OperationRegistry registry, DateTimeOffset receivedAt)
    {
        if (element.ValueKind is not JsonValueKind.Object)
            return new(null, $"operation without an id: {JsonText.Describe(element)} is not an object");

        var reader = new PayloadReader(element);
        if (ReadId(reader, out var id) is { } unanswerable) return new(null, unanswerable);

        var type = reader.RequiredString("type");
        var timestamp = ReadTimestamp(reader, element, receivedAt, out var instant);
        var timeout = reader.OptionalInt("timeout_seconds", 0, int.MaxValue);
        var payload = ReadPayload(reader, element);
        var canonicalType = registry.Find(type)?.Type ?? type;
        var operation = new Operation
        {
            Id = id,
            Type = JsonText.Shorten(canonicalType),
            Key = OperationIdentity.Of(id, canonicalType, instant, payload),
            Timestamp = timestamp,
            Payload = payload,
            Timeout = timeout is > 0 ? TimeSpan.FromSeconds(timeout.Value) : null,
        };
        return new(operation, reader.Errors.Count == 0 ? null : string.Join("; ", reader.Errors));
    }

    private static string? ReadId(PayloadReader reader, out string id)
    {
        id = reader.RequiredString("id");
        if (reader.Errors.Count > 0) return $"operation without a usable id: {reader.Errors[0]}";
        if (IsUsableId(id)) return null;
        reader.Reject("id", id, $"usable in a URL's path (1 to {MaxIdLength} letters, digits, '-', '_', '.', '~', ':')");
        return $"operation without a usable id: {reader.Errors[0]}";
    }

    private static bool IsPathCharacter(char c) => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.' or '~' or ':';

    // The identity needs the instant, not its text; an operation without a timestamp is told apart by the rest.
    private static DateTimeOffset ReadTimestamp(
        PayloadReader reader, JsonElement element, DateTimeOffset receivedAt, out string instant)
    {
        instant = "";
        var text = reader.OptionalString("timestamp");
        if (text is null) return receivedAt;
        if (!JsonText.TryGetProperty(element, "timestamp", out var value) || !value.TryGetDateTimeOffset(out var timestamp) || !HasZone(text))
        {
            reader.Reject("timestamp", text, "an RFC 3339 time with zone, e.g. \"2026-11-23T08:37:01.123456Z\"");
            return receivedAt;
        }
        instant = $"{timestamp.UtcTicks}{DigitsBeyondTicks(text)}";
        return timestamp;
    }

    private static bool HasZone(string text)
    {
        var time = text.IndexOf('T', StringComparison.OrdinalIgnoreCase);
        return time > 0 && text.AsSpan(time).IndexOfAny("Zz+-") > 0;
    }

    // Go hubs send nanoseconds; a tick is 100 of them.
    private static string DigitsBeyondTicks(string text)
    {
        var dot = text.IndexOf('.', StringComparison.Ordinal);
        if (dot < 0) return "";
        var digits = text[(dot + 1)..].TakeWhile(char.IsAsciiDigit).Skip(7).ToArray();
        var rest = new string(digits).TrimEnd('0');
        return rest.Length == 0 ? "" : "." + rest;
    }

    private static JsonElement ReadPayload(PayloadReader reader, JsonElement element)
    {
        var found = JsonText.TryGetProperty(element, "payload", out var payload);
        if (found && payload.ValueKind is JsonValueKind.Object) return payload;
        if (found && payload.ValueKind is not JsonValueKind.Null)
            reader.Reject(SecretFields.Payload, payload, "an object");
        return JsonText.EmptyObject;
    }
}
