using System.Globalization;
using OvimSpokeAgent.Configuration;
using Serilog;
using Serilog.Events;
using Serilog.Filters;
using Serilog.Formatting;
using Serilog.Formatting.Compact;
using Serilog.Formatting.Display;

namespace OvimSpokeAgent.Logging;

/// <summary>Sets up the log: Serilog, to stdout, configured in code (its configuration by reflection rules out AOT).</summary>
internal static class AgentLogging
{
    // ":j" writes strings as JSON does: a line break in what the hub sent cannot forge a line.
    private const string TextTemplate =
        "{Timestamp:yyyy-MM-dd HH:mm:ss.fff} [{Level:u3}] {SourceContext}: {Message:j}{NewLine}";

    /// <summary>
    /// Replaces the host's logging. Each host has a logger of its own.
    /// </summary>
    public static IServiceCollection AddAgentLogging(this IServiceCollection services, LogSettings settings)
    {
        var levels = new LogLevels(settings.Level);
        services.AddSingleton(levels);
        services.AddSingleton(provider => new LogLevelControl(
            levels, settings, provider.GetRequiredService<TimeProvider>(), provider.GetRequiredService<ILoggerFactory>()));
        return services.AddSerilog(
            Configure(levels).WriteTo.Console(Formatter(settings.Json)).CreateLogger(), dispose: true);
    }

    /// <summary>What is logged, without where to.</summary>
    public static LoggerConfiguration Configure(LogLevels levels) => new LoggerConfiguration()
        .MinimumLevel.ControlledBy(levels.Agent)
        .MinimumLevel.Override("Microsoft", levels.Frameworks)
        .MinimumLevel.Override("System", levels.Frameworks)
        .MinimumLevel.Override("Polly", levels.Resilience)
        .MinimumLevel.Override(LogSettings.AuditCategory, LogEventLevel.Information) // whatever the level of the rest is
        .MinimumLevel.Override(typeof(LogLevelControl).FullName!, LogEventLevel.Information)
        .Enrich.FromLogContext();

    /// <summary>
    /// One JSON object a line (Serilog's compact form, with the message rendered), or plain text; the audit log's lines are JSON in any case.
    /// </summary>
    public static ITextFormatter Formatter(bool json) => json ? new RenderedCompactJsonFormatter() : new TextFormatter();

    private sealed class TextFormatter : ITextFormatter
    {
        private static readonly Func<LogEvent, bool> IsAudit = Matching.FromSource(LogSettings.AuditCategory);

        private readonly RenderedCompactJsonFormatter _json = new();
        private readonly MessageTemplateTextFormatter _text = new(TextTemplate, CultureInfo.InvariantCulture);

        // An exception's message may be a tenant's or a hub's text: no line of it begins as one of the log's own.
        private void WriteText(LogEvent logEvent, TextWriter output)
        {
            _text.Format(logEvent, output);
            if (logEvent.Exception is { } exception) output.WriteLine("    " + exception.ToString().ReplaceLineEndings("\n    "));
        }

        public void Format(LogEvent logEvent, TextWriter output)
        {
            if (IsAudit(logEvent)) _json.Format(logEvent, output);
            else WriteText(logEvent, output);
        }
    }
}
