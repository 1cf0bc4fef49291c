using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using OvimSpokeAgent.Agent;
using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Contract;
using OvimSpokeAgent.Events;
using OvimSpokeAgent.Leadership;
using OvimSpokeAgent.Metrics;
using OvimSpokeAgent.Operations;
using OvimSpokeAgent.Supervision;
using OvimSpokeAgent.Tests.Cluster;
using OvimSpokeAgent.Tests.VirtualMachines;
using OvimSpokeAgent.VirtualDataCenters;
using OvimSpokeAgent.VirtualMachines;
using Prometheus;

namespace OvimSpokeAgent.Tests.VirtualDataCenters;

/// <summary>The agent's VDC and VM parts, wired as in the agent, over a cluster in memory that outlives them.</summary>
internal sealed class VdcHost : IAsyncDisposable
{
    private readonly ServiceProvider _services;
    private readonly IReadOnlyList<IHostedService> _loops;
    private int _operations;

    private VdcHost(FakeKubernetesApi cluster, TestTime time, IReadOnlyList<(string Name, string Value)> settings, IReadOnlyList<string>? nameservers)
    {
        (Cluster, Time) = (cluster, time);
        var services = new ServiceCollection();
        services.AddSingleton(typeof(ILogger<>), typeof(NullLogger<>));
        services.AddSingleton<ILoggerFactory>(NullLoggerFactory.Instance);
        services.AddSingleton<TimeProvider>(time);
        services.AddSingleton<Jitter>(() => 0.5);
        var environment = new Configuration.TestEnvironment();
        foreach (var (name, value) in settings) environment.With(name, value);
        services.AddSingleton(environment.LoadClean());
        services.AddSingleton(Prometheus.Metrics.NewCustomRegistry());
        services.AddSingleton<IMetricFactory>(provider =>
            Prometheus.Metrics.WithCustomRegistry(provider.GetRequiredService<CollectorRegistry>()));
        services.AddSingleton<ILeadership, SoleLeadership>();
        services.AddSingleton<ClusterConnectivity>();
        services.AddSingleton<IKubernetesApi>(cluster);
        services.AddSingleton<AccessReviews>();
        services.AddCaches();
        services.AddSingleton<ManagedNamespaces>();
        services.AddLoop<EventRecorder>().AddLoop<ClusterNetworkDiscovery>().AddLoop<VdcReconciler>();
        services.AddVirtualMachines();
        services.AddSingleton<ITemplateSource>(new FakeTemplates().With("t", """{"name":"t","image_url":"img","memory":"1Gi","labels":{"tier":"web"}}"""));
        services.AddVirtualDataCenters();
        services.AddSingleton<Nameservers>(() => [.. (nameservers ?? []).Select(System.Net.IPAddress.Parse)]);
        // Operations are executed by the tests themselves: each is under way until its VM shows.
        services.AddSingleton(provider => new QuotaLedger(
            provider.GetRequiredService<WatchCache<VirtualMachineObject, VirtualMachineItem>>(),
            provider.GetRequiredService<WatchCache<VirtualMachineInstanceObject, VirtualMachineInstanceItem>>(),
            provider.GetRequiredService<Instancetypes>(),
            _ => true,
            time));
        _services = services.BuildServiceProvider();
        AgentMetrics.UpdateGauges(_services);
        _loops = [.. _services.GetServices<IHostedService>()];
    }

    public FakeKubernetesApi Cluster { get; }

    public TestTime Time { get; }

    public VdcConditions States => _services.GetRequiredService<VdcConditions>();

    /// <summary>Starts the agent's parts; a second host on the same cluster is the agent started again.</summary>
    public static async Task<VdcHost> StartAsync(
        FakeKubernetesApi? cluster = null, TestTime? time = null, params (string Name, string Value)[] settings) =>
        await StartAsync([], cluster, time, null, settings);

    /// <summary>As the other, in a pod with these nameservers, on a cluster that may not tell of one kind what there is.</summary>
    public static async Task<VdcHost> StartAsync(
        IReadOnlyList<string> nameservers,
        FakeKubernetesApi? cluster,
        TestTime? time,
        ResourceKind? notAnswered = null,
        params (string Name, string Value)[] settings)
    {
        time ??= new TestTime();
        var host = new VdcHost(cluster ?? new FakeKubernetesApi(time), time, settings, nameservers);
        foreach (var loop in host._loops) await loop.StartAsync(default);
        foreach (var cache in host._services.GetServices<IWatchCacheStatus>().Where(cache => cache.Kind != notAnswered))
            await cache.WaitForFirstAnswerAsync(Limits.Token());
        return host;
    }

    /// <summary>An operation on VDC <c>dev</c> in namespace <c>acme-dev</c>.</summary>
    /// <param name="type">Its type.</param>
    /// <param name="more">More fields; they win.</param>
    /// <param name="key">Its journal name; null: a new one.</param>
    /// <param name="fact">What an earlier execution fixed.</param>
    public Execution Of(string type, string more = "", string? key = null, string? fact = null)
    {
        var (handler, payload) = (HandlerOf(type), PayloadOf(more));
        return VmWorld.Of(handler, payload, key ?? $"ovim-op-{++_operations:d20}", fact);
    }

    /// <summary>What is wrong with the payload of such an operation.</summary>
    public IReadOnlyList<string> ErrorsOf(string type, string more)
    {
        var reader = new PayloadReader(JsonElement.Parse(PayloadOf(more)));
        HandlerOf(type).Plan(reader);
        return reader.Errors;
    }

    public Task<OperationOutcome> RunAsync(string type, string more = "") => Of(type, more).RunAsync();

    /// <summary>Runs <c>create_vm</c> in the VDC.</summary>
    public Task<OperationOutcome> CreateVmAsync(string name, int cpu, string memory = "1Gi", bool run = true) => VmWorld.Of(
        _services.GetServices<IOperationHandler>().Single(handler => handler.Type == "create_vm"),
        $$"""{"name":"{{name}}","namespace":"acme-dev","image_url":"x/y:1","cpu":{{cpu}},"memory":"{{memory}}","run":{{(run ? "true" : "false")}}}""",
        $"ovim-op-{++_operations:d20}").RunAsync();

    /// <summary>As the operations do when the journal is read at the start.</summary>
    public IVirtualMachineAdmission Admission => _services.GetRequiredService<IVirtualMachineAdmission>();

    /// <summary>Whether all VDCs that are not being deleted are whole.</summary>
    public bool IsAllAsDeclared() => _services.GetRequiredService<VdcStatusReader>().List().All(vdc => vdc.Status is "Active");

    public VdcStatus Status() => Assert.Single(Statuses());

    public IReadOnlyList<VdcStatus> Statuses() => _services.GetRequiredService<VdcStatusReader>().List();

    public HealthFinding Health() => _services.GetServices<IHealthCheck>().Single(check => check.Name == "vdcs").Check();

    public async Task<string> MetricsAsync()
    {
        using var text = new MemoryStream();
        await _services.GetRequiredService<CollectorRegistry>().CollectAndExportAsTextAsync(text);
        return System.Text.Encoding.UTF8.GetString(text.ToArray());
    }

    public JsonObject? Find(ResourceKind kind, string name) => Cluster.Find(kind, new("acme-dev", name));

    public JsonObject? Namespace() => Cluster.Find(KubernetesKinds.Namespace, NamespacedName.ClusterScoped("acme-dev"));

    /// <summary>Lets time pass until something holds.</summary>
    public async Task PassesUntilAsync(Func<bool> condition, TimeSpan? step = null)
    {
        await Eventually.HoldsAsync(() =>
        {
            if (condition()) return true;
            Time.Advance(step ?? TimeSpan.FromMilliseconds(250));
            return condition();
        });
    }

    private IOperationHandler HandlerOf(string type) => _services.GetServices<IOperationHandler>().Single(handler => handler.Type == type);

    private static string PayloadOf(string more) =>
        $$"""{"vdc_name":"dev","target_namespace":"acme-dev","organization":"acme"{{(more.Length > 0 ? "," + more : "")}}}""";

    public async ValueTask DisposeAsync()
    {
        foreach (var loop in _loops) await loop.StopAsync(default);
        await _services.DisposeAsync();
    }
}
