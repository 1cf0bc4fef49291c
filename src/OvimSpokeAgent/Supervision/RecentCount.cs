namespace OvimSpokeAgent.Supervision;

/// <summary>How often something happened within the last stretch of time; counts in tenths of it. Thread-safe.</summary>
internal sealed class RecentCount(TimeSpan period, TimeProvider time)
{
    private const int Parts = 10;

    private readonly Lock _lock = new();
    private readonly long _start = time.GetTimestamp();
    private readonly int[] _counts = new int[Parts];
    private long _part;

    /// <summary>At least those of nine tenths of the time, at most those of all of it.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
            {
                MoveOn();
                return _counts.Sum();
            }
        }
    }

    public void Add()
    {
        lock (_lock)
        {
            MoveOn();
            _counts[_part % Parts]++;
        }
    }

    private void MoveOn()
    {
        var now = time.GetElapsedTime(_start).Ticks / (period.Ticks / Parts);
        if (now - _part >= Parts) Array.Clear(_counts);
        else for (var part = _part + 1; part <= now; part++) _counts[part % Parts] = 0;
        _part = now;
    }
}
