using System.Collections.Concurrent;
using OvimSpokeAgent.Supervision;

namespace OvimSpokeAgent.VirtualDataCenters;

/// <summary>
/// One writer a namespace at a time: an operation and the repair of drift never work on the same VDC at once. It also
/// tells when the agent itself last wrote there, since caches show that a moment later.
/// </summary>
internal sealed class VdcLocks(TimeProvider time)
{
    private readonly ConcurrentDictionary<string, Entry> _entries = [];

    /// <summary>Waits for the namespace; dispose to let it go.</summary>
    public Task<IDisposable> HoldAsync(string ns, CancellationToken cancellationToken) =>
        _entries.GetOrAdd(ns, _ => new Entry()).Lock.HoldAsync(cancellationToken);

    /// <summary>Notes that the agent writes now.</summary>
    public void Wrote(string ns) => _entries.GetOrAdd(ns, _ => new Entry()).WrittenAt = time.GetTimestamp();

    /// <summary>The time since the agent last wrote; null: it did not.</summary>
    public TimeSpan? SinceWrite(string ns) =>
        _entries.TryGetValue(ns, out var entry) && entry.WrittenAt is { } at ? time.GetElapsedTime(at) : null;

    private sealed class Entry
    {
        public AsyncLock Lock { get; } = new();

        public long? WrittenAt { get; set; }
    }
}
