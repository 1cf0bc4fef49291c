namespace OvimSpokeAgent.Supervision;

/// <summary>
/// Keeps the log of what goes on failing short: it is told of when it begins, then once an hour. Not safe for use by several
/// threads at once.
/// </summary>
internal sealed class Reminder(TimeProvider time)
{
    private static readonly TimeSpan Interval = TimeSpan.FromHours(1);

    private long? _toldAt;

    /// <summary>Whether it is to be told of now.</summary>
    public bool IsDue => _toldAt is not { } at || time.GetElapsedTime(at) >= Interval;

    /// <summary>It was told of.</summary>
    public void Told() => _toldAt = time.GetTimestamp();

    /// <summary>It fails no more. Whether it was told of.</summary>
    public bool Over()
    {
        var wasTold = _toldAt is not null;
        _toldAt = null;
        return wasTold;
    }
}
