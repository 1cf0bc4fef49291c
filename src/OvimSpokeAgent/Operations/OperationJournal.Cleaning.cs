using OvimSpokeAgent.Cluster;

namespace OvimSpokeAgent.Operations;

/// <content>Eviction of expired records, and adoption of records that a former leader stored.</content>
internal sealed partial class OperationJournal
{
    /// <summary>
    /// Removes what has been settled long enough, earlier when all of it together takes too much room. Returns what
    /// was not known, because an agent that led before stored it late: unsettled records, which it took over, and batches.
    /// A failure is kept for <see cref="Status"/>; the next time does it all.
    /// </summary>
    public async Task<JournalContent> CleanAsync(CancellationToken cancellationToken)
    {
        try
        {
            await RemoveBatchesAsync(cancellationToken); // a record must not go before its batch knows that it left
            await RemoveExpiredAsync(cancellationToken);
            // What cannot be read is looked at as a whole, until people have seen to it.
            var found = Status.Unreadable.Count == 0
                ? await _store.LoadUnsettledAsync(IsKnown, cancellationToken)
                : await _store.LoadAsync(IsKnown, cancellationToken);
            lock (_lock)
            {
                _status = _status with
                {
                    CleaningProblem = null,
                    Unreadable = [.. found.Unreadable, .. _status.Unreadable.Where(found.Batches.Contains)],
                };
                var takenOver = found.Records.OrderBy(record => record.Sequence)
                    .Where(record => !record.IsSettled && !_arriving.Contains(record.Key) && TryAdopt(record));
                return new([.. takenOver], [.. found.Batches.Where(name => !_arrivingBatches.Contains(name))], []);
            }
        }
        catch (KubernetesApiException e)
        {
            lock (_lock) _status = _status with { CleaningProblem = e.Message };
            return new([], [], []);
        }
    }

    private bool IsKnown(string name)
    {
        lock (_lock) return _records.Find(new OperationKey(name)) is not null || _records.HasBatch(name);
    }

    private async Task RemoveExpiredAsync(CancellationToken cancellationToken)
    {
        DateTimeOffset[] expired;
        var haveLeft = false;
        lock (_lock)
        {
            // Out of memory first: what is about to go must not be answered from, or opened again, any more.
            var going = _capacity.ToRemove(_records, _time.GetUtcNow(), isStoreFull: _attempts.Problem is { IsLackOfRoom: true });
            foreach (var record in going)
            {
                _records.Remove(record.Key);
                if (record is not { IsInBatch: true, Place: { } place }) continue;
                place.Batch.Left[place.Index] = haveLeft = true;
            }
            _expired.UnionWith(going.Select(record => record.ExpiresAt!.Value));
            expired = [.. _expired];
        }
        if (haveLeft) await RemoveBatchesAsync(cancellationToken);
        if (expired.Length == 0) return;
        await _store.RemoveAsync(expired, cancellationToken);
        lock (_lock) _expired.ExceptWith(expired);
        _changed.Set();
    }
}
