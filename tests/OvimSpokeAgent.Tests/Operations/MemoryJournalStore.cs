using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Operations;

namespace OvimSpokeAgent.Tests.Operations;

/// <summary>A journal's store in memory: it outlives the agent, and fails when told.</summary>
internal sealed class MemoryJournalStore : IJournalStore
{
    private readonly Dictionary<OperationKey, JournalRecord> _records = [];

    private int _version;

    /// <summary>What every request fails with; null: none does.</summary>
    public string? Trouble { get; set; }

    /// <summary>How many records it has room for.</summary>
    public int Quota { get; set; } = int.MaxValue;

    /// <summary>Ids of operations that are stored only when the test says so.</summary>
    public Dictionary<string, TaskCompletionSource> Held { get; } = [];

    /// <summary>How often it was asked to remove records, whatever their number.</summary>
    public int Removals { get; private set; }

    public IReadOnlyCollection<JournalRecord> Records => _records.Values;

    public JournalRecord Single(string id) => _records.Values.Single(record => record.Operation.Id == id);

    public void Put(JournalRecord record) => _records[record.Key] = record with { Version = $"{++_version}" };

    public Task CheckReadableAsync(CancellationToken cancellationToken)
    {
        ThrowIfInTrouble();
        return Task.CompletedTask;
    }

    public Task<JournalContent> LoadAsync(CancellationToken cancellationToken)
    {
        ThrowIfInTrouble();
        return Task.FromResult(new JournalContent([.. _records.Values], []));
    }

    public Task<JournalContent> LoadUnsettledAsync(CancellationToken cancellationToken)
    {
        ThrowIfInTrouble();
        return Task.FromResult(new JournalContent([.. _records.Values.Where(record => !record.IsSettled)], []));
    }

    public async Task<JournalRecord> CreateAsync(JournalRecord record, CancellationToken cancellationToken)
    {
        if (Held.TryGetValue(record.Operation.Id, out var held)) await held.Task;
        ThrowIfInTrouble();
        if (!_records.ContainsKey(record.Key))
        {
            if (_records.Count >= Quota) throw new KubernetesApiException(ApiErrorReason.Forbidden, "exceeded quota") { IsLackOfRoom = true };
            Put(record);
        }
        return _records[record.Key];
    }

    public Task<JournalRecord> UpdateAsync(JournalRecord previous, JournalRecord next, CancellationToken cancellationToken)
    {
        ThrowIfInTrouble();
        Put(next);
        return Task.FromResult(_records[next.Key]);
    }

    public Task RemoveAsync(IReadOnlyCollection<DateTimeOffset> expiries, CancellationToken cancellationToken)
    {
        ThrowIfInTrouble();
        Removals++;
        foreach (var gone in _records.Values.Where(record => record.ExpiresAt is { } at && expiries.Contains(at)).ToList())
            _records.Remove(gone.Key);
        return Task.CompletedTask;
    }

    private void ThrowIfInTrouble()
    {
        if (Trouble is { } trouble) throw new KubernetesApiException(ApiErrorReason.Unavailable, trouble);
    }
}
