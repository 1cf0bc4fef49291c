using OvimSpokeAgent.Supervision;
using OvimSpokeAgent.Validation;

namespace OvimSpokeAgent.VirtualDataCenters;

/// <summary>
/// The pace of repairs, and what there is to tell of them. An object is put right at once; again after 5 s at the least while it
/// lets in more than is declared, and ever more rarely, down to once in 5 minutes, where it does not. What cannot be put right
/// is tried ever more rarely too: down to once a minute, or once in 5 minutes. An object that was put right twice within 10
/// minutes is contested. Safe for use by several threads at once.
/// </summary>
internal sealed class RepairHistory(Jitter jitter, TimeProvider time)
{
    /// <summary>The least time between two repairs of an object that lets in too much.</summary>
    public static readonly TimeSpan BetweenClosings = TimeSpan.FromSeconds(5);

    /// <summary>After so long without a repair nothing is remembered of an object.</summary>
    public static readonly TimeSpan CalmAfter = TimeSpan.FromMinutes(10);

    private static readonly TimeSpan MaxWaitWhileLoose = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan BetweenLines = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(5);

    // Of one namespace: whoever makes ever new objects is answered with no more lines, and no more is remembered, than that.
    private const int MaxObjects = 200;

    // Of what cannot be put right in one namespace, in reports and health.
    private const int MaxTold = 5;
    private const int BurstOfLines = 20;
    private static readonly TimeSpan RefillOfLines = TimeSpan.FromSeconds(5);

    private readonly Backoff _afterRepair = new(TimeSpan.FromSeconds(10), Longest, jitter);
    private readonly Backoff _afterFailure = new(TimeSpan.FromSeconds(1), Longest, jitter);
    private readonly Lock _lock = new();
    private readonly Dictionary<string, OfNamespace> _namespaces = [];

    /// <summary>How long to wait before an object is written; zero: it is its turn.</summary>
    public TimeSpan UntilTurn(string ns, Deviation deviation)
    {
        lock (_lock)
        {
            if (Find(ns, deviation.Key) is not { } item) return TimeSpan.Zero;
            var wait = deviation.IsLooser ? item.WaitWhileLoose : item.Wait;
            return TimeSpans.Max(wait - time.GetElapsedTime(item.LastTry), TimeSpan.Zero);
        }
    }

    /// <summary>An object was put right.</summary>
    /// <param name="ns">Its namespace.</param>
    /// <param name="key">The object.</param>
    /// <param name="isOwnDoing">What was there was the agent's own: the first time that is no fight, and nothing need wait.</param>
    /// <returns>How often that was in a row without 10 minutes of calm.</returns>
    public int Repaired(string ns, ObjectKey key, bool isOwnDoing = false)
    {
        lock (_lock)
        {
            var item = GetOrAdd(ns, key);
            (item.Failures, item.Problem, item.LastTry) = (0, null, time.GetTimestamp());
            item.Repairs++;
            (item.Wait, item.WaitWhileLoose) = isOwnDoing && item.Repairs == 1
                ? (TimeSpan.Zero, TimeSpan.Zero)
                : (_afterRepair.After(item.Repairs - 1), BetweenClosings);
            return item.Repairs;
        }
    }

    /// <summary>An object could not be put right.</summary>
    /// <param name="ns">Its namespace.</param>
    /// <param name="key">The object.</param>
    /// <param name="problem">Why; null: nothing to tell of, the next try may succeed.</param>
    /// <param name="asked">How long the server asks to wait.</param>
    /// <returns>Whether the reason is news.</returns>
    public bool Failed(string ns, ObjectKey key, string? problem, TimeSpan? asked)
    {
        lock (_lock)
        {
            var item = GetOrAdd(ns, key);
            (var isNews, item.LastTry) = (problem is not null && item.Problem != problem, time.GetTimestamp());
            item.Problem = problem ?? item.Problem;
            item.Wait = _afterFailure.After(item.Failures++, asked);
            item.WaitWhileLoose = item.Wait < MaxWaitWhileLoose ? item.Wait : MaxWaitWhileLoose;
            return isNews;
        }
    }

    /// <summary>Who fights over an object, and over what; shown until it is calm.</summary>
    public void Contest(string ns, ObjectKey key, string contest)
    {
        lock (_lock) GetOrAdd(ns, key).Contest = contest;
    }

    /// <summary>
    /// Whether a line may be written about a repair: of one object at most one a minute but for news, of one namespace one every 5 s
    /// in the long run.
    /// </summary>
    /// <param name="ns">The namespace.</param>
    /// <param name="key">The object.</param>
    /// <param name="isNews">Whether it says something else than the line before.</param>
    /// <param name="before">The repairs of it without a line since the last one.</param>
    public bool MayTell(string ns, ObjectKey key, bool isNews, out int before)
    {
        lock (_lock)
        {
            var item = GetOrAdd(ns, key);
            before = item.Untold;
            var isDue = isNews || item.ToldAt is not { } at || time.GetElapsedTime(at) >= BetweenLines;
            if (!isDue || !_namespaces[ns].Lines.TryTake())
            {
                item.Untold++;
                return false;
            }
            (item.ToldAt, item.Untold) = (time.GetTimestamp(), 0);
            return true;
        }
    }

    /// <summary>Takes note of which objects are not as declared: the others have no problem any more.</summary>
    public void Settle(string ns, IReadOnlyList<Deviation> deviations)
    {
        lock (_lock)
        {
            if (!_namespaces.TryGetValue(ns, out var found)) return;
            var wrong = deviations.Select(deviation => deviation.Key).ToHashSet();
            foreach (var (key, item) in found.Objects)
            {
                if (!wrong.Contains(key)) Settle(item);
                if (IsCalm(item)) found.Objects.Remove(key);
            }
            if (found.Objects.Count == 0) _namespaces.Remove(ns);
        }
    }

    /// <summary>Why objects of the namespace cannot be put right; null: all can.</summary>
    public string? ProblemOf(string ns)
    {
        lock (_lock)
        {
            var problems = Texts(ns, item => item.Problem);
            return problems.Count == 0 ? null : ShortList.Sentences(problems, MaxTold);
        }
    }

    /// <summary>Who fights over what in the namespace.</summary>
    public IReadOnlyList<string> ContestsIn(string ns)
    {
        lock (_lock) return Texts(ns, item => item.Contest);
    }

    /// <summary>When the next object is forgotten; null: none is remembered.</summary>
    public TimeSpan? UntilCalm(string ns)
    {
        lock (_lock)
        {
            return _namespaces.TryGetValue(ns, out var found) && found.Objects.Count > 0
                ? TimeSpans.Max(found.Objects.Values.Min(item => CalmAfter - time.GetElapsedTime(item.LastTry)), TimeSpan.Zero)
                : null;
        }
    }

    public void Forget(string ns)
    {
        lock (_lock) _namespaces.Remove(ns);
    }

    public void Forget()
    {
        lock (_lock) _namespaces.Clear();
    }

    private static void Settle(Item item)
    {
        if (item.Failures > 0) item.Wait = item.WaitWhileLoose = item.Repairs > 0 ? BetweenClosings : TimeSpan.Zero;
        (item.Failures, item.Problem) = (0, null);
    }

    private bool IsCalm(Item item) => item.Failures == 0 && time.GetElapsedTime(item.LastTry) >= CalmAfter;

    private Item? Find(string ns, ObjectKey key) =>
        _namespaces.TryGetValue(ns, out var found) && found.Objects.TryGetValue(key, out var item) && !IsCalm(item) ? item : null;

    private Item GetOrAdd(string ns, ObjectKey key)
    {
        if (!_namespaces.TryGetValue(ns, out var found))
            _namespaces[ns] = found = new OfNamespace([], new TokenBucket(BurstOfLines, RefillOfLines, time));
        if (found.Objects.TryGetValue(key, out var known) && !IsCalm(known)) return known;
        if (known is null && found.Objects.Count >= MaxObjects) found.Objects.Remove(found.Objects.MinBy(entry => entry.Value.LastTry).Key);
        return found.Objects[key] = new Item { LastTry = time.GetTimestamp() };
    }

    private List<string> Texts(string ns, Func<Item, string?> text) => _namespaces.TryGetValue(ns, out var found)
        ? [.. found.Objects.OrderBy(entry => entry.Key.ToString(), StringComparer.Ordinal).Select(entry => text(entry.Value)).OfType<string>()]
        : [];

    private sealed record OfNamespace(Dictionary<ObjectKey, Item> Objects, TokenBucket Lines);

    private sealed class Item
    {
        public required long LastTry { get; set; }

        public TimeSpan Wait { get; set; }

        public TimeSpan WaitWhileLoose { get; set; }

        public int Repairs { get; set; }

        public int Failures { get; set; }

        public string? Problem { get; set; }

        public string? Contest { get; set; }

        public long? ToldAt { get; set; }

        public int Untold { get; set; }
    }
}
