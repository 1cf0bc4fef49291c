namespace OvimSpokeAgent.Operations;

/// <summary>The journal's records in memory, with the indexes that look-ups need. Not thread-safe.</summary>
internal sealed class JournalRecords
{
    private readonly Dictionary<OperationKey, JournalRecord> _records = [];
    private readonly Dictionary<string, List<OperationKey>> _byId = [];
    private readonly Dictionary<string, OperationBatch> _batches = [];

    /// <summary>Bytes they take in the store, roughly.</summary>
    public long Bytes { get; private set; }

    /// <summary>How many results the hub refuses.</summary>
    public int Refused { get; private set; }

    public IReadOnlyCollection<JournalRecord> All => _records.Values;

    public JournalRecord? Find(OperationKey key) => _records.GetValueOrDefault(key);

    /// <summary>All records of one id: the hub repeats ids.</summary>
    public IEnumerable<JournalRecord> WithId(string id) =>
        _byId.TryGetValue(id, out var keys) ? keys.Select(key => _records[key]) : [];

    /// <summary>The batches of which the store has one.</summary>
    public IReadOnlyCollection<OperationBatch> Batches => _batches.Values;

    public bool HasBatch(string name) => _batches.ContainsKey(name);

    public void Add(OperationBatch batch)
    {
        if (_batches.TryAdd(batch.Name, batch)) Bytes += batch.Size;
    }

    /// <summary>The store has it no more.</summary>
    public void Remove(OperationBatch batch)
    {
        batch.IsGone = true;
        Forget(batch);
    }

    /// <summary>It is not known any more, and may turn up again.</summary>
    public void Forget(OperationBatch batch)
    {
        if (_batches.Remove(batch.Name)) Bytes -= batch.Size;
    }

    /// <summary>Adds a record or replaces the one with its key.</summary>
    public void Put(JournalRecord record)
    {
        if (_records.TryGetValue(record.Key, out var old)) Count(old, -1);
        else if (_byId.TryGetValue(record.Operation.Id, out var keys)) keys.Add(record.Key);
        else _byId[record.Operation.Id] = [record.Key];
        _records[record.Key] = record;
        Count(record, 1);
        if (record is { IsInBatch: false, Place: { } place }) place.Batch.Left[place.Index] = true;
    }

    public void Remove(OperationKey key)
    {
        if (!_records.Remove(key, out var old)) return;
        Count(old, -1);
        var keys = _byId[old.Operation.Id];
        keys.Remove(key);
        if (keys.Count == 0) _byId.Remove(old.Operation.Id);
    }

    public void Clear()
    {
        _records.Clear();
        _byId.Clear();
        _batches.Clear();
        (Bytes, Refused) = (0, 0);
    }

    private void Count(JournalRecord record, int sign)
    {
        Bytes += sign * record.Size;
        if (record.State is JournalState.Refused) Refused += sign;
    }
}
