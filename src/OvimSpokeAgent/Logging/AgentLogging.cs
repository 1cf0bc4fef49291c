using System.Globalization;
using OvimSpokeAgent.Configuration;
using Serilog;
using Serilog.Core;
using Serilog.Events;
using Serilog.Formatting.Compact;

namespace OvimSpokeAgent.Logging;

internal static class AgentLogging
{
    private const string Template =
        "{Timestamp:HH:mm:ss.fff} {Level:u3} {SourceContext}: {Message:lj}{NewLine}{Exception}";

    /// <summary>
    /// Logs to standard output, one JSON object a line or plain text. The level can be switched while running through
    /// the registered <see cref="LoggingLevelSwitch"/>. Each host has a logger of its own.
    /// </summary>
    public static IServiceCollection AddAgentLogging(this IServiceCollection services, LogSettings settings)
    {
        var level = new LoggingLevelSwitch(ToSerilog(settings.Level));
        services.AddSingleton(level);
        return services.AddSerilog(
            (_, logger) =>
            {
                logger.MinimumLevel.ControlledBy(level).Enrich.FromLogContext();
                if (settings.Level > LogLevel.Debug)
                {
                    // What libraries say at information level is for their developers.
                    foreach (var source in (string[])["Microsoft", "System", "Polly"])
                        logger.MinimumLevel.Override(source, LogEventLevel.Warning);
                }
                if (settings.Json) logger.WriteTo.Console(new RenderedCompactJsonFormatter());
                else logger.WriteTo.Console(outputTemplate: Template, formatProvider: CultureInfo.InvariantCulture);
            },
            preserveStaticLogger: true);
    }

    private static LogEventLevel ToSerilog(LogLevel level) => level switch
    {
        LogLevel.Debug or LogLevel.Trace => LogEventLevel.Debug,
        LogLevel.Warning => LogEventLevel.Warning,
        LogLevel.Error or LogLevel.Critical => LogEventLevel.Error,
        _ => LogEventLevel.Information,
    };
}
