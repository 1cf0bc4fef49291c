using Microsoft.Extensions.Logging;
using OvimSpokeAgent.Logging;
using Serilog.Core;
using ILogger = Serilog.ILogger;

namespace OvimSpokeAgent.Tests.Logging;

public sealed class LogRingTests : IDisposable
{
    private readonly LogRing _ring = new();
    private readonly Logger _log;
    private readonly ILogger _logger;

    public LogRingTests()
    {
        _log = AgentLogging.Configure(new LogLevels(LogLevel.Information), new ReportErrors(), to => to.Sink(_ring)).CreateLogger();
        _logger = _log.ForContext(Constants.SourceContextPropertyName, "OvimSpokeAgent.Test");
    }

    [Fact]
    public void Lines_are_as_people_read_them_with_an_exceptions_text()
    {
        _logger.Debug("not this one");
        _logger.Warning(new InvalidOperationException("broken"), "{Name} failed {Times} times", "web", 3);

        var line = Assert.Single(_ring.After(0));

        Assert.Equal((1, "warn", "OvimSpokeAgent.Test"), (line.Number, line.Level, line.Source));
        Assert.StartsWith("web failed 3 times\nSystem.InvalidOperationException: broken", line.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Newest_five_hundred_are_kept()
    {
        for (var i = 1; i <= 600; i++) _logger.Information("line {Number}", i);

        var lines = _ring.After(0);

        Assert.Equal(500, lines.Count);
        Assert.Equal(("line 101", "line 600"), (lines[0].Message, lines[^1].Message));
    }

    [Fact]
    public void Lines_take_no_more_than_their_bytes_and_none_more_than_its_length()
    {
        for (var i = 0; i < 400; i++) _logger.Information("{Text}", new string('x', 100_000));

        var lines = _ring.After(0);

        Assert.All(lines, line => Assert.Equal(LogRing.MaxLength + 1, line.Message.Length));
        Assert.InRange(lines.Sum(line => 2 * line.Message.Length), LogRing.MaxBytes / 2, LogRing.MaxBytes);
    }

    [Fact]
    public void Those_after_a_line_are_the_newer_ones_and_after_one_of_a_former_process_all()
    {
        for (var i = 1; i <= 5; i++) _logger.Information("line {Number}", i);

        Assert.Equal([4L, 5L], _ring.After(3).Select(line => line.Number));
        Assert.Empty(_ring.After(5));
        Assert.Equal(5, _ring.After(77).Count);
    }

    public void Dispose() => _log.Dispose();
}
