using Microsoft.Extensions.Logging.Abstractions;
using Moq;
using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Health;
using OvimSpokeAgent.Hub;
using OvimSpokeAgent.Supervision;
using OvimSpokeAgent.Tests.Cluster;
using OvimSpokeAgent.Tests.Configuration;

namespace OvimSpokeAgent.Tests.Health;

public sealed class HealthChecksTests
{
    private static readonly DateTimeOffset Heard = new(2026, 11, 23, 8, 0, 0, TimeSpan.Zero);

    private readonly TestTime _time = new();

    [Fact]
    public void Hub_tells_how_far_the_connection_is()
    {
        var hub = new HubConnection(_time);
        var check = new HubCheck(hub, new TestEnvironment().LoadClean());

        Assert.Equal(HealthFinding.Degraded("connecting to https://hub.example.com/"), check.Check());
        hub.Failed("refused");
        Assert.Equal(HealthFinding.Degraded("connecting to https://hub.example.com/: refused"), check.Check());
        hub.Succeeded();
        Assert.Equal(HealthFinding.Healthy("registered"), check.Check());
        hub.Failed("timed out");
        Assert.Equal(HealthFinding.Warning("the last 1 reports were not taken: timed out"), check.Check());
        hub.Failed("timed out");
        hub.Failed("gone");
        Assert.Equal(HealthFinding.Degraded("connecting to https://hub.example.com/: gone"), check.Check());
    }

    [Fact]
    public void Hub_to_which_another_agent_reports_is_no_concern_of_this_one()
    {
        var hub = new HubConnection(_time) { IsSilent = true };

        Assert.Equal(HealthFinding.Healthy("another agent reports to it"), new HubCheck(hub, new TestEnvironment().LoadClean()).Check());
    }

    [Fact]
    public void Hub_that_gives_no_operations_degrades_after_three_polls()
    {
        var hub = new HubConnection(_time);
        var check = new HubCheck(hub, new TestEnvironment().LoadClean());
        hub.Succeeded();

        for (var i = 0; i < 2; i++) hub.PollFailed("500");
        Assert.Equal(HealthFinding.Healthy("registered"), check.Check());
        hub.PollAnswered();
        for (var i = 0; i < 3; i++) hub.PollFailed("502");
        Assert.Equal(HealthFinding.Degraded("registered, but it gives no operations: 502"), check.Check());
        hub.Succeeded(); // a report
        Assert.Equal(HealthStatus.Degraded, check.Check().Status);

        hub.PollAnswered();
        Assert.Equal(HealthFinding.Healthy("registered"), check.Check());
    }

    [Fact]
    public void Hub_without_a_checked_certificate_is_a_warning()
    {
        var hub = new HubConnection(_time);
        hub.Succeeded();
        var settings = new TestEnvironment().With("OVIM_HUB_TLS_INSECURE", "true").Load().Settings!;

        Assert.Equal(
            HealthFinding.Warning("registered, but OVIM_HUB_TLS_INSECURE accepts any certificate"),
            new HubCheck(hub, settings).Check());
    }

    [Fact]
    public void Cluster_that_does_not_answer_is_unhealthy()
    {
        var connectivity = new ClusterConnectivity(_time);
        var check = new ClusterCheck(connectivity);

        Assert.Equal(HealthFinding.Healthy("the API server answers"), check.Check());
        connectivity.Failed("connection refused");
        Assert.Equal(HealthFinding.Unhealthy("the API server does not answer: connection refused"), check.Check());
    }

    [Theory]
    [InlineData(CacheState.Starting, false, false, true, HealthStatus.Unhealthy, "widgets not synced yet")]
    [InlineData(CacheState.Starting, false, false, false, HealthStatus.Healthy, "1 of 2 kinds synced; widgets not synced yet")]
    [InlineData(CacheState.Synced, true, false, true, HealthStatus.Healthy, "2 of 2 kinds synced")]
    [InlineData(CacheState.NoKindMatch, false, false, true, HealthStatus.Degraded, "the cluster has no widgets (is KubeVirt installed?)")]
    [InlineData(CacheState.NoKindMatch, false, true, true, HealthStatus.Healthy, "1 of 2 kinds synced; the cluster has no widgets")]
    [InlineData(CacheState.Failing, false, false, true, HealthStatus.Unhealthy, "widgets not synced: no answer")]
    [InlineData(CacheState.Failing, false, true, false, HealthStatus.Warning, "widgets not synced: no answer")]
    [InlineData(CacheState.Failing, true, false, true, HealthStatus.Degraded, "widgets not heard of since 2026-11-23T08:00:00.0000000+00:00: no answer")]
    [InlineData(CacheState.Failing, true, true, false, HealthStatus.Warning, "widgets not heard of since 2026-11-23T08:00:00.0000000+00:00: no answer")]
    public void Caches_are_as_well_as_the_worst_of_them(
        object state, bool wasSynced, bool isOptional, bool isAwaited, object status, string message)
    {
        var check = new CachesCheck(
        [
            Cache("gadgets", new CacheStatus { State = CacheState.Synced, LastSync = Heard }),
            Cache(
                "widgets",
                new CacheStatus
                {
                    State = (CacheState)state,
                    Problem = "no answer",
                    LastSync = wasSynced ? Heard : null,
                    LastEvent = wasSynced ? Heard : null,
                },
                isOptional,
                isAwaited),
        ]);

        Assert.Equal(new HealthFinding((HealthStatus)status, message), check.Check());
    }

    [Fact]
    public void All_caches_that_are_as_bad_are_named()
    {
        var check = new CachesCheck(
            [Cache("a", new CacheStatus()), Cache("b", new CacheStatus { State = CacheState.NoKindMatch }), Cache("c", new CacheStatus())]);

        Assert.Equal(HealthFinding.Unhealthy("a not synced yet; c not synced yet"), check.Check());
        Assert.True(check.NeededForReady);
    }

    [Theory]
    [InlineData(false, "Degraded", "not allowed: delete widgets.example.com")]
    [InlineData(true, "Warning", "not allowed, the agent does without: delete widgets.example.com")]
    public async Task Permission_that_is_missing_degrades_unless_the_agent_does_its_work_without(bool isOptional, string status, string message)
    {
        var cluster = new FakeKubernetesApi(_time) { Reviews = attributes => (string?)attributes["verb"] != "delete" };
        var kind = new ResourceKind("example.com", "v1", "widgets", "Widget");
        var permissions = new PermissionMonitor(
            new AccessReviews(cluster, _time),
            new ClusterConnectivity(_time),
            [new("list", kind), new("delete", kind) { IsOptional = isOptional }],
            _time,
            NullLogger<PermissionMonitor>.Instance);
        var check = new PermissionsCheck(permissions);
        Assert.Equal(HealthFinding.Healthy("not checked yet"), check.Check());
        using var end = new CancellationTokenSource();

        var loop = permissions.RunAsync(end.Token);
        await Eventually.HoldsAsync(() => permissions.Missing is not null);

        Assert.Equal(new HealthFinding(Enum.Parse<HealthStatus>(status), message), check.Check());
        await end.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => loop);
    }

    [Fact]
    public void Loop_that_failed_lately_degrades()
    {
        var registry = new RunningLoops();
        registry.Add(new StubLoop("poll"));
        var check = new LoopsCheck(registry, new TestEnvironment().LoadClean());
        Assert.Equal(HealthFinding.Healthy("running"), check.Check());

        registry.Add(new StubLoop("events") { RecentFailure = new LoopFailure("a bug", Heard) });

        Assert.Equal(HealthFinding.Degraded("events failed: a bug"), check.Check());
        Assert.Empty(check.Fatal);
    }

    [Fact]
    public void Loop_that_stands_still_or_fails_too_often_is_fatal()
    {
        var registry = new RunningLoops();
        var check = new LoopsCheck(registry, new TestEnvironment().With("OVIM_COMPONENT_RESTART_LIMIT", "3").LoadClean());
        registry.Add(new StubLoop("slow") { StandsStillFor = TimeSpan.FromSeconds(299) });
        registry.Add(new StubLoop("odd") { OwnFailures = 2 });
        Assert.Empty(check.Fatal);

        registry.Add(new StubLoop("stuck") { StandsStillFor = TimeSpan.FromSeconds(300) });
        registry.Add(new StubLoop("broken") { OwnFailures = 3 });

        string[] fatal =
        [
            "stuck stands still for 00:05:00, expected less than 5 minutes",
            "broken failed 3 times in 10 minutes, expected less than 3 (OVIM_COMPONENT_RESTART_LIMIT)",
        ];
        Assert.Equal(fatal, check.Fatal);
        Assert.Equal(HealthFinding.Unhealthy(string.Join("; ", fatal)), check.Check());
    }

    [Theory]
    [InlineData(100, null, HealthStatus.Healthy, "100 MiB, and no limit")]
    [InlineData(409, 512, HealthStatus.Healthy, "409 MiB of 512 MiB")]
    [InlineData(410, 512, HealthStatus.Warning, "410 MiB of 512 MiB")]
    [InlineData(461, 512, HealthStatus.Degraded, "461 MiB of 512 MiB")]
    public void Memory_warns_and_degrades_before_the_limit(int used, int? limit, object status, string message)
    {
        var check = new MemoryCheck(() => new MemoryUse((long)used << 20, limit is { } most ? (long)most << 20 : null));

        Assert.Equal(new HealthFinding((HealthStatus)status, message), check.Check());
        Assert.False(check.NeededForReady);
    }

    private static IWatchCacheStatus Cache(string plural, CacheStatus status, bool isOptional = false, bool isAwaited = true) =>
        Mock.Of<IWatchCacheStatus>(cache =>
            cache.Holds == plural && cache.Status == status && cache.IsOptional == isOptional && cache.IsAwaited == isAwaited);

    private sealed record StubLoop(string Name) : ILoopStatus
    {
        public LoopFailure? RecentFailure { get; init; }

        public int Failures => 0;

        public int OwnFailures { get; init; }

        public TimeSpan StandsStillFor { get; init; }
    }
}
