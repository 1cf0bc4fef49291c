using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging.Abstractions;
using OvimSpokeAgent.Capacity;
using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Configuration;
using OvimSpokeAgent.Contract;
using OvimSpokeAgent.Leadership;
using OvimSpokeAgent.Tests.Cluster;
using OvimSpokeAgent.Tests.Configuration;
using OvimSpokeAgent.Tests.Supervision;
using OvimSpokeAgent.Tests.VirtualMachines;
using OvimSpokeAgent.VirtualMachines;
using Prometheus;

namespace OvimSpokeAgent.Tests.Capacity;

/// <summary>Nodes, storage and metrics.k8s.io of a cluster in memory, and what the agent makes of them.</summary>
internal sealed class CapacityWorld : IAsyncDisposable
{
    private readonly CancellationTokenSource _end = new();
    private readonly List<Func<CancellationToken, Task>> _loops = [];
    private readonly CollectorRegistry _registry = Prometheus.Metrics.NewCustomRegistry();
    private readonly IReadOnlyList<IWatchCacheStatus> _caches;
    private readonly ClusterMetricsReader _metrics;
    private Task _running = Task.CompletedTask;

    private CapacityWorld()
    {
        Cluster = new FakeKubernetesApi(Time);
        Settings = new TestEnvironment().LoadClean();
        var (nodes, machines, instances) = (Cache(NodeItem.Watch), Cache(VirtualMachineItem.Watch), Cache(VirtualMachineInstanceItem.Watch));
        var (claims, classes, capacities) = (Cache(ClaimItem.Watch), Cache(StorageClassItem.Watch), Cache(StorageCapacityItem.Watch));
        var namespaces = Cache(ManagedNamespace.Watch);
        _caches = [nodes, machines, instances, claims, classes, capacities, namespaces];
        Collector = new UsageCollector(
            new UsageReader(Cluster, nodes, instances, Time), nodes, Leadership, Settings, () => 0.5, Time, NullLogger<UsageCollector>.Instance);
        var figures = new ClusterFiguresReader(nodes, machines, instances, claims, classes, capacities, Collector, Time);
        _metrics = new ClusterMetricsReader(figures, Settings);
        Check = new UsageCheck(figures, Collector);
        Handler = new GetMetricsHandler(_metrics);
        var factory = Prometheus.Metrics.WithCustomRegistry(_registry);
        var managed = new ManagedNamespaces(namespaces, Cluster, Settings);
        _registry.AddBeforeCollectCallback(new ClusterGauges(figures, factory).Update);
        _registry.AddBeforeCollectCallback(new VirtualMachineUseGauges(Collector, managed, Settings, factory).Update);
    }

    public TestTime Time { get; } = new();

    public FakeKubernetesApi Cluster { get; }

    public AgentSettings Settings { get; }

    public SoleLeadership Leadership { get; } = new();

    public UsageCollector Collector { get; }

    public UsageCheck Check { get; }

    public GetMetricsHandler Handler { get; }

    public ClusterMetrics Metrics => _metrics.Read();

    public VirtualMachineStatus WithUse(VirtualMachineStatus vm) => _metrics.WithUse(vm);

    public NodeStatus Node(string name) => Metrics.NodeStatus.Single(node => node.Name == name);

    public static CapacityWorld Open() => new();

    /// <summary>The caches and the collector run; what there was is known, and was measured once.</summary>
    public async Task<CapacityWorld> StartAsync()
    {
        _running = Task.WhenAll(_loops.Select(loop => loop(_end.Token)));
        foreach (var cache in _caches.Where(cache => cache.Kind != CapacityKinds.Node))
            await cache.WaitForFirstAnswerAsync(Limits.Token());
        _running = Task.WhenAll(_running, Collector.RunAsync(_end.Token));
        await MeasuresAgainAsync(advance: false);
        return this;
    }

    /// <summary>Lets the time until the next measurement pass, and waits until it is done.</summary>
    public async Task MeasuresAgainAsync(bool advance = true)
    {
        if (advance) Time.Advance(Settings.MetricsCollectionInterval);
        await Time.NextWaitAsync(Settings.MetricsCollectionInterval, Settings.MetricsCollectionInterval);
    }

    public async Task<string> ScrapeAsync()
    {
        using var stream = new MemoryStream();
        await _registry.CollectAndExportAsTextAsync(stream);
        return System.Text.Encoding.UTF8.GetString(stream.ToArray());
    }

    /// <summary>A node that is ready, with 4 cores and 8Gi unless told otherwise.</summary>
    public void HasNode(string name, string status = """{"capacity":{"cpu":"4","memory":"8Gi"},"allocatable":{"cpu":"3500m","memory":"7Gi"},"conditions":[{"type":"Ready","status":"True"}]}""", bool cordoned = false) =>
        Cluster.Has(CapacityKinds.Node, new JsonObject
        {
            ["metadata"] = new JsonObject { ["name"] = name },
            ["spec"] = cordoned ? new JsonObject { ["unschedulable"] = true } : [],
            ["status"] = JsonNode.Parse(status),
        });

    public void Measures(string node, string usage, string? timestamp = null) =>
        Cluster.Has(CapacityKinds.NodeMetrics, Measurement(node, timestamp, "usage", JsonNode.Parse(usage)));

    public void MeasuresPod(string pod, string ns, string labels, params string[] usages)
    {
        var body = Measurement(pod, null, "containers", new JsonArray([.. usages.Select(usage => new JsonObject { ["name"] = "c", ["usage"] = JsonNode.Parse(usage) })]));
        body["metadata"]!["namespace"] = ns;
        body["metadata"]!["labels"] = JsonNode.Parse(labels);
        Cluster.Has(CapacityKinds.PodMetrics, body);
    }

    /// <summary>A VM whose guest runs on a node, with 2 vCPUs and 4Gi.</summary>
    public void HasGuest(string ns, string name, string node, string phase = "Running")
    {
        Cluster.Has(KubeVirtKinds.VirtualMachine, Named(ns, name));
        var vmi = Named(ns, name);
        vmi["spec"] = JsonNode.Parse("""{"domain":{"cpu":{"cores":2},"memory":{"guest":"4Gi"}}}""");
        vmi["status"] = new JsonObject { ["phase"] = phase, ["nodeName"] = node };
        Cluster.Has(KubeVirtKinds.VirtualMachineInstance, vmi);
    }

    public void HasClaim(string ns, string name, string? storageClass, string size, string phase = "Bound")
    {
        var claim = Named(ns, name);
        claim["spec"] = new JsonObject { ["resources"] = new JsonObject { ["requests"] = new JsonObject { ["storage"] = size } } };
        if (storageClass is not null) claim["spec"]!["storageClassName"] = storageClass;
        claim["status"] = new JsonObject { ["phase"] = phase };
        Cluster.Has(KubernetesKinds.PersistentVolumeClaim, claim);
    }

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        await _running.ContinueWith(_ => { }, default, TaskContinuationOptions.None, TaskScheduler.Default);
        _end.Dispose();
    }

    private static JsonObject Named(string ns, string name) => new() { ["metadata"] = new JsonObject { ["namespace"] = ns, ["name"] = name } };

    private JsonObject Measurement(string name, string? timestamp, string field, JsonNode? value) => new()
    {
        ["metadata"] = new JsonObject { ["name"] = name },
        ["timestamp"] = timestamp ?? Time.GetUtcNow().ToString("O"),
        [field] = value,
    };

    private WatchCache<TObject, TItem> Cache<TObject, TItem>(WatchSpec<TObject, TItem> spec)
        where TObject : class, IKubernetesObject
        where TItem : class
    {
        var cache = new WatchCache<TObject, TItem>(Cluster, spec, TestFailures.Create(Time), Time, NullLogger.Instance);
        _loops.Add(cache.RunAsync);
        return cache;
    }
}
