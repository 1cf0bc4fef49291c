using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Configuration;
using OvimSpokeAgent.Events;
using OvimSpokeAgent.Health;
using OvimSpokeAgent.Hub;
using OvimSpokeAgent.Logging;
using OvimSpokeAgent.Supervision;
using OvimSpokeAgent.Tests.Cluster;
using OvimSpokeAgent.Tests.Configuration;
using Prometheus;

namespace OvimSpokeAgent.Tests.Health;

public sealed class HealthReporterTests : IDisposable
{
    private readonly TestTime _time = new();
    private readonly CollectorRegistry _metrics = Prometheus.Metrics.NewCustomRegistry();
    private readonly HubConnection _hub;
    private readonly StubCheck _vital = new("vital", neededForReady: true);
    private readonly StubCheck _other = new("other", neededForReady: false);
    private readonly FakeKubernetesApi _cluster;
    private readonly AgentSettings _settings;
    private readonly EventRecorder _events;
    private readonly ReportErrors _errors = new();
    private readonly HealthReporter _reporter;
    private readonly List<AgentState> _states = [];

    public HealthReporterTests()
    {
        _hub = new HubConnection(_time);
        _cluster = new FakeKubernetesApi(_time);
        var settings = _settings = new TestEnvironment().With("OVIM_HEALTH_CHECK_INTERVAL", "10s").LoadClean();
        var metrics = Prometheus.Metrics.WithCustomRegistry(_metrics);
        _events = new EventRecorder(
            _cluster, new ClusterConnectivity(_time), metrics, settings, _time, NullLogger<EventRecorder>.Instance);
        _reporter = new HealthReporter(
            [_vital, _other], _hub, _events, _errors, metrics, settings, _time, NullLogger<HealthReporter>.Instance);
        _reporter.StateChanged += _states.Add;
    }

    [Fact]
    public void State_follows_the_hub_and_the_components()
    {
        Assert.Equal(AgentState.Connecting, _reporter.State);
        _hub.Failed("refused");
        _hub.Succeeded();
        _other.Finds(HealthFinding.Degraded("slow"));
        _reporter.Check();
        _vital.Finds(HealthFinding.Unhealthy("away"));
        _reporter.Check();
        _vital.Finds(HealthFinding.Warning("soon"));
        _other.Finds(HealthFinding.Healthy("well"));
        _reporter.Check();
        for (var i = 0; i < 3; i++) _hub.Failed("gone");
        _hub.Trying();
        _hub.Failed("gone");
        _hub.Succeeded();

        Assert.Equal(
            [
                AgentState.Healthy, AgentState.Degraded, AgentState.Unhealthy, AgentState.Healthy, AgentState.Disconnected,
                AgentState.Connecting, AgentState.Healthy,
            ],
            _states);
    }

    [Fact]
    public void Last_changes_of_the_state_are_kept_with_times_and_reasons_the_newest_first()
    {
        _hub.Succeeded();
        _time.Advance(TimeSpan.FromMinutes(1));
        _other.Finds(HealthFinding.Degraded("slow " + new string('x', 10_000)));
        _reporter.Check();

        var changes = _reporter.History.Changes;

        Assert.Equal([AgentState.Degraded, AgentState.Healthy], changes.Select(change => change.To));
        Assert.Equal((_time.GetUtcNow(), AgentState.Healthy), (changes[0].At, changes[0].From));
        Assert.StartsWith("other: slow xxx", changes[0].Reason, StringComparison.Ordinal);
        Assert.InRange(changes[0].Reason.Length, 900, 1001);
        for (var i = 0; i < 100; i++)
        {
            _other.Finds(i % 2 == 0 ? HealthFinding.Healthy("well") : HealthFinding.Degraded($"slow {i}"));
            _reporter.Check();
        }
        Assert.Equal(50, _reporter.History.Changes.Count);
        Assert.Equal("other: slow 99", _reporter.History.Changes[0].Reason);
    }

    [Theory]
    [InlineData(HealthStatus.Healthy, HealthStatus.Unhealthy, true)]
    [InlineData(HealthStatus.Degraded, HealthStatus.Healthy, true)]
    [InlineData(HealthStatus.Unhealthy, HealthStatus.Healthy, false)]
    public void Readiness_depends_on_what_is_needed_for_it(object vital, object other, bool ready)
    {
        _vital.Finds(new HealthFinding((HealthStatus)vital, ""));
        _other.Finds(new HealthFinding((HealthStatus)other, ""));

        Assert.Equal(ready, _reporter.Check().Ready);
    }

    [Fact]
    public void Agent_that_stops_is_not_ready()
    {
        Assert.True(_reporter.Check().Ready);

        _reporter.Stopping();

        Assert.False(_reporter.Check().Ready);
        Assert.True(_reporter.IsStopping);
    }

    [Fact]
    public void Document_has_all_components_and_the_agents_own_data()
    {
        _time.Advance(TimeSpan.FromSeconds(90));
        _vital.Finds(HealthFinding.Degraded("so-so"));

        var json = JsonSerializer.SerializeToElement(_reporter.Check(), HealthJson.Default.HealthDocument);

        Assert.Equal("Connecting", json.GetProperty("state").GetString());
        Assert.Equal(90, json.GetProperty("uptime_seconds").GetDouble());
        Assert.Equal(OvimSpokeAgent.Configuration.AgentVersion.Current, json.GetProperty("version").GetString());
        Assert.Equal("spoke-agent-east-1", json.GetProperty("agent_id").GetString());
        var vital = json.GetProperty("components").GetProperty("vital");
        Assert.Equal("Degraded", vital.GetProperty("status").GetString());
        Assert.Equal("so-so", vital.GetProperty("message").GetString());
        Assert.Equal(_time.GetUtcNow(), vital.GetProperty("last_check").GetDateTimeOffset());
        Assert.True(vital.TryGetProperty("duration_ms", out _));
        Assert.Equal("Healthy", json.GetProperty("components").GetProperty("other").GetProperty("status").GetString());
    }

    [Fact]
    public void Components_that_get_worse_are_told_to_the_hub_each_time()
    {
        _reporter.Check();
        _vital.Finds(HealthFinding.Warning("80 % full"));
        _reporter.Check();
        _reporter.Check();
        _vital.Finds(HealthFinding.Unhealthy("full"));
        _reporter.Check();
        _vital.Finds(HealthFinding.Degraded("90 % full"));
        _reporter.Check();

        Assert.Equal(
            ["component vital is not as it should be: 80 % full", "component vital is unhealthy: full"], _errors.Pending());

        _vital.Finds(HealthFinding.Healthy("well"));
        _reporter.Check();
        _vital.Finds(HealthFinding.Unhealthy("full"));
        _reporter.Check();

        Assert.Equal("component vital is unhealthy: full (2 times since the last report)", _errors.Pending()[^1]);
    }

    [Fact]
    public void Component_that_is_not_well_when_the_agent_starts_is_told_if_it_stays_so_for_a_minute()
    {
        _vital.Finds(HealthFinding.Degraded("not synced yet"));
        _other.Finds(HealthFinding.Degraded("no permission"));
        _reporter.Check();
        _time.Advance(TimeSpan.FromSeconds(59));
        _vital.Finds(HealthFinding.Healthy("synced"));
        _reporter.Check();
        Assert.Empty(_errors.Pending());

        _time.Advance(TimeSpan.FromSeconds(1));
        _reporter.Check();

        Assert.Equal(["component other is degraded: no permission"], _errors.Pending());
    }

    [Fact]
    public void Hub_is_not_told_that_it_was_away_but_that_it_gives_no_operations()
    {
        using var reporter = new HealthReporter(
            [new HubCheck(_hub, _settings)], _hub, _events, _errors, Prometheus.Metrics.WithCustomRegistry(_metrics), _settings, _time,
            NullLogger<HealthReporter>.Instance);
        _hub.Succeeded();
        for (var i = 0; i < 3; i++) _hub.Failed("no answer");
        _time.Advance(TimeSpan.FromHours(1));
        reporter.Check();
        _hub.Succeeded();
        Assert.Empty(_errors.Pending());

        for (var i = 0; i < 3; i++) _hub.PollFailed("404 Not Found");
        reporter.Check();

        Assert.Equal(["component hub is degraded: registered, but it gives no operations: 404 Not Found"], _errors.Pending());
    }

    [Fact]
    public async Task Checks_run_in_their_interval()
    {
        _hub.Succeeded();
        using var end = new CancellationTokenSource();
        var loop = _reporter.RunAsync(end.Token);
        var looks = _vital.Looks;

        _time.Advance(TimeSpan.FromSeconds(9));
        _vital.Finds(HealthFinding.Unhealthy("away"));
        Assert.Equal(AgentState.Healthy, _reporter.State);
        _time.Advance(TimeSpan.FromSeconds(1));

        await Eventually.HoldsAsync(() => _reporter.State is AgentState.Unhealthy);
        Assert.Equal(looks + 1, _vital.Looks);
        await end.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => loop);
    }

    [Fact]
    public async Task Changes_of_state_are_counted()
    {
        _hub.Succeeded();
        for (var i = 0; i < 3; i++) _hub.Failed("gone");
        _hub.Succeeded();

        using var text = new MemoryStream();
        await _metrics.CollectAndExportAsTextAsync(text);
        var lines = System.Text.Encoding.UTF8.GetString(text.ToArray()).Split('\n');
        Assert.Contains("ovim_agent_state_transitions_total{from=\"Connecting\",to=\"Healthy\"} 1", lines);
        Assert.Contains("ovim_agent_state_transitions_total{from=\"Healthy\",to=\"Disconnected\"} 1", lines);
        Assert.Contains("ovim_agent_state_transitions_total{from=\"Disconnected\",to=\"Healthy\"} 1", lines);
    }

    [Fact]
    public async Task Change_of_state_is_an_event_with_its_reason()
    {
        using var end = new CancellationTokenSource();
        _cluster.HasNamespace("ovim-system");
        var writing = _events.RunAsync(end.Token);
        _hub.Succeeded();
        _vital.Finds(HealthFinding.Unhealthy("the store is full"));

        _reporter.Check();

        await Eventually.HoldsAsync(() => _cluster.RequestsWith("create").Count() == 2);
        Assert.Contains("\"reason\":\"AgentUnhealthy\"", _cluster.RequestsWith("create").Last(), StringComparison.Ordinal);
        Assert.Contains("vital: the store is full", _cluster.RequestsWith("create").Last(), StringComparison.Ordinal);
        await end.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => writing);
    }

    [Fact]
    public void Reporter_that_is_disposed_follows_the_hub_no_more()
    {
        _reporter.Dispose();

        _hub.Succeeded();

        Assert.Equal(AgentState.Connecting, _reporter.State);
    }

    public void Dispose() => _reporter.Dispose();

    private sealed class StubCheck(string name, bool neededForReady) : IHealthCheck
    {
        private HealthFinding _finding = HealthFinding.Healthy("well");

        public string Name { get; } = name;

        public bool NeededForReady { get; } = neededForReady;

        public int Looks { get; private set; }

        public void Finds(HealthFinding finding) => _finding = finding;

        public HealthFinding Check()
        {
            Looks++;
            return _finding;
        }
    }
}
