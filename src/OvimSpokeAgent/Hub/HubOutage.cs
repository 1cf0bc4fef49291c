using OvimSpokeAgent.Supervision;

namespace OvimSpokeAgent.Hub;

/// <summary>
/// Logs that the hub is away, for the whole process: the first failure, then at most a line a minute with how long it lasts, and a line
/// when it is over. One that comes and goes gets a beginning and an end a minute.
/// </summary>
internal sealed partial class HubOutage(TimeProvider time, ILogger<HubOutage> logger)
{
    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);

    // Of polls and results, that is: they are not tried while the hub takes no reports, and then tell nothing. Reports go on.
    private static readonly TimeSpan Stale = 2 * Interval;

    private readonly Lock _lock = new();
    private readonly Dictionary<HubEndpoint, long> _failing = [];
    private long? _since;
    private long? _loggedAt;
    private bool _isLogged;
    private int _attempts;
    private int _notLogged;

    /// <summary>A call got no answer, or none that does what it asked for.</summary>
    public void Failed(HubEndpoint endpoint, string reason)
    {
        lock (_lock)
        {
            var now = time.GetTimestamp();
            _failing[endpoint] = now;
            _since ??= now;
            _attempts++;
            if (_loggedAt is { } at && time.GetElapsedTime(at, now) < Interval) return;
            if (_isLogged) LogGoesOn(TimeSpans.WholeSeconds(time.GetElapsedTime(_since.Value, now)), _attempts, reason);
            else LogBegins(reason, _notLogged + _attempts - 1);
            (_loggedAt, _isLogged, _notLogged) = (now, true, 0);
        }
    }

    /// <summary>A call got its answer.</summary>
    public void Answered(HubEndpoint endpoint)
    {
        lock (_lock)
        {
            if (_since is not { } since) return;
            var now = time.GetTimestamp();
            _failing.Remove(endpoint);
            if (_failing.Any(one => one.Key is HubEndpoint.Status || time.GetElapsedTime(one.Value, now) < Stale)) return;
            _failing.Clear();
            if (_isLogged) LogOver(TimeSpans.WholeSeconds(time.GetElapsedTime(since, now)), _attempts);
            else _notLogged += _attempts;
            if (_isLogged) _loggedAt = now;
            (_since, _isLogged, _attempts) = (null, false, 0);
        }
    }

    /// <summary>This agent calls the hub no more: another one leads.</summary>
    public void Forget()
    {
        lock (_lock)
        {
            _failing.Clear();
            (_since, _loggedAt, _isLogged, _attempts, _notLogged) = (null, null, false, 0, 0);
        }
    }

    [LoggerMessage(3030, LogLevel.Warning, "The hub fails ({NotLogged} failures before it were not logged): {Reason}")]
    private partial void LogBegins(string reason, int notLogged);

    [LoggerMessage(3031, LogLevel.Warning, "The hub fails for {Duration} now, in {Attempts} attempts; the last: {Reason}")]
    private partial void LogGoesOn(TimeSpan duration, int attempts, string reason);

    [LoggerMessage(3032, LogLevel.Information, "The hub is back after {Duration} and {Attempts} failed attempts")]
    private partial void LogOver(TimeSpan duration, int attempts);
}
