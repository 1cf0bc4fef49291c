using OvimSpokeAgent.Validation;
using Prometheus;

namespace OvimSpokeAgent.Supervision;

/// <summary>
/// Does the work of one place for one object at a time. What the work throws is caught, counted, logged and remembered until
/// the object's work succeeds or the object is gone (<see cref="ClearFailure"/>); cancellation and fatal errors pass. Safe for use by
/// several threads at once, on different objects.
/// </summary>
internal sealed partial class ObjectGuard(string place, Counter.Child failures, TimeProvider time, ILogger logger)
{
    /// <summary>How many failing objects are remembered; the failures of more are counted and logged only.</summary>
    public const int Capacity = 100;

    private const int MessageLength = 300;

    // Whoever makes bad objects by the hundred gets no line for each.
    private const int BurstOfLog = 10;
    private static readonly TimeSpan RefillOfLog = TimeSpan.FromMinutes(1);

    private readonly Lock _lock = new();
    private readonly Dictionary<string, Failing> _failing = [];
    private readonly TokenBucket _log = new(BurstOfLog, RefillOfLog, time);
    private volatile int _count; // of _failing: success is the rule, and must cost nothing
    private long _notLogged;
    private bool _mayBeMore;

    /// <summary>Names it in metrics, log and health.</summary>
    public string Place => place;

    public bool IsFailing => _count > 0;

    /// <summary>The objects that fail now, the longest first, and whether there may be more of them.</summary>
    public (IReadOnlyList<ObjectFailure> Failures, bool MayBeMore) Current
    {
        get
        {
            lock (_lock) return ([.. _failing.Values.Select(failing => failing.Failure).OrderBy(failure => failure.Since)], _mayBeMore);
        }
    }

    /// <summary>Does the work.</summary>
    /// <param name="key">The object; its text names it.</param>
    /// <param name="work">The work.</param>
    /// <returns>Null: it is done.</returns>
    public ObjectFailure? Run<TKey>(TKey key, Action work)
        where TKey : notnull => RunAll(key, [work]);

    /// <summary>As <see cref="Run{TKey}(TKey, Action)"/>, for several pieces of work: each is done, also after one that threw.</summary>
    public ObjectFailure? RunAll<TKey>(TKey key, IEnumerable<Action> pieces)
        where TKey : notnull
    {
        ObjectFailure? failure = null;
        foreach (var work in pieces)
        {
            try
            {
                work();
            }
#pragma warning disable CA1031 // whatever it fails by, the other objects go on
            catch (Exception e) when (!e.IsFatal())
#pragma warning restore CA1031
            {
                failure = Failed(key, e);
            }
        }
        if (failure is null) ClearFailure(key);
        return failure;
    }

    /// <summary>What comes of the work, or what stands in for it where it fails.</summary>
    public TResult Run<TKey, TResult>(TKey key, Func<TResult> work, Func<ObjectFailure, TResult> otherwise)
        where TKey : notnull
    {
        TResult? result = default;
        return Run(key, () => { result = work(); }) is { } failure ? otherwise(failure) : result!;
    }

    /// <summary>As <see cref="Run{TKey}(TKey, Action)"/>, for work that waits; throws only if it is cancelled.</summary>
    public async Task<ObjectFailure?> RunAsync<TKey>(TKey key, Func<Task> work, CancellationToken cancellationToken)
        where TKey : notnull
    {
        try
        {
            await work();
        }
#pragma warning disable CA1031 // whatever it fails by, the other objects go on
        catch (Exception e) when (!e.IsFatal() && !(e is OperationCanceledException && cancellationToken.IsCancellationRequested))
#pragma warning restore CA1031
        {
            return Failed(key, e);
        }
        ClearFailure(key);
        return null;
    }

    /// <summary>Notes a failure that the caller caught itself.</summary>
    public ObjectFailure Failed<TKey>(TKey key, Exception exception)
        where TKey : notnull
    {
        failures.Inc();
        var name = key.ToString() ?? "";
        ObjectFailure failure;
        long? notLogged = null;
        lock (_lock)
        {
            var known = _failing.GetValueOrDefault(name);
            failure = new ObjectFailure(
                name, JsonText.Shorten(exception.Message, MessageLength), known?.Failure.Since ?? time.GetUtcNow());
            var throttle = known?.LogThrottle ?? new LogThrottle(time);
            if (throttle.IsDue) notLogged = TakeLine(throttle);
            if (known is null && _failing.Count >= Capacity) _mayBeMore = true;
            else _failing[name] = new Failing(failure, throttle);
            _count = _failing.Count;
        }
        if (notLogged is { } before) LogFailed(exception, place, name, before);
        return failure;
    }

    // The number of failures that got no line before this one; null: nor does this one.
    private long? TakeLine(LogThrottle throttle)
    {
        if (!_log.TryTake())
        {
            _notLogged++;
            return null;
        }
        throttle.Logged();
        var before = _notLogged;
        _notLogged = 0;
        return before;
    }

    /// <summary>Forgets the failure of an object: its work succeeded, or it is gone.</summary>
    public void ClearFailure<TKey>(TKey key)
        where TKey : notnull
    {
        if (_count == 0) return;
        var name = key.ToString() ?? "";
        bool wasLogged;
        lock (_lock)
        {
            if (!_failing.Remove(name, out var failing)) return;
            wasLogged = failing.LogThrottle.Reset();
            _count = _failing.Count;
            if (_count == 0) _mayBeMore = false;
        }
        if (wasLogged) LogOver(place, name);
    }

    /// <summary>Forgets the objects that a pass over all of them did not come to: they are gone.</summary>
    public void RetainOnly<TKey>(IEnumerable<TKey> keys)
        where TKey : notnull
    {
        if (_count == 0) return;
        var left = keys.Select(key => key.ToString()).ToHashSet();
        foreach (var failure in Current.Failures.Where(failure => !left.Contains(failure.Name))) ClearFailure(failure.Name);
    }

    private sealed record Failing(ObjectFailure Failure, LogThrottle LogThrottle);

    [LoggerMessage(1011, LogLevel.Warning, "{Place}: {Object} failed, the others go on ({NotLogged} failures before it were not logged)")]
    private partial void LogFailed(Exception exception, string place, string @object, long notLogged);

    [LoggerMessage(1012, LogLevel.Information, "{Place}: {Object} works again")]
    private partial void LogOver(string place, string @object);
}
