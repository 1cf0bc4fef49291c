using System.Reflection;
using Microsoft.Extensions.Logging;
using OvimSpokeAgent.Agent;
using OvimSpokeAgent.Configuration;
using OvimSpokeAgent.Logging;

namespace OvimSpokeAgent.Tests.Logging;

#pragma warning disable CA1848, CA1873, CA2254 // the tests log as third parties do

public sealed class WarningSinkTests : IDisposable
{
    private readonly MemoryLog _log = new(LogLevel.Information, json: true);

    public void Dispose() => _log.Dispose();

    [Theory]
    [InlineData("OvimSpokeAgent.Cluster.WatchCache", LogLevel.Warning, true)]
    [InlineData("OvimSpokeAgent.Cluster.WatchCache", LogLevel.Critical, true)]
    [InlineData("OvimSpokeAgent.Cluster.WatchCache", LogLevel.Information, false)]
    [InlineData(LogSettings.AuditCategory, LogLevel.Warning, false)]
    [InlineData("Microsoft.AspNetCore.Server.Kestrel", LogLevel.Error, false)]
    [InlineData("OvimSpokeAgentOfOthers", LogLevel.Error, false)]
    public void Hub_is_told_of_the_agents_own_warnings(string category, LogLevel level, bool isTold)
    {
        _log.For(category).Log(level, "The cache of {Kind} is gone, {Count} times", "nodes", 3);

        Assert.Equal(isTold ? ["The cache of nodes is gone, 3 times"] : [], _log.Errors.Pending());
    }

    [Fact]
    public void Hub_is_told_of_warnings_that_are_not_logged()
    {
        _log.Levels.Set(LogLevel.Error);

        _log.For("OvimSpokeAgent.Test").LogWarning("odd");

        Assert.Empty(_log.Lines);
        Assert.Equal(["odd"], _log.Errors.Pending());
    }

    [Fact]
    public void Exception_is_told_by_its_type_alone()
    {
        _log.For("OvimSpokeAgent.Test").LogError(new InvalidOperationException("denied: password: hunter2"), "Loop {Name} failed", "vdc");

        Assert.Equal(["Loop vdc failed (InvalidOperationException)"], _log.Errors.Pending());
    }

    [Theory]
    [InlineData(3030)]
    [InlineData(2002)]
    [InlineData(5002)]
    public void Hub_is_not_told_of_the_way_to_it_nor_what_results_or_components_say(int eventId)
    {
        _log.For("OvimSpokeAgent.Test").Log(LogLevel.Warning, new EventId(eventId), "something");

        Assert.Single(_log.Lines);
        Assert.Empty(_log.Errors.Pending());
    }

    [Fact]
    public void Flood_of_one_event_leaves_the_others_in()
    {
        _log.For("OvimSpokeAgent.Test").Log(LogLevel.Warning, new EventId(8001), "something");
        for (var i = 0; i < 100; i++) _log.For("OvimSpokeAgent.Test").Log(LogLevel.Warning, new EventId(8003), "{Object} failed", i);

        Assert.Contains("something", _log.Errors.Pending());
    }

    [Fact]
    public void Events_that_are_not_told_exist()
    {
        var events = typeof(AgentHost).Assembly.GetTypes()
            .SelectMany(type => type.GetMethods(BindingFlags.Static | BindingFlags.Instance | BindingFlags.NonPublic | BindingFlags.DeclaredOnly))
            .Select(method => method.GetCustomAttribute<LoggerMessageAttribute>()?.EventId);

        Assert.Empty(WarningSink.NotTold.Select(id => (int?)id).Except(events));
    }
}
