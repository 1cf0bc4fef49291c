using OvimSpokeAgent.Configuration;
using OvimSpokeAgent.Supervision;

namespace OvimSpokeAgent.Logging;

/// <summary>
/// Changes the log's level for a time, after which it is the configured one again: nobody forgets it at debug. Each change and each
/// return is a line of the log, whatever the level, and of the audit log.
/// </summary>
internal sealed partial class LogLevelControl(LogLevels levels, LogSettings settings, TimeProvider time, ILoggerFactory loggers) : IDisposable
{
    /// <summary>How long a change lasts where nothing else is said.</summary>
    public static readonly TimeSpan DefaultDuration = TimeSpan.FromMinutes(15);

    /// <summary>The longest that a change may last.</summary>
    public static readonly TimeSpan MaxDuration = TimeSpan.FromHours(24);

    private readonly Lock _lock = new();
    private readonly ILogger _logger = loggers.CreateLogger<LogLevelControl>();
    private readonly ILogger _audit = loggers.CreateLogger(LogSettings.AuditCategory);
    private LogLevel _current = settings.Level;
    private DateTimeOffset? _returnsAt;
    private ITimer? _timer;
    private long _change;

    /// <summary>What is logged at least.</summary>
    public LogLevel Current
    {
        get
        {
            lock (_lock) return _current;
        }
    }

    /// <summary>What <c>OVIM_LOG_LEVEL</c> says.</summary>
    public LogLevel Configured => settings.Level;

    /// <summary>When the configured level comes back; null: it is there.</summary>
    public DateTimeOffset? ReturnsAt
    {
        get
        {
            lock (_lock) return _returnsAt;
        }
    }

    /// <summary>Sets the level for a time, counted from now; the configured one is simply set again.</summary>
    /// <param name="level">The least severe that is logged; not <see cref="LogLevel.None"/>.</param>
    /// <param name="duration">Over zero, up to <see cref="MaxDuration"/>.</param>
    /// <exception cref="ArgumentOutOfRangeException">Not such a level or duration; nothing is changed.</exception>
    public void Set(LogLevel level, TimeSpan duration)
    {
        if (level is < LogLevel.Trace or >= LogLevel.None)
            throw new ArgumentOutOfRangeException(nameof(level), level, "a log level is expected, trace to critical");
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(duration, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(duration, MaxDuration);
        lock (_lock)
        {
            if (level == settings.Level)
            {
                Return("set", CurrentComponent.Name);
                return;
            }
            var before = _current;
            var change = Apply(level, time.GetUtcNow() + duration);
            _timer = time.CreateTimer(_ => Ended(change), null, duration, Timeout.InfiniteTimeSpan);
            LogSet(_logger, $"{before}", $"{level}", $"{settings.Level}", duration);
            LogAudit(_audit, "set", SettingsTable.LogLevelName.Name, "done", $"{before}", $"{level}", duration.TotalMilliseconds, CurrentComponent.Name);
        }
    }

    /// <summary>Sets the configured level again; nothing where it is set.</summary>
    public void Reset()
    {
        lock (_lock) Return("reset", CurrentComponent.Name);
    }

    public void Dispose()
    {
        lock (_lock) _timer?.Dispose();
    }

    // The timer of an older change may have fired while a newer one was made.
    private void Ended(long change)
    {
        lock (_lock)
        {
            if (change == _change) Return("expire", "time");
        }
    }

    private void Return(string verb, string? by)
    {
        if (_returnsAt is null) return;
        var before = _current;
        Apply(settings.Level, null);
        LogReturned(_logger, $"{before}", $"{settings.Level}");
        LogAudit(_audit, verb, SettingsTable.LogLevelName.Name, "done", $"{before}", $"{settings.Level}", null, by);
    }

    private long Apply(LogLevel level, DateTimeOffset? until)
    {
        _timer?.Dispose();
        _timer = null;
        levels.Set(level);
        (_current, _returnsAt) = (level, until);
        return ++_change;
    }

    [LoggerMessage(1301, LogLevel.Information, "The log's level is {Level} instead of {Before}, for {Duration}; then {Configured} again")]
    private static partial void LogSet(ILogger logger, string before, string level, string configured, TimeSpan duration);

    [LoggerMessage(1302, LogLevel.Information, "The log's level is {Configured} again, after {Before}")]
    private static partial void LogReturned(ILogger logger, string before, string configured);

    [LoggerMessage(2302, LogLevel.Information,
        "{Verb} setting {Object}: {Result}, {Before} -> {After}, lasts {LastsMilliseconds} ms, by {By}")]
    private static partial void LogAudit(
        ILogger logger, string verb, string @object, string result, string before, string after, double? lastsMilliseconds, string? by);
}
