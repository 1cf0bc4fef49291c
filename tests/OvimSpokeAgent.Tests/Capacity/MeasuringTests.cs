using OvimSpokeAgent.Capacity;
using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Supervision;
using OvimSpokeAgent.Tests.Cluster;

namespace OvimSpokeAgent.Tests.Capacity;

/// <summary>What is known while metrics.k8s.io, the nodes or the right to them are away.</summary>
public sealed class MeasuringTests : IAsyncLifetime
{
    private const string HalfACore = """{"cpu":"500123456n","memory":"2Gi"}""";

    private CapacityWorld _world = null!;

    public Task InitializeAsync()
    {
        _world = CapacityWorld.Open();
        return Task.CompletedTask;
    }

    public async Task DisposeAsync() => await _world.DisposeAsync();

    [Fact]
    public async Task What_was_measured_stays_for_a_while_with_its_time_and_then_goes()
    {
        _world.HasNode("a");
        _world.Measures("a", HalfACore);
        await _world.StartAsync();
        var measuredAt = _world.Time.GetUtcNow();
        _world.Cluster.Fault = request => request.Kind == CapacityKinds.NodeMetrics ? FakeKubernetesApi.Error(ApiErrorReason.Unavailable, "service unavailable") : null;

        await _world.MeasuresAgainAsync();

        Assert.Equal((501, measuredAt), (_world.Metrics.Resources.CpuUsed, _world.Metrics.LastCollected));
        Assert.Contains($"what is used is of {measuredAt:O}, metrics.k8s.io does not tell: service unavailable", _world.Metrics.Warnings!);

        for (var i = 0; i < 4; i++) await _world.MeasuresAgainAsync();

        Assert.Equal((null, _world.Time.GetUtcNow()), (_world.Metrics.Resources.CpuUsed, _world.Metrics.LastCollected));
        Assert.Contains("what is used is not known, metrics.k8s.io does not tell: service unavailable", _world.Metrics.Warnings!);
        Assert.DoesNotContain("ovim_agent_cluster_used{", await _world.ScrapeAsync(), StringComparison.Ordinal);

        _world.Cluster.Fault = null;
        _world.Cluster.Change(CapacityKinds.NodeMetrics, NamespacedName.ClusterScoped("a"), item => item["timestamp"] = _world.Time.GetUtcNow().ToString("O"));
        await _world.MeasuresAgainAsync();

        Assert.Equal((501, null), (_world.Metrics.Resources.CpuUsed, _world.Metrics.Warnings));
    }

    [Fact]
    public async Task Metrics_server_that_is_removed_takes_its_figures_with_it_at_once()
    {
        _world.HasNode("a");
        _world.Measures("a", HalfACore);
        await _world.StartAsync();
        Assert.Equal(501, _world.Metrics.Resources.CpuUsed);

        _world.Cluster.LosesKind(CapacityKinds.NodeMetrics);
        await _world.MeasuresAgainAsync();
        Assert.Null(_world.Metrics.Resources.CpuUsed);

        _world.Cluster.GetsKind(CapacityKinds.NodeMetrics);
        await _world.MeasuresAgainAsync();
        Assert.Equal(501, _world.Metrics.Resources.CpuUsed);
    }

    [Fact]
    public async Task Old_role_costs_the_figures_and_nothing_else()
    {
        _world.HasNode("a");
        _world.Cluster.Fault = request => request.Kind.Group == "metrics.k8s.io" ? FakeKubernetesApi.Error(ApiErrorReason.Forbidden, "nodes.metrics.k8s.io is forbidden") : null;
        await _world.StartAsync();

        Assert.Equal((4000, null), (_world.Metrics.Resources.CpuCapacity, _world.Metrics.Resources.CpuUsed));
        var (status, message) = _world.Check.Check();
        Assert.Equal(HealthStatus.Warning, status);
        Assert.Contains("nodes.metrics.k8s.io is forbidden", message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Role_without_nodes_leaves_absent_what_is_not_known()
    {
        _world.HasNode("a");
        _world.HasGuest("acme", "web", "a");
        _world.Cluster.Fault = request => request.Kind == CapacityKinds.Node ? FakeKubernetesApi.Error(ApiErrorReason.Forbidden, "nodes is forbidden") : null;
        var starting = _world.StartAsync();
        await _world.Time.UntilAsync(() => starting.IsCompleted);
        await starting;

        var resources = _world.Metrics.Resources;

        Assert.Equal((null, null, null, 1), (resources.CpuCapacity, resources.NodeCount, resources.CpuRequested, resources.VmCount));
        Assert.Contains("which nodes there are is not known: nodes is forbidden", _world.Metrics.Warnings!);
        Assert.DoesNotContain("ovim_agent_cluster_nodes", await SeriesAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Nodes_that_are_not_heard_of_make_the_figures_as_old_as_they_are()
    {
        _world.HasNode("a");
        _world.Measures("a", HalfACore);
        await _world.StartAsync();
        var heard = _world.Time.GetUtcNow();

        _world.Cluster.Fault = request => request.Kind == CapacityKinds.Node ? FakeKubernetesApi.Error(ApiErrorReason.Unavailable, "gone") : null;
        _world.Cluster.EndWatches(FakeKubernetesApi.Error(ApiErrorReason.Expired));
        await _world.Time.UntilAsync(() => _world.Metrics.Warnings?.Any(warning => warning.StartsWith("nodes not heard of since", StringComparison.Ordinal)) is true);

        Assert.InRange(_world.Metrics.LastCollected, heard, heard.AddSeconds(5));
        Assert.Equal(1, _world.Metrics.Resources.NodeCount);
    }

    [Fact]
    public async Task Pods_that_cannot_be_read_leave_the_nodes_measured()
    {
        _world.HasNode("a");
        _world.Measures("a", HalfACore);
        _world.Cluster.Fault = request => request.Kind == CapacityKinds.PodMetrics ? FakeKubernetesApi.Error(ApiErrorReason.Forbidden, "pods.metrics.k8s.io is forbidden") : null;
        await _world.StartAsync();

        Assert.Equal(501, _world.Metrics.Resources.CpuUsed);
        Assert.Equal("what VMs use is not known: pods.metrics.k8s.io is forbidden", Assert.Single(_world.Metrics.Warnings!));
    }

    [Fact]
    public async Task Agent_that_leads_no_more_measures_no_more_and_shows_nothing_old()
    {
        _world.HasNode("a");
        _world.Measures("a", HalfACore);
        await _world.StartAsync();

        _world.Leadership.StepDown();
        await Eventually.HoldsAsync(() => _world.Metrics.Resources.CpuUsed is null);

        Assert.Equal(4000, _world.Metrics.Resources.CpuCapacity);
        Assert.Null(_world.Metrics.Warnings);
    }

    private async Task<string> SeriesAsync() =>
        string.Join('\n', (await _world.ScrapeAsync()).Split('\n').Where(line => !line.StartsWith('#')));
}
