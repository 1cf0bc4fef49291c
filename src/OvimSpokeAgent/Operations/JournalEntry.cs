using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using OvimSpokeAgent.Cluster;

namespace OvimSpokeAgent.Operations;

/// <summary>
/// What a record's Secret says of it, bodies left out: in the annotation <see cref="WellKnownNames.OperationRecordAnnotation"/>, which can
/// be listed without the bodies, and in the field <c>record</c>, the only one that earlier agents write and read.
/// </summary>
internal sealed record JournalEntry
{
    public required string Id { get; init; }

    public required string Type { get; init; }

    public required DateTimeOffset Timestamp { get; init; }

    public long? TimeoutSeconds { get; init; }

    public required JournalState State { get; init; }

    public required long Sequence { get; init; }

    public required DateTimeOffset ReceivedAt { get; init; }

    [JsonPropertyName("fact")]
    public string? Checkpoint { get; init; }

    public DateTimeOffset? FinishedAt { get; init; }

    public DateTimeOffset? ExpiresAt { get; init; }

    /// <summary>True or null.</summary>
    public bool? SaysDeleted { get; init; }

    /// <summary>Null: the body is the payload.</summary>
    public int? ResultBytes { get; init; }

    /// <summary>Null: the body is the result.</summary>
    public int? PayloadBytes { get; init; }

    public static JournalEntry Of(JournalRecord record) => new()
    {
        Id = record.Operation.Id,
        Type = record.Operation.Type,
        Timestamp = record.Operation.Timestamp,
        TimeoutSeconds = (long?)record.Operation.Timeout?.TotalSeconds,
        State = record.State,
        Sequence = record.Sequence,
        ReceivedAt = record.ReceivedAt,
        Checkpoint = record.Checkpoint,
        FinishedAt = record.FinishedAt,
        ExpiresAt = record.ExpiresAt,
        SaysDeleted = record.SaysDeleted ? true : null,
        ResultBytes = record.HasResult ? record.BodyBytes : null,
        PayloadBytes = record.HasResult ? null : record.BodyBytes,
    };

    /// <summary>The record of the Secret with this name and version; null if no agent can have written it: people can write anything.</summary>
    public JournalRecord? ToRecord(ObjectMetadata metadata)
    {
        if (!IsUsable || (ResultBytes ?? PayloadBytes) is not >= 0) return null;
        var record = new JournalRecord
        {
            Operation = new OperationHeader
            {
                Id = Id,
                Type = Type,
                Key = new OperationKey(metadata.Name),
                Timestamp = Timestamp,
                Timeout = TimeoutSeconds is { } seconds ? TimeSpan.FromSeconds(seconds) : null,
            },
            State = State,
            Sequence = Sequence,
            ReceivedAt = ReceivedAt,
            Checkpoint = Checkpoint,
            HasResult = ResultBytes is not null,
            SaysDeleted = SaysDeleted is true,
            BodyBytes = (ResultBytes ?? PayloadBytes)!.Value,
            FinishedAt = FinishedAt,
            ExpiresAt = ExpiresAt,
            Version = metadata.ResourceVersion,
        };
        return record switch
        {
            { IsSettled: true } => record.ExpiresAt is not null ? record : null,
            _ => record.HasResult == record.State is JournalState.Finished ? record : null,
        };
    }

    [JsonIgnore]
    private bool IsUsable =>
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
[JsonSerializable(typeof(BatchEntry))]
[JsonSerializable(typeof(BatchStep))]
[JsonSerializable(typeof(SecretObject))]
internal sealed partial class JournalJson : JsonSerializerContext
{
    /// <summary>What a Secret holds, where it is as it was written; null: someone else changed it.</summary>
    public static T? Read<T>(ReadOnlySpan<byte> json, JsonTypeInfo<T> type)
        where T : class
    {
        try
        {
            return JsonSerializer.Deserialize(json, type);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
