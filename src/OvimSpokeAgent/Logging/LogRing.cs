using System.Globalization;
using Serilog.Core;
using Serilog.Events;
using Serilog.Formatting.Display;

namespace OvimSpokeAgent.Logging;

/// <summary>
/// Keeps the log's newest lines in memory: at most <see cref="MaxLines"/> and <see cref="MaxBytes"/>, each cut off at
/// <see cref="MaxLength"/> characters. Thread-safe.
/// </summary>
internal sealed class LogRing : ILogEventSink
{
    public const int MaxLines = 500;

    /// <summary>Of the messages, two bytes a character.</summary>
    public const int MaxBytes = 512 << 10;

    public const int MaxLength = 4000;

    private readonly MessageTemplateTextFormatter _format = new("{Message:l}", CultureInfo.InvariantCulture);
    private readonly Lock _lock = new();
    private readonly Queue<LogLine> _lines = new();
    private long _last;
    private int _bytes;

    public void Emit(LogEvent logEvent)
    {
        var message = Render(logEvent);
        if (logEvent.Exception is { } exception) message = $"{message}\n{exception}";
        if (message.Length > MaxLength) message = message[..MaxLength] + "…";
        var source = logEvent.Properties.GetValueOrDefault(Constants.SourceContextPropertyName) is ScalarValue { Value: string name } ? name : "";
        lock (_lock)
        {
            _lines.Enqueue(new LogLine(++_last, logEvent.Timestamp, Word(logEvent.Level), source, message));
            _bytes += SizeOf(message);
            while (_lines.Count > MaxLines || _bytes > MaxBytes) _bytes -= SizeOf(_lines.Dequeue().Message);
        }
    }

    /// <summary>The lines after one, the oldest first.</summary>
    /// <param name="number">Its number; 0: all that are kept. One that was never given is of a former process: all, too.</param>
    public IReadOnlyList<LogLine> After(long number)
    {
        lock (_lock) return [.. number > _last ? _lines : _lines.Where(line => line.Number > number)];
    }

    private string Render(LogEvent logEvent)
    {
        using var text = new StringWriter(CultureInfo.InvariantCulture);
        _format.Format(logEvent, text);
        return text.ToString();
    }

    private static int SizeOf(string message) => 2 * message.Length;

    private static string Word(LogEventLevel level) => level switch
    {
        LogEventLevel.Verbose or LogEventLevel.Debug => "debug",
        LogEventLevel.Information => "info",
        LogEventLevel.Warning => "warn",
        LogEventLevel.Error => "error",
        _ => "fatal",
    };
}
