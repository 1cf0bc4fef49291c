using System.Text.Json;
using Microsoft.Extensions.Logging;
using OvimSpokeAgent.Configuration;

namespace OvimSpokeAgent.Tests.Logging;

#pragma warning disable CA1848, CA1873, CA2254 // the tests log as third parties do

public sealed class AgentLoggingTests
{
    [Fact]
    public void Json_is_one_object_a_line_with_the_message_and_the_scope()
    {
        using var log = new MemoryLog(LogLevel.Information, json: true);
        var logger = log.For("OvimSpokeAgent.Test");

        using (logger.BeginScope(new Dictionary<string, object> { ["Operation"] = "op-1" }))
            logger.LogInformation("VM {Vm} is started", "web\nforged");

        using var line = JsonDocument.Parse(Assert.Single(log.Lines));
        Assert.Equal("VM \"web\nforged\" is started", line.RootElement.GetProperty("@m").GetString());
        Assert.Equal("op-1", line.RootElement.GetProperty("Operation").GetString());
        Assert.Equal("OvimSpokeAgent.Test", line.RootElement.GetProperty("SourceContext").GetString());
    }

    [Fact]
    public void Text_keeps_a_value_with_a_line_break_on_one_line()
    {
        using var log = new MemoryLog(LogLevel.Information, json: false);

        log.For("OvimSpokeAgent.Test").LogWarning("VM {Vm} is gone", "web\n[ERR] forged");

        Assert.EndsWith("[WRN] OvimSpokeAgent.Test: VM \"web\\n[ERR] forged\" is gone", Assert.Single(log.Lines));
    }

    [Fact]
    public void Text_indents_an_exception_whatever_its_message_has()
    {
        using var log = new MemoryLog(LogLevel.Information, json: false);

        log.For("OvimSpokeAgent.Test").LogError(new InvalidOperationException("odd\n{\"Verb\":\"delete\"}"), "It failed");

        Assert.EndsWith(": It failed", log.Lines[0], StringComparison.Ordinal);
        Assert.All(log.Lines.Skip(1), line => Assert.StartsWith("    ", line, StringComparison.Ordinal));
        Assert.Contains("    {\"Verb\":\"delete\"}", log.Lines);
    }

    [Theory]
    [InlineData("OvimSpokeAgent.Hub", LogLevel.Information, LogLevel.Information, true)]
    [InlineData("OvimSpokeAgent.Hub", LogLevel.Information, LogLevel.Debug, false)]
    [InlineData("OvimSpokeAgent.Hub", LogLevel.Debug, LogLevel.Debug, true)]
    [InlineData("Microsoft.Hosting.Lifetime", LogLevel.Information, LogLevel.Information, false)]
    [InlineData("Microsoft.Hosting.Lifetime", LogLevel.Information, LogLevel.Warning, true)]
    [InlineData("Microsoft.Hosting.Lifetime", LogLevel.Error, LogLevel.Warning, false)]
    [InlineData("Microsoft.Hosting.Lifetime", LogLevel.Debug, LogLevel.Debug, true)]
    [InlineData("System.Net.Http.HttpClient.hub", LogLevel.Information, LogLevel.Information, false)]
    [InlineData("System.Net.Http.HttpClient.hub", LogLevel.Debug, LogLevel.Information, true)]
    [InlineData("Polly", LogLevel.Information, LogLevel.Warning, false)]
    [InlineData("Polly", LogLevel.Information, LogLevel.Error, false)]
    [InlineData("Polly", LogLevel.Debug, LogLevel.Information, true)]
    public void Level_depends_on_who_logs(string category, LogLevel setting, LogLevel level, bool logged)
    {
        using var log = new MemoryLog(setting, json: true);

        log.For(category).Log(level, "something");

        Assert.Equal(logged ? 1 : 0, log.Lines.Count);
    }

    [Fact]
    public void Audit_log_is_json_and_whole_whatever_the_format_and_the_level()
    {
        using var log = new MemoryLog(LogLevel.Error, json: false);

        log.For(LogSettings.AuditCategory).LogInformation("{Verb} {Resource}", "delete", "virtualmachines.kubevirt.io");
        log.For("OvimSpokeAgent.Test").LogInformation("not logged");

        using var line = JsonDocument.Parse(Assert.Single(log.Lines));
        Assert.Equal("delete", line.RootElement.GetProperty("Verb").GetString());
        Assert.Equal(LogSettings.AuditCategory, line.RootElement.GetProperty("SourceContext").GetString());
    }

    [Fact]
    public void Level_changes_while_the_agent_runs()
    {
        using var log = new MemoryLog(LogLevel.Warning, json: true);
        var logger = log.For("OvimSpokeAgent.Test");
        logger.LogInformation("before");

        log.Levels.Set(LogLevel.Debug);
        logger.LogDebug("after");

        Assert.Contains("after", Assert.Single(log.Lines), StringComparison.Ordinal);
    }
}
