using OvimSpokeAgent.Supervision;

namespace OvimSpokeAgent.VirtualDataCenters;

/// <summary>
/// One writer a namespace at a time: an operation and the repair of drift never work on the same VDC at once. It also
/// tells when the agent itself last wrote there, since caches show that a moment later.
/// </summary>
internal sealed class VdcLocks(TimeProvider time)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, Entry> _entries = [];

    /// <summary>How many namespaces are remembered.</summary>
    public int Count
    {
        get
        {
            lock (_lock) return _entries.Count;
        }
    }

    /// <summary>Waits for the namespace; dispose to let it go.</summary>
    public async Task<IDisposable> HoldAsync(string ns, CancellationToken cancellationToken)
    {
        Entry entry;
        lock (_lock)
        {
            entry = EntryOf(ns);
            entry.Users++;
        }
        try
        {
            return new Holder(this, ns, await entry.Lock.HoldAsync(cancellationToken));
        }
        catch
        {
            Leave(ns);
            throw;
        }
    }

    /// <summary>Notes that the agent writes now.</summary>
    public void Wrote(string ns)
    {
        lock (_lock) EntryOf(ns).WrittenAt = time.GetTimestamp();
    }

    /// <summary>The time since the agent last wrote; null: it did not.</summary>
    public TimeSpan? SinceWrite(string ns)
    {
        lock (_lock) return _entries.GetValueOrDefault(ns)?.WrittenAt is { } at ? time.GetElapsedTime(at) : null;
    }

    /// <summary>Forgets a namespace that is gone, as soon as nobody holds it or waits for it.</summary>
    public void Forget(string ns)
    {
        lock (_lock)
        {
            if (!_entries.TryGetValue(ns, out var entry)) return;
            entry.IsForgotten = true;
            if (entry.Users == 0) _entries.Remove(ns);
        }
    }

    private Entry EntryOf(string ns)
    {
        if (!_entries.TryGetValue(ns, out var entry)) _entries[ns] = entry = new Entry();
        entry.IsForgotten = false;
        return entry;
    }

    private void Leave(string ns)
    {
        lock (_lock)
        {
            var entry = _entries[ns];
            // Of a namespace in which nothing was written there is nothing to remember; there may be none of that name.
            if (--entry.Users == 0 && (entry.IsForgotten || entry.WrittenAt is null)) _entries.Remove(ns);
        }
    }

    private sealed class Entry
    {
        public AsyncLock Lock { get; } = new();

        /// <summary>Who holds it, and who waits for it.</summary>
        public int Users { get; set; }

        public bool IsForgotten { get; set; }

        public long? WrittenAt { get; set; }
    }

    private sealed class Holder(VdcLocks locks, string ns, IDisposable held) : IDisposable
    {
        private int _isReleased;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _isReleased, 1) != 0) return;
            held.Dispose();
            locks.Leave(ns);
        }
    }
}
