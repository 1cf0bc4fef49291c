using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using OvimSpokeAgent.Cluster;

namespace OvimSpokeAgent.Operations;

/// <summary>A journal record as the Secret that holds it, and back. Pure.</summary>
internal static class JournalSecret
{
    /// <summary>The Secret's type.</summary>
    public const string Type = "ovim.io/operation.v1";

    private const string RecordField = "record";
    private const string PayloadField = "payload";
    private const string ResultField = "result";

    // What was stored is read, however deep it is.
    private static readonly JsonDocumentOptions Deep = new() { MaxDepth = 1000 };

    /// <summary>The whole Secret of a record.</summary>
    public static JsonObject Create(JournalRecord record, string ns)
    {
        var data = new JsonObject { [RecordField] = Base64(Describe(record)) };
        if (record.Result is { } result) data[ResultField] = Base64(result.Span);
        else data[PayloadField] = Base64(JsonMarshal.GetRawUtf8Value(record.Operation.Payload));
        var labels = new JsonObject
        {
            [Names.ManagedByLabel] = Names.Agent,
            [Names.OperationStateLabel] = StateLabel(record.State),
        };
        if (record.ExpiresAt is { } expiry) labels[Names.OperationExpiresLabel] = ExpiryLabel(expiry);
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
                ["annotations"] = new JsonObject { [Names.OperationIdAnnotation] = record.Operation.Id },
            },
            ["data"] = data,
        };
    }

    /// <summary>The merge patch that turns the Secret of the step before into this record's; applies to this version only.</summary>
    public static JsonObject Patch(JournalRecord record, string version)
    {
        var data = new JsonObject { [RecordField] = Base64(Describe(record)) };
        if (record is { State: JournalState.Finished, Result: { } result })
        {
            data[PayloadField] = null;
            data[ResultField] = Base64(result.Span);
        }
        return new JsonObject
        {
            ["metadata"] = new JsonObject
            {
                ["resourceVersion"] = version,
                ["labels"] = new JsonObject
                {
                    [Names.OperationStateLabel] = StateLabel(record.State),
                    [Names.OperationExpiresLabel] = record.ExpiresAt is { } expiry ? ExpiryLabel(expiry) : null,
                },
            },
            ["data"] = data,
        };
    }

    /// <summary>The record that a Secret holds; false if it holds none that this version of the agent understands.</summary>
    public static bool TryRead(SecretObject secret, out JournalRecord record)
    {
        record = null!;
        if (secret.Type != Type || secret.Data is not { } data || !data.TryGetValue(RecordField, out var described)) return false;
        try
        {
            if (JsonSerializer.Deserialize(described, JournalJson.Default.JournalEntry) is not { IsUsable: true } entry) return false;
            record = new JournalRecord
            {
                Operation = new Operation
                {
                    Id = entry.Id,
                    Type = entry.Type,
                    Key = new OperationKey(secret.Metadata.Name),
                    Timestamp = entry.Timestamp,
                    Payload = data.TryGetValue(PayloadField, out var payload)
                        ? JsonElement.Parse(payload, Deep)
                        : Validation.JsonText.EmptyObject,
                    Timeout = entry.TimeoutSeconds is { } seconds ? TimeSpan.FromSeconds(seconds) : null,
                },
                State = entry.State,
                Sequence = entry.Sequence,
                ReceivedAt = entry.ReceivedAt,
                Fact = entry.Fact,
                // Spelled out: an array that is null converts to an empty memory, not to none.
                Result = data.TryGetValue(ResultField, out var result) ? result : default(ReadOnlyMemory<byte>?),
                FinishedAt = entry.FinishedAt,
                ExpiresAt = entry.ExpiresAt,
                Version = secret.Metadata.ResourceVersion,
            };
            return record switch
            {
                { IsSettled: true } => record.ExpiresAt is not null,
                { State: JournalState.Finished } => record.Result is not null,
                _ => payload is not null && record.Operation.Payload.ValueKind is JsonValueKind.Object,
            };
        }
        catch (JsonException)
        {
            return false; // someone else's change
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

    private static byte[] Describe(JournalRecord record) => JsonSerializer.SerializeToUtf8Bytes(
        new JournalEntry
        {
            Id = record.Operation.Id,
            Type = record.Operation.Type,
            Timestamp = record.Operation.Timestamp,
            TimeoutSeconds = (long?)record.Operation.Timeout?.TotalSeconds,
            State = record.State,
            Sequence = record.Sequence,
            ReceivedAt = record.ReceivedAt,
            Fact = record.Fact,
            FinishedAt = record.FinishedAt,
            ExpiresAt = record.ExpiresAt,
        },
        JournalJson.Default.JournalEntry);

    private static string Base64(ReadOnlySpan<byte> bytes) => Convert.ToBase64String(bytes);
}

/// <summary>What a Secret's field <c>record</c> says: everything but payload and result.</summary>
internal sealed record JournalEntry
{
    public required string Id { get; init; }

    public required string Type { get; init; }

    public required DateTimeOffset Timestamp { get; init; }

    public long? TimeoutSeconds { get; init; }

    public required JournalState State { get; init; }

    public required long Sequence { get; init; }

    public required DateTimeOffset ReceivedAt { get; init; }

    public string? Fact { get; init; }

    public DateTimeOffset? FinishedAt { get; init; }

    public DateTimeOffset? ExpiresAt { get; init; }

    /// <summary>Whether an agent can have written it: people can write anything into a Secret.</summary>
    [JsonIgnore]
    public bool IsUsable =>
        Id is not null && Type is not null && OperationEnvelope.IsUsableId(Id) && Enum.IsDefined(State)
        && TimeoutSeconds is null or (> 0 and <= int.MaxValue);
}

/// <summary>A Secret as the journal reads it.</summary>
internal sealed record SecretObject : IKubernetesObject
{
    public ObjectMetadata Metadata { get => field ?? ObjectMetadata.None; init; }

    public string? Type { get; init; }

    /// <summary>The decoded fields.</summary>
    public IReadOnlyDictionary<string, byte[]>? Data { get; init; }
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UseStringEnumConverter = true,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(JournalEntry))]
[JsonSerializable(typeof(SecretObject))]
internal sealed partial class JournalJson : JsonSerializerContext;
