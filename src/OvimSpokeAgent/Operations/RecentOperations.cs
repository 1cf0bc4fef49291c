using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Validation;

namespace OvimSpokeAgent.Operations;

/// <summary>
/// The operations that are under way and the last <see cref="Kept"/> that ended, for people to look at: no payload, no result. What is
/// under way is bounded by <c>OVIM_OPERATION_BACKLOG</c>, what ended takes at most 200 KiB. Thread-safe.
/// </summary>
internal sealed class RecentOperations(TimeProvider time)
{
    /// <summary>How many that ended are kept.</summary>
    public const int Kept = 100;

    private const int MaxErrorLength = 1000;
    private const int MaxNameLength = 100;

    private readonly Lock _lock = new();
    private readonly Dictionary<OperationKey, OperationInFlight> _inFlight = [];
    private readonly Queue<EndedOperation> _ended = new();
    private OperationTally _tally = new();

    /// <summary>How many are under way.</summary>
    public int InFlightCount
    {
        get
        {
            lock (_lock) return _inFlight.Count;
        }
    }

    /// <summary>Those under way, the oldest first.</summary>
    /// <param name="most">How many at most.</param>
    public IReadOnlyList<OperationInFlight> InFlight(int most)
    {
        lock (_lock) return [.. _inFlight.Values.OrderBy(one => one.ReceivedAt).Take(most)];
    }

    /// <summary>Those that ended last, the newest first.</summary>
    public IReadOnlyList<EndedOperation> Ended()
    {
        lock (_lock) return [.. _ended.Reverse()];
    }

    /// <summary>One waits for its turn.</summary>
    public void Waits(JournalRecord record, NamespacedName? target)
    {
        var operation = record.Operation;
        lock (_lock)
        {
            _inFlight[record.Key] = new OperationInFlight
            {
                Key = record.Key,
                Id = operation.Id,
                Type = JsonText.Shorten(operation.Type, MaxNameLength),
                Target = target,
                ReceivedAt = record.ReceivedAt,
            };
        }
    }

    /// <summary>Its turn has come.</summary>
    public void Begins(OperationKey key)
    {
        lock (_lock)
        {
            if (_inFlight.TryGetValue(key, out var one)) _inFlight[key] = one with { StartedAt = time.GetUtcNow() };
        }
    }

    /// <summary>It ended.</summary>
    /// <param name="record">Its record.</param>
    /// <param name="target">What it worked on.</param>
    /// <param name="error">Why it failed; null: it is completed.</param>
    /// <param name="duration">How long its execution took; null: it was refused without one.</param>
    public void Ends(JournalRecord record, NamespacedName? target, string? error, TimeSpan? duration)
    {
        var operation = record.Operation;
        var ended = new EndedOperation
        {
            Key = record.Key,
            Id = operation.Id,
            Type = JsonText.Shorten(operation.Type, MaxNameLength),
            Target = target,
            ReceivedAt = record.ReceivedAt,
            EndedAt = time.GetUtcNow(),
            Duration = duration ?? TimeSpan.Zero,
            Error = error is null ? null : JsonText.Shorten(error, MaxErrorLength),
        };
        lock (_lock)
        {
            _inFlight.Remove(record.Key);
            _ended.Enqueue(ended);
            if (_ended.Count > Kept) _ended.Dequeue();
            _tally.Add(ended.Error is null, duration);
        }
    }

    /// <summary>It is not for this agent to do any more.</summary>
    public void Forget(OperationKey key)
    {
        lock (_lock) _inFlight.Remove(key);
    }

    /// <summary>None is for this agent to do any more; what ended did.</summary>
    public void ForgetAll()
    {
        lock (_lock) _inFlight.Clear();
    }

    /// <summary>What ended since the last call of <see cref="TakeTally"/>.</summary>
    public TallySummary Tally()
    {
        lock (_lock) return _tally.Summary();
    }

    /// <summary>As <see cref="Tally"/>, and begins to count anew.</summary>
    public TallySummary TakeTally()
    {
        lock (_lock)
        {
            var taken = _tally.Summary();
            _tally = new OperationTally();
            return taken;
        }
    }
}
