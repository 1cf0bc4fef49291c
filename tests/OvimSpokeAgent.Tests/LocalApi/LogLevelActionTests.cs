using System.Text.Json;
using Microsoft.Extensions.Logging;
using OvimSpokeAgent.Configuration;
using OvimSpokeAgent.LocalApi;
using OvimSpokeAgent.Logging;
using OvimSpokeAgent.Tests.Logging;

namespace OvimSpokeAgent.Tests.LocalApi;

public sealed class LogLevelActionTests : IDisposable
{
    private readonly TestTime _time = new();
    private readonly MemoryLog _log = new(LogLevel.Information, json: false);
    private readonly LogLevelControl _control;

    public LogLevelActionTests() =>
        _control = new LogLevelControl(_log.Levels, new LogSettings { Level = LogLevel.Information, Json = false }, _time, _log.Factory);

    [Fact]
    public void Level_is_set_for_as_long_as_it_is_asked_for()
    {
        var result = Run("""{"level":"DEBUG","minutes":5}""");

        Assert.Equal((200, "the log's level is debug until 2026-11-23 08:05:00Z, then info again"), (result.Status, result.Message));
        Assert.Equal(LogLevel.Debug, _control.Current);
        _time.Advance(TimeSpan.FromMinutes(5));
        Assert.Equal(LogLevel.Information, _control.Current);
    }

    [Fact]
    public void Without_minutes_it_is_a_quarter_of_an_hour()
    {
        Run("""{"level":"warn"}""");

        Assert.Equal(_time.GetUtcNow().AddMinutes(15), _control.ReturnsAt);
    }

    [Fact]
    public void Configured_level_ends_the_change()
    {
        Run("""{"level":"error"}""");

        var result = Run("""{"level":"info","minutes":10}""");

        Assert.Equal((200, "the log's level is info, as it is configured"), (result.Status, result.Message));
        Assert.Null(_control.ReturnsAt);
    }

    [Theory]
    [InlineData("{}", "level: nothing is not valid, expected one of debug, info, warn, error")]
    [InlineData("""{"level":"loud"}""", "level: \"loud\" is not valid, expected one of debug, info, warn, error")]
    [InlineData("""{"level":null}""", "level: null is not valid, expected one of debug, info, warn, error")]
    [InlineData("""{"level":7}""", "level: 7 is not valid, expected one of debug, info, warn, error")]
    [InlineData("""{"level":"debug","minutes":0}""", "minutes: 0 is not valid, expected a whole number from 1 to 1440")]
    [InlineData("""{"level":"debug","minutes":1441}""", "minutes: 1441 is not valid, expected a whole number from 1 to 1440")]
    [InlineData("""{"level":"debug","minutes":1.5}""", "minutes: 1.5 is not valid, expected a whole number from 1 to 1440")]
    [InlineData("""{"level":"debug","minutes":"15"}""", "minutes: \"15\" is not valid, expected a whole number from 1 to 1440")]
    [InlineData("""{"level":"debug","minutes":1e99}""", "minutes: 1e99 is not valid, expected a whole number from 1 to 1440")]
    public void What_is_wrong_is_named_and_changes_nothing(string body, string message)
    {
        var result = Run(body);

        Assert.Equal((400, message), (result.Status, result.Message));
        Assert.Equal(LogLevel.Information, _control.Current);
    }

    public void Dispose()
    {
        _control.Dispose();
        _log.Dispose();
    }

    private ActionResult Run(string body) => LogLevelAction.Run(JsonElement.Parse(body), _control);
}
