using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Events;
using OvimSpokeAgent.Tests.Configuration;
using Prometheus;

namespace OvimSpokeAgent.Tests.Events;

public sealed class EventRecorderTests : IAsyncLifetime, IAsyncDisposable
{
    private static readonly EventSubject Vm =
        new(new ResourceKind("kubevirt.io", "v1", "virtualmachines", "VirtualMachine"), new("tenant-a", "web"), "uid-1");

    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 11, 23, 8, 37, 1, 500, TimeSpan.Zero));
    private readonly EventApi _api = new();
    private readonly ClusterConnectivity _connectivity;
    private readonly CollectorRegistry _registry = Prometheus.Metrics.NewCustomRegistry();
    private readonly CancellationTokenSource _stop = new();
    private readonly EventRecorder _recorder;
    private readonly Task _running;

    public EventRecorderTests()
    {
        _connectivity = new ClusterConnectivity(_time);
        _recorder = New(new TestEnvironment().With("POD_NAME", "agent-0").With("POD_UID", "uid-0").With("OVIM_NAMESPACE", "ovim"));
        _running = _recorder.RunAsync(_stop.Token);
    }

    [Fact]
    public async Task Event_says_what_happened_to_what()
    {
        _recorder.Record(Vm, EventSeverity.Warning, "OperationFailed", "start_vm failed: no such VM", "start_vm");

        var (ns, body) = await _api.CreatedAsync(1);
        Assert.Equal("tenant-a", ns);
        Assert.Equal("tenant-a", (string?)body["metadata"]!["namespace"]);
        Assert.StartsWith("web.", (string?)body["metadata"]!["name"], StringComparison.Ordinal);
        Assert.Equal(
            """{"apiVersion":"kubevirt.io/v1","kind":"VirtualMachine","name":"web","namespace":"tenant-a","uid":"uid-1"}""",
            body["regarding"]!.ToJsonString());
        Assert.Equal("Warning", (string?)body["type"]);
        Assert.Equal("OperationFailed", (string?)body["reason"]);
        Assert.Equal("start_vm failed: no such VM", (string?)body["note"]);
        Assert.Equal("2026-11-23T08:37:01.500000Z", (string?)body["eventTime"]);
        Assert.Equal(("ovim-spoke-agent", "agent-0"), ((string?)body["reportingController"], (string?)body["reportingInstance"]));
        Assert.Equal("start_vm", (string?)body["action"]);
        Assert.Null(body["series"]);
    }

    [Theory]
    [InlineData("uid-7")]
    [InlineData(null)] // gone meanwhile
    public async Task Uid_that_is_not_known_is_looked_up_where_that_is_asked(string? uid)
    {
        _api.Uid = uid;
        _recorder.Record(Vm with { Uid = null, IsUidLookedUp = true }, EventSeverity.Normal, "Started", "started");

        var (_, body) = await _api.CreatedAsync(1);

        Assert.Equal(uid, (string?)body["regarding"]!["uid"]);
    }

    [Fact]
    public async Task Event_about_a_cluster_scoped_object_is_in_the_namespace_the_api_server_takes_it_in()
    {
        _recorder.Record(
            new(KubernetesKinds.Namespace, NamespacedName.ClusterScoped("tenant-a")), EventSeverity.Normal, "Made", "made");

        var (ns, body) = await _api.CreatedAsync(1);
        Assert.Equal("default", ns);
        Assert.Equal("default", (string?)body["regarding"]!["namespace"]);
    }

    [Theory]
    [InlineData('-')]
    [InlineData('.')]
    public async Task Event_about_an_object_with_a_long_name_has_a_name_that_the_api_server_takes(char before)
    {
        var name = new string('a', 199) + before + new string('b', 53);

        _recorder.Record(Vm with { Name = new("tenant-a", name) }, EventSeverity.Normal, "Stopped", "stopped");

        var (_, body) = await _api.CreatedAsync(1);
        Assert.Equal(name, (string?)body["regarding"]!["name"]);
        Assert.True(Validation.KubernetesNames.IsDnsSubdomain((string)body["metadata"]!["name"]!));
    }

    [Fact]
    public void Agent_is_its_pod_or_else_its_deployment()
    {
        Assert.Equal(new EventSubject(KubernetesKinds.Pod, new("ovim", "agent-0"), "uid-0"), _recorder.Agent);
        Assert.Equal(
            new EventSubject(KubernetesKinds.Deployment, new("ovim-system", "ovim-spoke-agent")),
            New(new TestEnvironment()).Agent);
    }

    [Fact]
    public async Task Repetition_becomes_a_series_that_counts_the_first_occurrence_in()
    {
        _recorder.Record(Vm, EventSeverity.Normal, "Started", "started");
        await _api.CreatedAsync(1);
        _time.Advance(TimeSpan.FromMinutes(9));

        _recorder.Record(Vm, EventSeverity.Normal, "Started", "started");

        var patch = await _api.PatchedAsync(1);
        Assert.Equal("""{"series":{"count":2,"lastObservedTime":"2026-11-23T08:46:01.500000Z"}}""", patch.ToJsonString());
        Assert.Single(_api.Created);
    }

    [Theory]
    [InlineData("a", 1024)]
    [InlineData("ä", 1023)] // 510 times two bytes, and the sign of three
    [InlineData("💾", 1023)]
    public async Task Note_that_is_too_long_is_cut_between_characters(string character, int bytes)
    {
        _recorder.Record(Vm, EventSeverity.Normal, "Started", string.Concat(Enumerable.Repeat(character, 2000)));

        var note = (string)(await _api.CreatedAsync(1)).Body["note"]!;
        Assert.EndsWith($"{character}…", note, StringComparison.Ordinal);
        Assert.Equal(bytes, System.Text.Encoding.UTF8.GetByteCount(note));
    }

    [Fact]
    public async Task Same_event_after_a_quiet_while_is_a_new_one()
    {
        _recorder.Record(Vm, EventSeverity.Normal, "Started", "started");
        await _api.CreatedAsync(1);
        _time.Advance(TimeSpan.FromMinutes(10));

        _recorder.Record(Vm, EventSeverity.Normal, "Started", "started");

        await _api.CreatedAsync(2);
        Assert.Equal(2, _api.Created.Select(created => (string?)created.Body["metadata"]!["name"]).Distinct().Count());
    }

    [Fact]
    public async Task One_object_cannot_flood_the_api_server()
    {
        for (var i = 0; i < 100; i++) _recorder.Record(Vm, EventSeverity.Normal, "Changed", $"change {i}");
        _recorder.Record(Vm with { Name = new("tenant-a", "db") }, EventSeverity.Normal, "Changed", "another one's");

        await _api.CreatedAsync(26);
        Assert.Equal("another one's", (string?)_api.Created[25].Body["note"]);
        Assert.Contains("ovim_agent_events_dropped_total{reason=\"budget\"} 75", await MetricsAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Events_wait_for_the_api_server()
    {
        _connectivity.Failed("refused");
        _recorder.Record(Vm, EventSeverity.Normal, "Started", "started");
        _recorder.Record(Vm, EventSeverity.Normal, "Started", "started");
        Assert.Empty(_api.Created);

        _connectivity.Answered();

        var (_, body) = await _api.CreatedAsync(1);
        Assert.Equal(2, (int)body["series"]!["count"]!);
    }

    [Fact]
    public async Task Refused_event_is_counted_and_stops_nothing()
    {
        _api.RefuseNext = true;
        _recorder.Record(Vm, EventSeverity.Normal, "First", "first");
        _recorder.Record(Vm, EventSeverity.Normal, "Second", "second");

        await _api.CreatedAsync(1);
        Assert.Equal("Second", (string?)_api.Created[0].Body["reason"]);
        Assert.Contains("ovim_agent_events_dropped_total{reason=\"refused\"} 1", await MetricsAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Event_whose_creation_was_not_answered_is_there_for_its_repetitions()
    {
        _api.LoseNextAnswer = true;
        _recorder.Record(Vm, EventSeverity.Normal, "Started", "started");
        await _api.CreatedAsync(1);

        _recorder.Record(Vm, EventSeverity.Normal, "Started", "started");

        Assert.Equal(2, (int)(await _api.PatchedAsync(1))["series"]!["count"]!);
        Assert.Single(_api.Created);
    }

    [Fact]
    public async Task Event_that_ran_out_is_made_anew_when_it_happens_again()
    {
        _recorder.Record(Vm, EventSeverity.Normal, "Started", "started");
        await _api.CreatedAsync(1);
        _api.Expire();

        _recorder.Record(Vm, EventSeverity.Normal, "Started", "started");

        var (_, body) = await _api.CreatedAsync(2);
        Assert.Equal(2, (int)body["series"]!["count"]!);
    }

    public Task InitializeAsync() => Task.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _running);
        _stop.Dispose();
    }

    Task IAsyncLifetime.DisposeAsync() => DisposeAsync().AsTask();

    private EventRecorder New(TestEnvironment environment) => new(
        _api, _connectivity, Prometheus.Metrics.WithCustomRegistry(_registry), environment.LoadClean(), _time,
        NullLogger<EventRecorder>.Instance);

    private async Task<string> MetricsAsync()
    {
        using var text = new MemoryStream();
        await _registry.CollectAndExportAsTextAsync(text);
        return System.Text.Encoding.UTF8.GetString(text.ToArray());
    }
}
