namespace OvimSpokeAgent.Operations;

/// <summary>
/// Determines from the journal which operations must still run or be delivered. Payloads are looked at once, for what is needed to wait for their turn, and
/// again when it comes; a few are in memory at a time.
/// </summary>
internal sealed class PendingOperationFinder(OperationRegistry registry, OperationExecutor executor, OperationJournal journal)
{
    private const int AtOnce = 4;

    /// <summary>All there is, in the order of arrival. Operations that are not finished take back what they were promised.</summary>
    public async Task<Found> FindAsync(JournalContent content, CancellationToken cancellationToken)
    {
        var unreadable = content.Unreadable.ToList();
        var operations = new Dictionary<OperationKey, PendingOperation>();
        foreach (var chunk in content.Records.Chunk(AtOnce))
        {
            var looked = await Task.WhenAll(chunk.Select(record => LookAtAsync(record, cancellationToken)));
            foreach (var (record, one) in chunk.Zip(looked))
            {
                if (one is { } pending) operations[record.Key] = Restored(pending);
                else unreadable.Add(record.Key.Value);
            }
        }
        var batches = new List<OperationBatch>();
        foreach (var name in content.Batches.Order(StringComparer.Ordinal)) // by their age
        {
            if (await journal.ReadBatchAsync(name, cancellationToken) is not { } stored) continue;
            batches.Add(stored.Batch);
            foreach (var one in Open(stored, key => operations.TryGetValue(key, out var known) ? known : null))
                operations[one.Record.Key] = Restored(one);
        }
        unreadable.AddRange(journal.Status.Unreadable.Where(content.Batches.Contains));
        return new(
            [.. operations.Values.OrderBy(one => one.Record.Sequence).ThenBy(one => one.Record.Key.Value)], batches, unreadable);
    }

    /// <summary>What turned up in the store and is to be seen to.</summary>
    public async Task<IReadOnlyList<PendingOperation>> TakeOverAsync(JournalContent content, CancellationToken cancellationToken)
    {
        var takenOver = new List<PendingOperation>();
        foreach (var record in content.Records)
        {
            if (await LookAtAsync(record, cancellationToken) is { } one) takenOver.Add(one);
        }
        foreach (var name in content.Batches)
        {
            if (await journal.ReadBatchAsync(name, cancellationToken) is not { } stored) continue;
            var operations = Open(stored, key => journal.Find(key) is { } known ? new PendingOperation(known) : null)
                .ToDictionary(one => one.Record.Key, one => one with { Restore = null });
            takenOver.AddRange(journal.TakeOver(stored.Batch, [.. operations.Values.Select(one => one.Record)]).Select(record => operations[record.Key]));
        }
        return takenOver;
    }

    /// <summary>Looks at what is to be done; null: it cannot be read, and is named.</summary>
    public async Task<PendingOperation?> LookAtAsync(JournalRecord record, CancellationToken cancellationToken)
    {
        if (!record.IsUnfinished) return new PendingOperation(record);
        var payload = await journal.FindPayloadAsync(record, cancellationToken);
        return payload.State switch
        {
            PayloadState.Found => Waiting(record, Prepare(payload)),
            PayloadState.Spoiled => null,
            _ => new PendingOperation(payload.Record),
        };
    }

    /// <summary>Judges what was found to be done.</summary>
    public PreparedOperation Prepare(PayloadLookup found)
    {
        if (!found.IsWhole) return executor.Prepare(found.Record.Operation.With(found.Json));
        var envelope = OperationEnvelope.Parse(found.Json, registry, found.Record.ReceivedAt);
        var operation = found.Record.Operation.With(envelope.Operation?.Payload ?? Validation.JsonText.EmptyObject);
        return envelope.Error is { } error ? PreparedOperation.Rejected(operation, error) : executor.Prepare(operation);
    }

    // Of an operation with a record of its own, that record, with its place in the batch; each operation once.
    private IEnumerable<PendingOperation> Open(StoredBatch stored, Func<OperationKey, PendingOperation?> find)
    {
        var batch = stored.Batch;
        for (var i = 0; i < batch.Count; i++)
        {
            if (batch.Left[i]) continue;
            var key = stored.Keys[i];
            if (find(key) is { } known)
            {
                if (known.Record is { IsInBatch: true, Place: { } place } && place.Batch.Name != batch.Name) batch.Left[i] = true; // seen to there
                else yield return known with { Record = known.Record with { Place = new BatchPlace(batch, i) } };
                continue;
            }
            var step = stored.Steps.TryGetValue(i, out var its) ? its.Record : null;
            if (step is { IsUnfinished: false })
            {
                yield return new PendingOperation(step);
                continue;
            }
            var text = OperationJson.Parse(batch.TextOf(i, stored.Content).Span);
            if (OperationEnvelope.Parse(text, registry, batch.ReceivedAt).Operation is not { } operation) continue;
            var record = step ?? OperationJournal.RecordIn(batch, i, operation.WithoutPayload() with { Key = key }, operation.PayloadLength);
            yield return Waiting(record, Prepare(new(PayloadState.Found, record, text, IsWhole: true)));
        }
    }

    private static PendingOperation Waiting(JournalRecord record, PreparedOperation prepared) =>
        new(record, prepared.Plan?.Target, prepared.Plan is { ReadOnly: true }) { Restore = RestoreOf(record, prepared.Plan) };

    private static Action<OperationKey>? RestoreOf(JournalRecord record, OperationPlan? plan) =>
        plan?.RestoreFromCheckpoint is { } restore && record.Checkpoint is { } checkpoint ? key => restore(key, checkpoint) : plan?.Restore;

    // At once: what a payload has in it is not held.
    private static PendingOperation Restored(PendingOperation one)
    {
        one.Restore?.Invoke(one.Record.Key);
        return one with { Restore = null };
    }

    /// <summary>What the journal holds.</summary>
    /// <param name="Operations">All of it, in the order of arrival.</param>
    /// <param name="Batches">What was stored together.</param>
    /// <param name="Unreadable">Names of what cannot be read.</param>
    internal sealed record Found(
        IReadOnlyList<PendingOperation> Operations, IReadOnlyList<OperationBatch> Batches, IReadOnlyList<string> Unreadable);
}
