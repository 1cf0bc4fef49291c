namespace OvimSpokeAgent.Supervision;

/// <summary>
/// Throttles the log of a failure that lasts: it is logged when it begins, then once an hour. Not thread-safe.
/// </summary>
internal sealed class LogThrottle(TimeProvider time)
{
    private static readonly TimeSpan Interval = TimeSpan.FromHours(1);

    private long? _loggedAt;

    /// <summary>Whether the failure is to be logged now.</summary>
    public bool IsDue => _loggedAt is not { } at || time.GetElapsedTime(at) >= Interval;

    /// <summary>The failure was logged.</summary>
    public void Logged() => _loggedAt = time.GetTimestamp();

    /// <summary>The failure is over. Returns whether it was logged.</summary>
    public bool Reset()
    {
        var wasLogged = _loggedAt is not null;
        _loggedAt = null;
        return wasLogged;
    }
}
