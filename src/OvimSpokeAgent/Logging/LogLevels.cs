using Serilog.Core;
using Serilog.Events;

namespace OvimSpokeAgent.Logging;

/// <summary>The least severe levels that are logged.</summary>
internal sealed class LogLevels
{
    public LogLevels(LogLevel level) => Set(level);

    /// <summary>For the agent's own events.</summary>
    public LoggingLevelSwitch Agent { get; } = new();

    /// <summary>What of the agent's own events is looked at: also warnings that are not logged, for the hub is told of them.</summary>
    public LoggingLevelSwitch Heard { get; } = new();

    /// <summary>For the frameworks' events, which say much about what nobody asks: warnings only, unless debugging.</summary>
    public LoggingLevelSwitch Frameworks { get; } = new();

    /// <summary>
    /// For the resilience library: nothing, unless debugging. It has a line for every attempt, also while the hub is away for
    /// days; what comes of them the agent says itself.
    /// </summary>
    public LoggingLevelSwitch Resilience { get; } = new();

    public void Set(LogLevel level)
    {
        var minimum = ToSerilog(level);
        Agent.MinimumLevel = minimum;
        Heard.MinimumLevel = minimum < LogEventLevel.Warning ? minimum : LogEventLevel.Warning;
        Frameworks.MinimumLevel = AtLeast(LogEventLevel.Warning, minimum);
        Resilience.MinimumLevel = AtLeast(LogEventLevel.Fatal, minimum);
    }

    private static LogEventLevel AtLeast(LogEventLevel quiet, LogEventLevel minimum) =>
        minimum <= LogEventLevel.Debug || minimum > quiet ? minimum : quiet;

    private static LogEventLevel ToSerilog(LogLevel level) => level switch
    {
        LogLevel.Trace => LogEventLevel.Verbose,
        LogLevel.Debug => LogEventLevel.Debug,
        LogLevel.Warning => LogEventLevel.Warning,
        LogLevel.Error => LogEventLevel.Error,
        LogLevel.Critical or LogLevel.None => LogEventLevel.Fatal,
        _ => LogEventLevel.Information,
    };
}
