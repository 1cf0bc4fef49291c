using System.Text.Json;
using Microsoft.Extensions.Logging;
using OvimSpokeAgent.Configuration;
using OvimSpokeAgent.Logging;

namespace OvimSpokeAgent.Tests.Logging;

#pragma warning disable CA1848, CA1873 // the tests log as third parties do

public sealed class LogLevelControlTests : IDisposable
{
    private readonly TestTime _time = new();
    private readonly MemoryLog _log = new(LogLevel.Warning, json: true);
    private readonly LogLevelControl _control;

    public LogLevelControlTests() => _control = new LogLevelControl(
        _log.Levels, new LogSettings { Level = LogLevel.Warning, Json = true }, _time, _log.Factory);

    public void Dispose()
    {
        _control.Dispose();
        _log.Dispose();
    }

    [Fact]
    public void Level_holds_for_its_time_then_the_configured_one_is_back()
    {
        _control.Set(LogLevel.Debug, TimeSpan.FromMinutes(15));
        Assert.True(IsLogged(LogLevel.Debug));
        Assert.Equal((LogLevel.Debug, LogLevel.Warning), (_control.Current, _control.Configured));
        Assert.Equal(_time.GetUtcNow().AddMinutes(15), _control.ReturnsAt);

        _time.Advance(TimeSpan.FromMinutes(15) - TimeSpan.FromSeconds(1));
        Assert.True(IsLogged(LogLevel.Debug));

        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.False(IsLogged(LogLevel.Information));
        Assert.Equal(LogLevel.Warning, _control.Current);
        Assert.Null(_control.ReturnsAt);
    }

    [Fact]
    public void Newer_level_counts_its_own_time()
    {
        _control.Set(LogLevel.Debug, TimeSpan.FromMinutes(10));
        _time.Advance(TimeSpan.FromMinutes(9));
        _control.Set(LogLevel.Trace, TimeSpan.FromMinutes(10));

        _time.Advance(TimeSpan.FromMinutes(9));
        Assert.Equal(LogLevel.Trace, _control.Current);

        _time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(LogLevel.Warning, _control.Current);
    }

    [Fact]
    public void Clock_that_is_set_back_does_not_keep_the_level()
    {
        using var control = new LogLevelControl(
            _log.Levels, new LogSettings { Level = LogLevel.Warning, Json = true }, new SlowUtcTime(_time), _log.Factory);

        control.Set(LogLevel.Debug, TimeSpan.FromMinutes(1));
        _time.Advance(TimeSpan.FromMinutes(1));

        Assert.Equal(LogLevel.Warning, control.Current);
    }

    [Fact]
    public void Reset_sets_the_configured_level_at_once()
    {
        _control.Set(LogLevel.Debug, LogLevelControl.DefaultDuration);

        _control.Reset();

        Assert.False(IsLogged(LogLevel.Information));
        Assert.Null(_control.ReturnsAt);
    }

    [Theory]
    [InlineData(LogLevel.Debug)]
    [InlineData(LogLevel.Critical)]
    public void Both_ends_are_told_whatever_the_level_in_the_log_and_in_the_audit_log(LogLevel level)
    {
        _control.Set(level, TimeSpan.FromHours(1));
        _time.Advance(TimeSpan.FromHours(1));

        var (audit, told) = Lines();
        Assert.Equal(
            [
                $"The log's level is \"{level}\" instead of \"Warning\", for 01:00:00; then \"Warning\" again",
                $"The log's level is \"Warning\" again, after \"{level}\"",
            ],
            told.Select(line => line.GetProperty("@m").GetString()));
        Assert.Equal([("set", $"{level}"), ("expire", "Warning")], audit.Select(Change));
        Assert.All(audit, line => Assert.Equal("OVIM_LOG_LEVEL", line.GetProperty("Object").GetString()));
    }

    [Fact]
    public void Configured_level_is_the_end_of_a_change_and_nothing_where_there_is_none()
    {
        _control.Set(LogLevel.Warning, TimeSpan.FromHours(1));
        _control.Reset();
        Assert.Empty(_log.Lines);

        _control.Set(LogLevel.Debug, TimeSpan.FromHours(1));
        _control.Set(LogLevel.Warning, TimeSpan.FromHours(1));

        Assert.Null(_control.ReturnsAt);
        Assert.Equal([("set", "Debug"), ("set", "Warning")], Lines().Audit.Select(Change));
    }

    [Theory]
    [InlineData(LogLevel.None, 60)]
    [InlineData((LogLevel)9, 60)]
    [InlineData((LogLevel)(-1), 60)]
    [InlineData(LogLevel.Debug, 0)]
    [InlineData(LogLevel.Debug, -1)]
    [InlineData(LogLevel.Debug, (24 * 3600) + 1)]
    public void Odd_level_or_duration_is_refused_and_changes_nothing(LogLevel level, int seconds)
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => _control.Set(level, TimeSpan.FromSeconds(seconds)));

        Assert.Equal(LogLevel.Warning, _control.Current);
        Assert.Empty(_log.Lines);
    }

    private static (string?, string?) Change(JsonElement line) =>
        (line.GetProperty("Verb").GetString(), line.GetProperty("After").GetString());

    private (List<JsonElement> Audit, List<JsonElement> Told) Lines()
    {
        var lines = _log.Lines.ConvertAll(line => JsonElement.Parse(line));
        bool IsAudit(JsonElement line) => line.GetProperty("SourceContext").GetString() == LogSettings.AuditCategory;
        return (lines.FindAll(IsAudit), lines.FindAll(line => !IsAudit(line)));
    }

    private bool IsLogged(LogLevel level)
    {
        var before = _log.Lines.Count;
        _log.For("OvimSpokeAgent.Test").Log(level, "something");
        return _log.Lines.Count > before;
    }

    /// <summary>Its wall clock stands still.</summary>
    private sealed class SlowUtcTime(TimeProvider time) : TimeProvider
    {
        private readonly DateTimeOffset _now = time.GetUtcNow();

        public override DateTimeOffset GetUtcNow() => _now;

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
            time.CreateTimer(callback, state, dueTime, period);
    }
}
