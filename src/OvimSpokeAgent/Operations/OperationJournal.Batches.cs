using System.Collections;
using System.Runtime.InteropServices;
using System.Text.Json;
using OvimSpokeAgent.Supervision;
using OvimSpokeAgent.Validation;

namespace OvimSpokeAgent.Operations;

/// <content>Operations that come together: stored with one write, and split as they get records of their own.</content>
internal sealed partial class OperationJournal
{
    private const int ParallelBatches = 4;

    private readonly SemaphoreSlim _creatingBatches = new(ParallelBatches);
    private readonly HashSet<string> _arrivingBatches = [];
    private int _arrivingTogether;

    /// <summary>
    /// Whether what arrives can be stored together. Alone it is while repeats cannot be told from what is in memory: another
    /// agent leads, or there is what cannot be read.
    /// </summary>
    public bool CanTakeTogether
    {
        get
        {
            lock (_lock) return _session is not null && _status.Unreadable.Count == 0;
        }
    }

    /// <summary>Stores operations that came together and are not known.</summary>
    /// <param name="operations">The operations.</param>
    /// <param name="offsets">Where in the content each begins.</param>
    /// <param name="content">The operations as they came: a JSON array.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>Their records, in order, and until when this agent has to see to them; null: whoever leads finds them.</returns>
    public async Task<(IReadOnlyList<JournalRecord> Records, Term? Session)> ReceiveTogetherAsync(
        IReadOnlyList<(OperationHeader Operation, int PayloadBytes)> operations,
        int[] offsets,
        ReadOnlyMemory<byte> content,
        CancellationToken cancellationToken)
    {
        var batch = NewBatch(offsets, content);
        var stored = new StoredBatch(batch, [.. operations.Select(one => one.Operation.Key)], content);
        lock (_lock)
        {
            _arrivingBatches.Add(batch.Name);
            _arrivingTogether += operations.Count;
        }
        try
        {
            await CreateBatchAsync(stored, cancellationToken);
            _bodies.Put(batch.Name, isResult: false, content);
            JournalRecord[] records = [.. operations.Select((one, i) => RecordIn(batch, i, one.Operation, one.PayloadBytes))];
            lock (_lock) return (records, TryAdopt(batch, records) ? _session : null);
        }
        finally
        {
            lock (_lock)
            {
                _arrivingBatches.Remove(batch.Name);
                _arrivingTogether -= operations.Count;
            }
            _changed.Set();
        }
    }

    /// <summary>Completes when operations could be stored; nothing is.</summary>
    public async Task WarmUpAsync(OperationHeader operation, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        var batch = new StoredBatch(NewBatch([1], content), [operation.Key], content);
        await _attempts.UntilStoredAsync(
            async token =>
            {
                await _store.WarmUpAsync(batch, token);
                return true;
            },
            cancellationToken);
    }

    /// <summary>Operations that were stored together; null: people removed or spoiled them, what was spoiled is named.</summary>
    public async Task<StoredBatch?> ReadBatchAsync(string name, CancellationToken cancellationToken)
    {
        var (stored, isUnreadable) = await TryReadAsync(token => _store.ReadBatchAsync(name, token), cancellationToken);
        if (isUnreadable) Name(name);
        if (stored is { } read) _bodies.Put(name, isResult: false, read.Content);
        return stored;
    }

    /// <summary>The record of an operation that has none of its own.</summary>
    public static JournalRecord RecordIn(OperationBatch batch, int index, OperationHeader operation, int payloadBytes) => new()
    {
        Operation = operation,
        State = JournalState.Received,
        Sequence = batch.Sequence + index,
        ReceivedAt = batch.ReceivedAt,
        BodyBytes = payloadBytes,
        Place = new BatchPlace(batch, index),
    };

    /// <summary>Takes over operations that turned up together in the store; returns those that are to be seen to.</summary>
    public IReadOnlyList<JournalRecord> TakeOver(OperationBatch batch, IReadOnlyList<JournalRecord> records)
    {
        lock (_lock)
        {
            if (_session is null || _records.HasBatch(batch.Name)) return [];
            _records.Add(batch);
            _status = _status with { Unreadable = [.. _status.Unreadable.Where(name => name != batch.Name)] };
            var takenOver = new List<JournalRecord>();
            foreach (var record in records)
            {
                // Known ones must not go before this batch knows that they left it.
                if (_records.Find(record.Key) is { } known) _records.Put(known with { Place = record.Place });
                else if (record.IsInBatch && TryAdopt(record)) takenOver.Add(record);
            }
            return takenOver;
        }
    }

    private OperationBatch NewBatch(int[] offsets, ReadOnlyMemory<byte> content)
    {
        var now = _time.GetUtcNow();
        var sequence = NextSequence(now, offsets.Length);
        return new OperationBatch(
            BatchSecret.NameOf(sequence, content.Span), sequence, now, offsets, content.Length, new BitArray(offsets.Length));
    }

    private bool TryAdopt(OperationBatch batch, IReadOnlyList<JournalRecord> records)
    {
        if (_session is null) return false;
        _records.Add(batch);
        foreach (var record in records) TryAdopt(record);
        return true;
    }

    private async Task CreateBatchAsync(StoredBatch batch, CancellationToken cancellationToken)
    {
        await _creatingBatches.WaitAsync(CancellationToken.None); // what the hub handed out is stored, however long it takes
        try
        {
            await _attempts.UntilStoredAsync(
                async token =>
                {
                    await _store.CreateBatchAsync(batch, token);
                    return true;
                },
                cancellationToken);
        }
        finally
        {
            _creatingBatches.Release();
        }
    }

    private async Task<PayloadLookup> FindInBatchAsync(JournalRecord record, CancellationToken cancellationToken)
    {
        var (batch, index) = record.Place!.Value;
        if (!_bodies.TryGet(batch.Name, isResult: false, out var content))
        {
            var (stored, isUnreadable) = await TryReadAsync(token => _store.ReadBatchAsync(batch.Name, token), cancellationToken);
            if (isUnreadable)
            {
                Leave(record);
                return new(PayloadState.Spoiled, record);
            }
            if (stored is not { } read) return new(PayloadState.Gone, record);
            content = read.Content;
            _bodies.Put(batch.Name, isResult: false, content);
        }
        return new(PayloadState.Found, record, OperationJson.Parse(batch.TextOf(index, content).Span), IsWhole: true);
    }

    // For the first record of an operation that only reads, whose result is not stored, or that had no room for one before.
    private async Task<ReadOnlyMemory<byte>?> BodyInBatchAsync(JournalRecord record, CancellationToken cancellationToken)
    {
        if (record.HasResult) return await FindResultAsync(record, cancellationToken);
        var found = await FindInBatchAsync(record, cancellationToken);
        return found.State is PayloadState.Found && JsonText.TryGetProperty(found.Json, "payload", out var payload)
            && payload.ValueKind is JsonValueKind.Object
            ? JsonMarshal.GetRawUtf8Value(payload).ToArray()
            : "{}"u8.ToArray();
    }

    private async Task RemoveBatchesAsync(CancellationToken cancellationToken)
    {
        OperationBatch[] empty, changed;
        lock (_lock)
        {
            empty = [.. _records.Batches.Where(batch => batch.HaveAllLeft)];
            changed = [.. _records.Batches.Where(batch => !batch.HaveAllLeft && batch.IsDirty)];
        }
        if (empty.Length > 0)
        {
            await _store.RemoveBatchesAsync([.. empty.Select(batch => batch.Name)], cancellationToken);
            lock (_lock) Array.ForEach(empty, _records.Remove);
        }
        foreach (var batch in changed) await MarkAsync(batch, cancellationToken);
    }

    private async Task MarkAsync(OperationBatch batch, CancellationToken cancellationToken)
    {
        BitArray left;
        int[] steps;
        lock (_lock)
        {
            left = new BitArray(batch.Left);
            steps = [.. batch.Steps.Where(index => left[index])];
        }
        var isThere = await _store.MarkAsync(batch.Name, left, steps, cancellationToken);
        lock (_lock)
        {
            if (isThere) batch.Stored(left);
            else _records.Remove(batch);
        }
    }
}
