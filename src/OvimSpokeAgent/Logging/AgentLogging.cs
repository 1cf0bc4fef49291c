using System.Globalization;
using OvimSpokeAgent.Configuration;
using Serilog;
using Serilog.Configuration;
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

    private static readonly string LevelCategory = typeof(LogLevelControl).FullName!;
    private static readonly Func<LogEvent, bool> IsAudit = Matching.FromSource(LogSettings.AuditCategory);
    private static readonly Func<LogEvent, bool> IsOfLevel = Matching.FromSource(LevelCategory);

    /// <summary>
    /// Replaces the host's logging. Each host has a logger of its own.
    /// </summary>
    public static IServiceCollection AddAgentLogging(this IServiceCollection services, LogSettings settings)
    {
        var (levels, errors) = (new LogLevels(settings.Level), new ReportErrors());
        services.AddSingleton(levels);
        services.AddSingleton(errors);
        services.AddSingleton(provider => new LogLevelControl(
            levels, settings, provider.GetRequiredService<TimeProvider>(), provider.GetRequiredService<ILoggerFactory>()));
        var ring = new LogRing();
        services.AddSingleton(ring);
        return services.AddSerilog(
            Configure(levels, errors, to => to.Console(Formatter(settings.Json)).WriteTo.Sink(ring)).CreateLogger(), dispose: true);
    }

    /// <summary>What is logged, and what of it the hub is told: warnings, whatever the level.</summary>
    /// <param name="levels">What is logged at least.</param>
    /// <param name="errors">Gets what the hub is told.</param>
    /// <param name="write">Where the log goes to.</param>
    public static LoggerConfiguration Configure(LogLevels levels, ReportErrors errors, Action<LoggerSinkConfiguration> write) =>
        new LoggerConfiguration()
            .MinimumLevel.ControlledBy(levels.Heard)
            .MinimumLevel.Override("Microsoft", levels.Frameworks)
            .MinimumLevel.Override("Microsoft.AspNetCore", LogEventLevel.Warning) // else the status page fills the log that it shows
            .MinimumLevel.Override("System", levels.Frameworks)
            .MinimumLevel.Override("Polly", levels.Resilience)
            .MinimumLevel.Override(LogSettings.AuditCategory, LogEventLevel.Information) // whatever the level of the rest is
            .MinimumLevel.Override(LevelCategory, LogEventLevel.Information)
            .Enrich.FromLogContext()
            .WriteTo.Sink(new WarningSink(errors))
            .WriteTo.Conditional(logEvent => logEvent.Level >= levels.Agent.MinimumLevel || IsAlways(logEvent), write);

    /// <summary>
    /// One JSON object a line (Serilog's compact form, with the message rendered), or plain text; the audit log's lines are JSON in any case.
    /// </summary>
    public static ITextFormatter Formatter(bool json) => json ? new RenderedCompactJsonFormatter() : new TextFormatter();

    private static bool IsAlways(LogEvent logEvent) => IsAudit(logEvent) || IsOfLevel(logEvent);

    private sealed class TextFormatter : ITextFormatter
    {
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
