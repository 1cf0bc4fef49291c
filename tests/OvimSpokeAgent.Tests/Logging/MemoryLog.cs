using Microsoft.Extensions.Logging;
using OvimSpokeAgent.Logging;
using Serilog;
using Serilog.Core;
using Serilog.Events;
using Serilog.Formatting;
using ILogger = Microsoft.Extensions.Logging.ILogger;

namespace OvimSpokeAgent.Tests.Logging;

/// <summary>The agent's log, into memory.</summary>
internal sealed class MemoryLog : IDisposable, ILogEventSink
{
    private readonly ITextFormatter _formatter;
    private readonly ILoggerFactory _factory;

    public MemoryLog(LogLevel level, bool json)
    {
        Levels = new LogLevels(level);
        _formatter = AgentLogging.Formatter(json);
        var logger = AgentLogging.Configure(Levels, Errors, to => to.Sink(this)).CreateLogger();
        // Serilog alone decides on levels, as in the host.
        _factory = LoggerFactory.Create(b => b.SetMinimumLevel(LogLevel.Trace).AddSerilog(logger, dispose: true));
    }

    public LogLevels Levels { get; }

    public ReportErrors Errors { get; } = new();

    public List<string> Lines { get; } = [];

    public ILoggerFactory Factory => _factory;

    public ILogger For(string category) => _factory.CreateLogger(category);

    public void Emit(LogEvent logEvent)
    {
        using var text = new StringWriter();
        _formatter.Format(logEvent, text);
        Lines.AddRange(text.ToString().TrimEnd('\n').Split('\n'));
    }

    public void Dispose() => _factory.Dispose();
}
