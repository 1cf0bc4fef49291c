using OvimSpokeAgent.Supervision;

namespace OvimSpokeAgent.Operations;

/// <summary>
/// Decides which result is sent next: the oldest of those not tried yet, never two of one id at a time nor a newer before
/// an older of its id. One that fails while the hub takes others waits on its own, longer each time, and costs the others
/// nothing. Where the hub takes none, those that failed are suspended: one at a time probes, the next one each time, until the
/// hub is heard of. <see cref="DeliveryPace"/> says when. Times are those since any fixed moment. Not thread-safe.
/// </summary>
internal sealed class DeliveryQueue
{
    // Of one result: while the hub takes others, and, while it takes none, from one of its answers to another.
    private static readonly ProportionalWait BetweenRefusals = new(5, TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(1));
    private static readonly ProportionalWait BetweenAnswers = new(10, TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(1));

    // After an answer, those whose wait is over by then are tried, and a probe without an answer for so long holds up no other.
    private static readonly TimeSpan SoonAfterAnswer = TimeSpan.FromSeconds(4);

    // Those that have waited for longer take turns: however many they are, one begins in this time.
    private static readonly TimeSpan LongWait = TimeSpan.FromSeconds(4);
    private static readonly TimeSpan BetweenLongWaits = TimeSpan.FromSeconds(1);

    private readonly int _parallel;
    private readonly Jitter _jitter;
    private readonly DeliveryPace _pace;
    private readonly Dictionary<string, SortedList<(long Sequence, string Key), Delivery>> _waiting = [];
    private readonly Dictionary<string, Delivery> _onTheWay = [];

    // Of each id that is not on the way the oldest, in one of these.
    private readonly SortedSet<Delivery> _ready = By(delivery => delivery.FailingSince is null ? 0 : delivery.IsRefused ? 2 : 1);
    private readonly SortedSet<Delivery> _later = By(delivery => delivery.NotBefore.Ticks);
    private readonly SortedSet<Delivery> _suspended = By(delivery => delivery.StartedAt.Ticks);

    private int _waitingCount;
    private int _failuresInARow;
    private TimeSpan? _lastTaken;
    private TimeSpan _lastTurn;

    /// <param name="parallel">How many attempts may wait for a prompt answer at once, and how many failures in a row mean that the hub takes none.</param>
    /// <param name="jitter">Spreads the waits.</param>
    public DeliveryQueue(int parallel, Jitter jitter) =>
        (_parallel, _jitter, _pace) = (parallel, jitter, new DeliveryPace(parallel, jitter));

    /// <summary>Results that wait or are on the way.</summary>
    public int Count => _waitingCount + _onTheWay.Count;

    /// <summary>When the oldest of them was made; null: there is none.</summary>
    public DateTimeOffset? OldestFinishedAt =>
        _waiting.Values.SelectMany(waiting => waiting.Values).Concat(_onTheWay.Values).Min(delivery => delivery.Record.FinishedAt);

    /// <summary>All that was tried of late failed: it is the hub, not the results.</summary>
    public bool HubTakesNone => _failuresInARow >= _parallel;

    /// <summary>Adds a result; one of the same operation that waits is replaced.</summary>
    public void Add(JournalRecord record)
    {
        var delivery = new Delivery(record);
        Leave(delivery.Id);
        Put(delivery);
        Enter(delivery.Id);
    }

    public void Clear()
    {
        foreach (var set in (SortedSet<Delivery>[])[_ready, _later, _suspended]) set.Clear();
        _waiting.Clear();
        _onTheWay.Clear();
        _waitingCount = 0;
    }

    /// <summary>The next to send; it is on the way until it is <see cref="Done"/>, <see cref="Failed"/> or <see cref="NotTried"/>.</summary>
    public Delivery? TryTake(TimeSpan now)
    {
        while (_later.Min is { } due && due.NotBefore <= now)
        {
            Leave(due.Id);
            due.NotBefore = TimeSpan.Zero;
            Enter(due.Id);
        }
        if (_pace.NextStart(now, _onTheWay.Values) is not { } start || start > now) return null;
        if (_ready.Min is { } next) return Take(next, now, isProbe: false);
        return IsForProbe && _pace.ProbeAt <= now ? Take(_suspended.Min!, now, isProbe: true) : null;
    }

    /// <summary>When time alone makes the next one due; null: something else has to happen first.</summary>
    public TimeSpan? NextDue(TimeSpan now)
    {
        TimeSpan? due = _ready.Count > 0 ? now : _later.Min?.NotBefore;
        if (IsForProbe && (due is null || _pace.ProbeAt < due)) due = _pace.ProbeAt;
        return due is null || _pace.NextStart(now, _onTheWay.Values) is not { } start ? null : TimeSpans.Max(due.Value, start);
    }

    /// <summary>The hub took it, or refused it for good: others that failed since are not the hub's failures.</summary>
    public void Taken(TimeSpan now)
    {
        _lastTaken = now;
        _failuresInARow = 0;
        _pace.ResultAccepted();
        foreach (var failed in (Delivery[])[.. _suspended, .. _later.Where(delivery => !delivery.IsRefused)])
            Change(failed, delivery => Refuse(delivery, now));
    }

    /// <summary>It is settled.</summary>
    public void Done(Delivery delivery)
    {
        _onTheWay.Remove(delivery.Id);
        Enter(delivery.Id);
    }

    /// <summary>The hub did not answer, or not in a way that settles it.</summary>
    /// <param name="delivery">What was on the way.</param>
    /// <param name="now">The time.</param>
    /// <param name="isAnswered">Whether the hub answered at all.</param>
    public void Failed(Delivery delivery, TimeSpan now, bool isAnswered)
    {
        if (_lastTaken >= delivery.StartedAt || (isAnswered && delivery.IsRefused))
        {
            Refuse(delivery, now);
        }
        else
        {
            (delivery.IsSuspended, delivery.FailedAt) = (true, now);
            delivery.FailingSince ??= now;
            _pace.Failed(now);
            if (!delivery.IsRefused) _failuresInARow++;
        }
        Return(delivery);
        if (isAnswered) Release(now, ahead: TimeSpan.Zero);
    }

    /// <summary>Nothing was sent, or it was given up: it is next again.</summary>
    public void NotTried(Delivery delivery) => Return(delivery);

    /// <summary>The hub answered on another endpoint, whatever: results may be tried.</summary>
    public void HubAnswers(TimeSpan now)
    {
        foreach (var probe in _onTheWay.Values.Where(delivery => delivery.IsProbe && delivery.StartedAt + SoonAfterAnswer <= now))
            probe.IsProbe = false;
        Release(now, SoonAfterAnswer);
    }

    /// <summary>
    /// The hub does well again after it did not: all may be tried at once. Returns those on the way for so long that their
    /// attempts may be lost, to be given up.
    /// </summary>
    public IReadOnlyList<Delivery> HubIsBack(TimeSpan now)
    {
        _pace.ResultAccepted();
        _lastTurn = TimeSpan.Zero;
        foreach (var waiting in (Delivery[])[.. _suspended, .. _later]) Change(waiting, Forget);
        Delivery[] lost = [.. _onTheWay.Values.Where(delivery => delivery.StartedAt + _pace.Prompt <= now)];
        foreach (var delivery in lost) Forget(delivery);
        return lost;
    }

    // One probe at a time.
    private bool IsForProbe => _suspended.Count > 0 && !_onTheWay.Values.Any(delivery => delivery.IsProbe);

    // Those that failed, at the end of their wait, if it is not further ahead.
    private void Release(TimeSpan now, TimeSpan ahead)
    {
        foreach (var suspended in _suspended.ToList())
        {
            var due = suspended.FailedAt + BetweenAnswers.After(now - suspended.FailingSince!.Value);
            if (suspended.IsRefused) Change(suspended, delivery => Refuse(delivery, now));
            else if (due <= now + ahead) Change(suspended, delivery => (delivery.IsSuspended, delivery.NotBefore) = (false, due));
        }
        if (_suspended.Count > 0) _pace.Hasten(now);
    }

    private Delivery Take(Delivery delivery, TimeSpan now, bool isProbe)
    {
        Leave(delivery.Id);
        var ofId = _waiting[delivery.Id];
        ofId.Remove(delivery.Order);
        if (ofId.Count == 0) _waiting.Remove(delivery.Id);
        _waitingCount--;
        _onTheWay[delivery.Id] = delivery;
        (delivery.StartedAt, delivery.IsProbe, delivery.IsSuspended) = (now, isProbe, false);
        _pace.Began(now, isProbe);
        return delivery;
    }

    private void Return(Delivery delivery)
    {
        _onTheWay.Remove(delivery.Id);
        // Not if it was added anew meanwhile.
        if (!_waiting.TryGetValue(delivery.Id, out var ofId) || !ofId.ContainsKey(delivery.Order))
        {
            Leave(delivery.Id);
            Put(delivery);
        }
        Enter(delivery.Id);
    }

    // The first time it is tried again at once: it may have been the hub after all.
    private void Refuse(Delivery delivery, TimeSpan now)
    {
        delivery.IsSuspended = false;
        if (delivery.IsRefused) delivery.NotBefore = NextTurn(delivery.FailingSince!.Value, now);
        else (delivery.IsRefused, delivery.FailingSince, delivery.NotBefore) = (true, now, TimeSpan.Zero);
    }

    private static void Forget(Delivery delivery) =>
        (delivery.IsSuspended, delivery.IsRefused, delivery.FailingSince, delivery.NotBefore) = (false, false, null, TimeSpan.Zero);

    private TimeSpan NextTurn(TimeSpan failingSince, TimeSpan now)
    {
        var wait = _jitter.UpTo(BetweenRefusals.After(now - failingSince));
        if (wait < LongWait) return now + wait;
        return _lastTurn = TimeSpans.Max(now + wait, _lastTurn + BetweenLongWaits);
    }

    private void Change(Delivery delivery, Action<Delivery> change)
    {
        Leave(delivery.Id);
        change(delivery);
        Enter(delivery.Id);
    }

    private void Put(Delivery delivery)
    {
        if (!_waiting.TryGetValue(delivery.Id, out var ofId)) _waiting[delivery.Id] = ofId = [];
        if (!ofId.ContainsKey(delivery.Order)) _waitingCount++;
        ofId[delivery.Order] = delivery;
    }

    private void Enter(string id)
    {
        if (OldestOf(id) is { } oldest) SetOf(oldest).Add(oldest);
    }

    private void Leave(string id)
    {
        if (OldestOf(id) is { } oldest) SetOf(oldest).Remove(oldest);
    }

    private Delivery? OldestOf(string id) =>
        !_onTheWay.ContainsKey(id) && _waiting.TryGetValue(id, out var ofId) ? ofId.GetValueAtIndex(0) : null;

    private SortedSet<Delivery> SetOf(Delivery delivery) =>
        delivery.IsSuspended ? _suspended : delivery.NotBefore > TimeSpan.Zero ? _later : _ready;

    private static SortedSet<Delivery> By(Func<Delivery, long> first) => new(Comparer<Delivery>.Create((a, b) =>
        first(a) != first(b) ? first(a).CompareTo(first(b)) : a.Order.CompareTo(b.Order)));
}
