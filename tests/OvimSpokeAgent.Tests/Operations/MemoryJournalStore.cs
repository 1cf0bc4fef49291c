using System.Collections;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Operations;

namespace OvimSpokeAgent.Tests.Operations;

/// <summary>A journal's store in memory: it outlives the agent, and fails when told.</summary>
internal sealed class MemoryJournalStore : IJournalStore
{
    private readonly Dictionary<OperationKey, StoredOperation> _stored = [];
    private readonly Dictionary<string, (StoredBatch Batch, BitArray Left, Dictionary<int, JsonObject> Steps)> _batches = [];

    private int _version;
    private bool _isSpoilt;

    /// <summary>What every request fails with; null: none does.</summary>
    public string? Trouble { get; set; }

    /// <summary>How many records it has room for.</summary>
    public int Quota { get; set; } = int.MaxValue;

    /// <summary>Ids of operations that are stored only when the test says so.</summary>
    public Dictionary<string, TaskCompletionSource> Held { get; } = [];

    /// <summary>What is stored together cannot be read any more.</summary>
    public void Spoil() => _isSpoilt = true;

    /// <summary>How often it was asked to remove records, whatever their number.</summary>
    public int Removals { get; private set; }

    /// <summary>How often a record was read with its body.</summary>
    public int Reads { get; private set; }

    /// <summary>Operations that are stored together, by their ids.</summary>
    public IReadOnlyList<IReadOnlyList<string>> Batches =>
        [.. _batches.Values.Select(stored => Enumerable.Range(0, stored.Batch.Batch.Count).Select(i => IdOf(stored.Batch, i)).ToList())];

    public IReadOnlyCollection<JournalRecord> Records => [.. _stored.Values.Select(stored => stored.Record)];

    public JournalRecord Single(string id) => Records.Single(record => record.Operation.Id == id);

    /// <summary>The payload, or the result, that is stored for the one operation with this id.</summary>
    public string BodyOf(string id) => BodyOf(Single(id));

    public string BodyOf(JournalRecord record) => Encoding.UTF8.GetString(_stored[record.Key].Body.Span);

    public JournalRecord Put(JournalRecord record, ReadOnlyMemory<byte>? body = null)
    {
        record = record with { Version = $"{++_version}" };
        _stored[record.Key] = new(record, body ?? _stored[record.Key].Body);
        return record;
    }

    public Task CheckReadableAsync(CancellationToken cancellationToken)
    {
        ThrowIfInTrouble();
        return Task.CompletedTask;
    }

    public Task WarmUpAsync(StoredBatch batch, CancellationToken cancellationToken) => CheckReadableAsync(cancellationToken);

    public Task<JournalContent> LoadAsync(Predicate<string> isKnown, CancellationToken cancellationToken)
    {
        ThrowIfInTrouble();
        return Task.FromResult(new JournalContent(
            [.. Records.Where(record => !isKnown(record.Key.Value)).Select(record => record with { Place = null })],
            [.. _batches.Keys.Where(name => !isKnown(name))],
            []));
    }

    public async Task<JournalContent> LoadUnsettledAsync(Predicate<string> isKnown, CancellationToken cancellationToken)
    {
        var content = await LoadAsync(isKnown, cancellationToken);
        return content with { Records = [.. content.Records.Where(record => !record.IsSettled)] };
    }

    public async Task CreateBatchAsync(StoredBatch batch, CancellationToken cancellationToken)
    {
        for (var i = 0; i < batch.Batch.Count; i++)
        {
            if (Held.TryGetValue(IdOf(batch, i), out var held)) await held.Task;
        }
        ThrowIfInTrouble();
        ThrowIfFull();
        _batches.TryAdd(batch.Batch.Name, (batch, new BitArray(batch.Batch.Count), []));
    }

    public Task<StoredBatch?> ReadBatchAsync(string name, CancellationToken cancellationToken)
    {
        ThrowIfInTrouble();
        if (_isSpoilt) throw new KubernetesApiException(ApiErrorReason.Unreadable, "spoilt");
        if (!_batches.TryGetValue(name, out var stored)) return Task.FromResult<StoredBatch?>(null);
        // As it is read from what is stored, not the object that the agent has.
        var secret = BatchSecret.Create(stored.Batch, "ovim-system");
        secret["metadata"]!["annotations"]![WellKnownNames.OperationsLeftAnnotation] =
            (string?)BatchSecret.Mark(stored.Left, [])["metadata"]!["annotations"]![WellKnownNames.OperationsLeftAnnotation];
        foreach (var (field, value) in stored.Steps.Values.SelectMany(step => step["data"]!.AsObject())) secret["data"]![field] = value!.DeepClone();
        return Task.FromResult(BatchSecret.Read(JsonSerializer.Deserialize(secret, JournalJson.Default.SecretObject)!));
    }

    public Task<bool> StepInBatchAsync(JournalRecord next, ReadOnlyMemory<byte>? result, CancellationToken cancellationToken)
    {
        ThrowIfInTrouble();
        var (batch, index) = next.Place!.Value;
        if (!_batches.TryGetValue(batch.Name, out var stored)) return Task.FromResult(false);
        stored.Steps[index] = BatchSecret.Step(next, result);
        return Task.FromResult(true);
    }

    public Task<bool> MarkAsync(string name, BitArray left, IReadOnlyCollection<int> steps, CancellationToken cancellationToken)
    {
        ThrowIfInTrouble();
        if (!_batches.TryGetValue(name, out var stored)) return Task.FromResult(false);
        foreach (var index in steps) stored.Steps.Remove(index);
        _batches[name] = stored with { Left = left };
        return Task.FromResult(true);
    }

    public Task RemoveBatchesAsync(IReadOnlyCollection<string> names, CancellationToken cancellationToken)
    {
        ThrowIfInTrouble();
        foreach (var name in names) _batches.Remove(name);
        return Task.CompletedTask;
    }

    public Task<StoredOperation?> ReadAsync(OperationKey key, CancellationToken cancellationToken)
    {
        ThrowIfInTrouble();
        Reads++;
        return Task.FromResult(_stored.TryGetValue(key, out var stored) ? stored : (StoredOperation?)null);
    }

    public async Task<JournalRecord> CreateAsync(
        JournalRecord record, ReadOnlyMemory<byte> body, CancellationToken cancellationToken)
    {
        if (Held.TryGetValue(record.Operation.Id, out var held)) await held.Task;
        ThrowIfInTrouble();
        if (_stored.TryGetValue(record.Key, out var known)) return known.Record;
        ThrowIfFull();
        return Put(record, body);
    }

    public Task<JournalRecord?> UpdateAsync(
        JournalRecord previous, JournalRecord next, ReadOnlyMemory<byte>? body, CancellationToken cancellationToken)
    {
        ThrowIfInTrouble();
        if (!_stored.ContainsKey(next.Key)) ThrowIfFull();
        return Task.FromResult<JournalRecord?>(Put(next, previous.IsInBatch || next.HasResult != previous.HasResult ? body : null));
    }

    public Task RemoveAsync(IReadOnlyCollection<DateTimeOffset> expiries, CancellationToken cancellationToken)
    {
        ThrowIfInTrouble();
        Removals++;
        foreach (var gone in Records.Where(record => record.ExpiresAt is { } at && expiries.Contains(at)).ToList())
            _stored.Remove(gone.Key);
        return Task.CompletedTask;
    }

    private static string IdOf(StoredBatch batch, int index) =>
        JsonElement.Parse(batch.Batch.TextOf(index, batch.Content).Span).GetProperty("id").GetString()!;

    private void ThrowIfFull()
    {
        if (_stored.Count + _batches.Count >= Quota)
            throw new KubernetesApiException(ApiErrorReason.Forbidden, "exceeded quota") { IsLackOfRoom = true };
    }

    private void ThrowIfInTrouble()
    {
        if (Trouble is { } trouble) throw new KubernetesApiException(ApiErrorReason.Unavailable, trouble);
    }
}
