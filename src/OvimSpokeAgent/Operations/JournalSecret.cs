using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Contract;

namespace OvimSpokeAgent.Operations;

/// <summary>A journal record as the Secret that holds it, and back. Pure.</summary>
internal static class JournalSecret
{
    /// <summary>The Secret's type.</summary>
    public const string Type = "ovim.io/operation.v1";

    private const string RecordField = "record";
    private const string PayloadField = "payload";
    private const string ResultField = "result";

    /// <summary>The whole Secret of a record.</summary>
    public static JsonObject Create(JournalRecord record, ReadOnlySpan<byte> body, string ns)
    {
        var entry = Describe(record);
        var labels = new JsonObject
        {
            [WellKnownNames.ManagedByLabel] = WellKnownNames.Agent,
            [WellKnownNames.OperationStateLabel] = StateLabel(record.State),
        };
        if (record.ExpiresAt is { } expiry) labels[WellKnownNames.OperationExpiresLabel] = ExpiryLabel(expiry);
        return new JsonObject
        {
            ["apiVersion"] = "v1",
            ["kind"] = "Secret",
            ["type"] = Type,
            ["metadata"] = new JsonObject
            {
                ["name"] = record.Key.Value,
                ["namespace"] = ns,
                ["labels"] = labels,
                ["annotations"] = new JsonObject
                {
                    [WellKnownNames.OperationIdAnnotation] = record.Operation.Id,
                    [WellKnownNames.OperationRecordAnnotation] = entry,
                },
            },
            ["data"] = new JsonObject { [RecordField] = Base64(entry), [FieldOf(record)] = Convert.ToBase64String(body) },
        };
    }

    /// <summary>The merge patch that turns the Secret of the step before into this record's; applies to this version only.</summary>
    /// <param name="record">The record as it shall be.</param>
    /// <param name="result">The result, where this step stores one.</param>
    /// <param name="version">The version of the step before.</param>
    public static JsonObject Patch(JournalRecord record, ReadOnlyMemory<byte>? result, string version)
    {
        var entry = Describe(record);
        var data = new JsonObject { [RecordField] = Base64(entry) };
        if (result is { } body)
        {
            data[PayloadField] = null;
            data[ResultField] = Convert.ToBase64String(body.Span);
        }
        return new JsonObject
        {
            ["metadata"] = new JsonObject
            {
                ["resourceVersion"] = version,
                ["labels"] = new JsonObject
                {
                    [WellKnownNames.OperationStateLabel] = StateLabel(record.State),
                    [WellKnownNames.OperationExpiresLabel] = record.ExpiresAt is { } expiry ? ExpiryLabel(expiry) : null,
                },
                ["annotations"] = new JsonObject { [WellKnownNames.OperationRecordAnnotation] = entry },
            },
            ["data"] = data,
        };
    }

    /// <summary>
    /// The record that a Secret's metadata tell of; null if they tell of none: then its content may, if an earlier agent wrote it.
    /// </summary>
    public static JournalRecord? Read(ObjectMetadata metadata) =>
        metadata.Annotation(WellKnownNames.OperationRecordAnnotation) is { } text && JournalJson.Read(Encoding.UTF8.GetBytes(text), JournalJson.Default.JournalEntry) is { } entry
            ? entry.ToRecord(metadata)
            : null;

    /// <summary>The record that a Secret holds, with its body; null if it holds none that this version of the agent understands.</summary>
    public static StoredOperation? Read(SecretObject secret)
    {
        if (secret.Type != Type || secret.Data is not { } data || !data.TryGetValue(RecordField, out var described)
            || JournalJson.Read(described, JournalJson.Default.JournalEntry) is not { } entry)
        {
            return null;
        }
        var hasResult = data.TryGetValue(ResultField, out var body);
        if (!hasResult && !data.TryGetValue(PayloadField, out body)) body = entry.State is JournalState.Delivered or JournalState.Refused ? [] : null;
        if (body is null) return null;
        if (hasResult && SaysDeleted(entry.Type, body)) entry = entry with { SaysDeleted = true };
        entry = entry with { ResultBytes = hasResult ? body.Length : null, PayloadBytes = hasResult ? null : body.Length };
        return entry.ToRecord(secret.Metadata) is { } record && (!record.IsUnfinished || Payload(body) is not null)
            ? new StoredOperation(record, body)
            : null;
    }

    /// <summary>The payload that a body holds; null if it is none.</summary>
    public static JsonElement? Payload(ReadOnlyMemory<byte> body)
    {
        try
        {
            var payload = OperationJson.Parse(body.Span);
            return payload.ValueKind is JsonValueKind.Object ? payload : null;
        }
        catch (JsonException)
        {
            return null; // someone else's change
        }
    }

    public static string StateLabel(JournalState state) => state switch
    {
        JournalState.Received => "received",
        JournalState.Started => "started",
        JournalState.Finished => "finished",
        JournalState.Delivered => "delivered",
        _ => "refused",
    };

    /// <summary>Records that can be removed together carry the same value.</summary>
    public static string ExpiryLabel(DateTimeOffset expiry) =>
        expiry.UtcDateTime.ToString("yyyyMMdd'T'HHmm", CultureInfo.InvariantCulture);

    private static string FieldOf(JournalRecord record) => record.HasResult ? ResultField : PayloadField;

    private static string Describe(JournalRecord record) =>
        JsonSerializer.Serialize(JournalEntry.Of(record), JournalJson.Default.JournalEntry);

    private static bool SaysDeleted(string? type, ReadOnlyMemory<byte> result)
    {
        try
        {
            return type is not null && VdcOperations.SaysDeleted(type, result);
        }
        catch (JsonException)
        {
            return false; // someone else's change
        }
    }

    private static string Base64(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));
}
