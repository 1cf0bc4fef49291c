using System.Collections;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using OvimSpokeAgent.Cluster;

namespace OvimSpokeAgent.Operations;

/// <summary>Operations that came together as the Secret that holds them, and back. Pure.</summary>
internal static class BatchSecret
{
    /// <summary>The Secret's type.</summary>
    public const string Type = "ovim.io/operations.v1";

    /// <summary>The value of <see cref="WellKnownNames.OperationStateLabel"/>.</summary>
    public const string StateLabel = "batch";

    private const string NamePrefix = "ovim-batch-";
    private const string OperationsField = "operations";
    private const string KeysField = "keys";
    private const string StepPrefix = "step-";

    /// <summary>A name for a batch: no two of different content have the same.</summary>
    public static string NameOf(long sequence, ReadOnlySpan<byte> content)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(content, hash);
        return $"{NamePrefix}{sequence:x}-{Convert.ToHexStringLower(hash[..8])}";
    }

    /// <summary>The whole Secret of a batch.</summary>
    public static JsonObject Create(StoredBatch stored, string ns)
    {
        var batch = stored.Batch;
        var keys = new byte[OperationIdentity.HashBytes * stored.Keys.Count];
        foreach (var (i, key) in stored.Keys.Index()) Convert.FromHexString(key.Value.AsSpan(OperationIdentity.Prefix.Length), keys.AsSpan(OperationIdentity.HashBytes * i), out _, out _);
        var entry = new BatchEntry { Sequence = batch.Sequence, ReceivedAt = batch.ReceivedAt, Count = batch.Count };
        return new JsonObject
        {
            ["apiVersion"] = "v1",
            ["kind"] = "Secret",
            ["type"] = Type,
            ["metadata"] = new JsonObject
            {
                ["name"] = batch.Name,
                ["namespace"] = ns,
                ["labels"] = new JsonObject
                {
                    [WellKnownNames.ManagedByLabel] = WellKnownNames.Agent,
                    [WellKnownNames.OperationStateLabel] = StateLabel,
                    [WellKnownNames.OperationBatchLabel] = batch.Name,
                },
                ["annotations"] = new JsonObject
                {
                    [WellKnownNames.OperationRecordAnnotation] = JsonSerializer.Serialize(entry, JournalJson.Default.BatchEntry),
                },
            },
            ["data"] = new JsonObject
            {
                [OperationsField] = Convert.ToBase64String(stored.Content.Span),
                [KeysField] = Convert.ToBase64String(keys),
            },
        };
    }

    /// <summary>The merge patch that stores the step of an operation that is in the batch; with its result, where it has one.</summary>
    public static JsonObject Step(JournalRecord record, ReadOnlyMemory<byte>? result)
    {
        var step = new BatchStep { Record = JournalEntry.Of(record), Result = result?.ToArray() };
        return new JsonObject
        {
            ["data"] = new JsonObject
            {
                [StepPrefix + record.Place!.Value.Index.ToString(CultureInfo.InvariantCulture)] =
                    Convert.ToBase64String(JsonSerializer.SerializeToUtf8Bytes(step, JournalJson.Default.BatchStep)),
            },
        };
    }

    /// <summary>The merge patch that tells which operations have left the batch.</summary>
    /// <param name="left">Which have.</param>
    /// <param name="steps">Those of them of which it holds a step, which goes.</param>
    public static JsonObject Mark(BitArray left, IEnumerable<int> steps)
    {
        var bits = new byte[(left.Length + 7) / 8];
        left.CopyTo(bits, 0);
        return new JsonObject
        {
            ["metadata"] = new JsonObject
            {
                ["annotations"] = new JsonObject { [WellKnownNames.OperationsLeftAnnotation] = Convert.ToBase64String(bits) },
            },
            ["data"] = new JsonObject(
                steps.Select(index => KeyValuePair.Create<string, JsonNode?>(StepPrefix + index.ToString(CultureInfo.InvariantCulture), null))),
        };
    }

    /// <summary>The batch that a Secret holds; null if it holds none that this version of the agent understands.</summary>
    public static StoredBatch? Read(SecretObject secret)
    {
        var metadata = secret.Metadata;
        if (secret.Type != Type || secret.Data is not { } data
            || !data.TryGetValue(OperationsField, out var content) || !data.TryGetValue(KeysField, out var keys)
            || metadata.Annotation(WellKnownNames.OperationRecordAnnotation) is not { } described
            || JournalJson.Read(Encoding.UTF8.GetBytes(described), JournalJson.Default.BatchEntry) is not { Count: > 0 } entry
            || OffsetsIn(content) is not { } offsets
            || offsets.Length != entry.Count || keys.Length != OperationIdentity.HashBytes * entry.Count
            || LeftOf(metadata.Annotation(WellKnownNames.OperationsLeftAnnotation), entry.Count) is not { } left)
        {
            return null;
        }
        var batch = new OperationBatch(metadata.Name, entry.Sequence, entry.ReceivedAt, offsets, content.Length, left);
        var names = keys.Chunk(OperationIdentity.HashBytes).Select(key => new OperationKey(OperationIdentity.Prefix + Convert.ToHexStringLower(key))).ToList();
        return StepsIn(data, batch, names) is { } steps ? new StoredBatch(batch, names, content) { Steps = steps } : null;
    }

    // Null: one that no agent wrote.
    private static Dictionary<int, StoredOperation>? StepsIn(
        IReadOnlyDictionary<string, byte[]> data, OperationBatch batch, List<OperationKey> keys)
    {
        var steps = new Dictionary<int, StoredOperation>();
        foreach (var (name, text) in data.Where(field => field.Key.StartsWith(StepPrefix, StringComparison.Ordinal)))
        {
            if (!int.TryParse(name.AsSpan(StepPrefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var index)
                || index >= batch.Count || JournalJson.Read(text, JournalJson.Default.BatchStep) is not { Record: { } entry } step
                || entry.ToRecord(new ObjectMetadata { Name = keys[index].Value }) is not { } record
                || record.HasResult != step.Result is not null)
            {
                return null;
            }
            steps[index] = new(record with { Place = new BatchPlace(batch, index) }, step.Result ?? []);
            batch.Steps.Add(index);
        }
        return steps;
    }

    private static BitArray? LeftOf(string? bits, int count)
    {
        if (bits is null) return new BitArray(count);
        var bytes = new byte[(count + 7) / 8];
        return Convert.TryFromBase64String(bits, bytes, out var length) && length == bytes.Length
            ? new BitArray(bytes) { Length = count }
            : null;
    }

    // Where each operation begins; null: it is no array of values.
    private static int[]? OffsetsIn(ReadOnlySpan<byte> content)
    {
        var offsets = new List<int>();
        var reader = new Utf8JsonReader(content, OperationJson.ReaderOptions);
        try
        {
            if (!reader.Read() || reader.TokenType is not JsonTokenType.StartArray) return null;
            while (reader.Read() && reader.TokenType is not JsonTokenType.EndArray)
            {
                offsets.Add((int)reader.TokenStartIndex);
                reader.Skip();
            }
            return reader.Read() ? null : [.. offsets];
        }
        catch (JsonException)
        {
            return null; // someone else's change
        }
    }
}

/// <summary>What a batch's Secret says of it, in the annotation <see cref="WellKnownNames.OperationRecordAnnotation"/>.</summary>
internal sealed record BatchEntry
{
    public required long Sequence { get; init; }

    public required DateTimeOffset ReceivedAt { get; init; }

    public required int Count { get; init; }
}

/// <summary>A step of an operation that is in a batch, in a field of its own.</summary>
internal sealed record BatchStep
{
    public required JournalEntry Record { get; init; }

    public byte[]? Result { get; init; }
}
