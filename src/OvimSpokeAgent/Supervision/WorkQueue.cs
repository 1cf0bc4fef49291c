namespace OvimSpokeAgent.Supervision;

/// <summary>
/// Keys that need work: each at most once, no key twice at the same time, some only after a while. A key that is added
/// while it is worked on comes again after that.
/// </summary>
internal sealed class WorkQueue<TKey>(TimeProvider time)
    where TKey : class
{
    private readonly Lock _lock = new();
    private readonly Dictionary<TKey, long> _dueAt = [];
    private readonly HashSet<TKey> _taken = [];
    private readonly AsyncSignal _changed = new();

    /// <summary>Adds a key; if it is there already, the earlier time counts.</summary>
    /// <param name="key">The key.</param>
    /// <param name="delay">After how long it is due; default: at once.</param>
    public void Add(TKey key, TimeSpan delay = default)
    {
        var due = time.GetTimestamp() + (long)(delay.TotalSeconds * time.TimestampFrequency);
        lock (_lock)
        {
            if (_dueAt.TryGetValue(key, out var known) && known <= due) return;
            _dueAt[key] = due;
        }
        _changed.Set();
    }

    /// <summary>Forgets all keys but those that are worked on.</summary>
    public void Clear()
    {
        lock (_lock) _dueAt.Clear();
        _changed.Set();
    }

    /// <summary>The next key that is due; the caller says <see cref="Done"/> when it is worked on.</summary>
    public async Task<TKey> TakeAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var changed = _changed.Next;
            TimeSpan wait;
            lock (_lock)
            {
                var next = _dueAt.Where(entry => !_taken.Contains(entry.Key)).OrderBy(entry => entry.Value).FirstOrDefault();
                var now = time.GetTimestamp();
                if (next.Key is not null && next.Value <= now)
                {
                    _dueAt.Remove(next.Key);
                    _taken.Add(next.Key);
                    return next.Key;
                }
                // In whole milliseconds, as waits are: less would be no wait at all.
                wait = next.Key is null
                    ? Timeout.InfiniteTimeSpan
                    : TimeSpan.FromMilliseconds(Math.Ceiling(time.GetElapsedTime(now, next.Value).TotalMilliseconds));
            }
            await changed.WaitAsync(wait, time, cancellationToken)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
            cancellationToken.ThrowIfCancellationRequested();
        }
    }

    /// <summary>The work on a key has ended, well or not.</summary>
    public void Done(TKey key)
    {
        lock (_lock) _taken.Remove(key);
        _changed.Set();
    }
}
