using OvimSpokeAgent.Supervision;

namespace OvimSpokeAgent.Operations;

/// <summary>A result on its way to the hub.</summary>
internal sealed class Delivery(JournalRecord record)
{
    public JournalRecord Record { get; } = record;

    /// <summary>Attempts that failed.</summary>
    public int Failures { get; set; }

    /// <summary>When the next attempt is due.</summary>
    public TimeSpan NotBefore { get; set; }
}

/// <summary>
/// Decides which result is sent next: the oldest, never two of one id at a time nor a newer before an older of its id.
/// One that fails waits on its own and lets the others pass; when all fail, it is the hub, and a single one tries until
/// it answers. Times are those since any fixed moment. Not safe for threads.
/// </summary>
/// <param name="parallel">How many are on the way at most, and how many failures in a row mean that it is the hub.</param>
/// <param name="jitter">Spreads the waits.</param>
internal sealed class DeliveryQueue(int parallel, Jitter jitter)
{
    // A fleet that lost its hub does not come back as one.
    private readonly Backoff _backoff = new(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(30), jitter);
    private readonly SortedDictionary<(long Sequence, string Key), Delivery> _waiting = [];
    private readonly HashSet<string> _idsOnTheWay = [];
    private int _failuresInARow;
    private TimeSpan _pausedUntil;

    /// <summary>Results that wait or are on the way.</summary>
    public int Count => _waiting.Count + _idsOnTheWay.Count;

    /// <summary>All that was tried of late failed: it is the hub.</summary>
    public bool HubFails => _failuresInARow >= parallel;

    /// <summary>Adds a result; one of the same operation that waits is replaced.</summary>
    public void Add(JournalRecord record) => _waiting[KeyOf(record)] = new Delivery(record);

    public void Clear()
    {
        _waiting.Clear();
        _idsOnTheWay.Clear();
    }

    /// <summary>The next to send; it is on the way until it is <see cref="Answered"/> or has <see cref="Failed"/>.</summary>
    public Delivery? TryTake(TimeSpan now)
    {
        if (_idsOnTheWay.Count >= parallel || (HubFails && (_idsOnTheWay.Count > 0 || now < _pausedUntil))) return null;
        var next = Candidates().FirstOrDefault(delivery => delivery.NotBefore <= now);
        if (next is null) return null;
        _waiting.Remove(KeyOf(next.Record));
        _idsOnTheWay.Add(next.Record.Operation.Id);
        return next;
    }

    /// <summary>When time alone makes the next one due; null: something else has to happen first.</summary>
    public TimeSpan? NextDue()
    {
        if (_idsOnTheWay.Count >= parallel || (HubFails && _idsOnTheWay.Count > 0)) return null;
        TimeSpan? earliest = null;
        foreach (var delivery in Candidates())
        {
            if (earliest is null || delivery.NotBefore < earliest) earliest = delivery.NotBefore;
        }
        return earliest is { } due && HubFails && due < _pausedUntil ? _pausedUntil : earliest;
    }

    /// <summary>The hub took or refused it.</summary>
    public void Answered(Delivery delivery)
    {
        _failuresInARow = 0;
        _idsOnTheWay.Remove(delivery.Record.Operation.Id);
    }

    /// <summary>The hub did not answer, or not in a way that settles it.</summary>
    public void Failed(Delivery delivery, TimeSpan now)
    {
        _idsOnTheWay.Remove(delivery.Record.Operation.Id);
        _failuresInARow++;
        if (HubFails) _pausedUntil = now + _backoff.After(_failuresInARow - parallel);
        delivery.NotBefore = now + _backoff.After(delivery.Failures++);
        _waiting.TryAdd(KeyOf(delivery.Record), delivery);
    }

    // The oldest of each id that is not on the way, the oldest first.
    private IEnumerable<Delivery> Candidates()
    {
        var seen = new HashSet<string>(_idsOnTheWay);
        return _waiting.Values.Where(delivery => seen.Add(delivery.Record.Operation.Id));
    }

    private static (long Sequence, string Key) KeyOf(JournalRecord record) => (record.Sequence, record.Key.Value);
}
