using System.Net;
using System.Text.Json.Nodes;
using k8s;
using KubernetesSandbox.Cluster;
using KubernetesSandbox.Metrics;
using OvimSpokeAgent.EndToEnd.Tests.Harness;

namespace OvimSpokeAgent.EndToEnd.Tests;

/// <summary>What the cluster has and uses: metrics.k8s.io there, away, slow, wrong, forbidden.</summary>
public sealed class ClusterMetricsTests(Clusters clusters) : IClassFixture<Clusters>, IAsyncLifetime
{
    private const string Absent = "the cluster has no metrics.k8s.io";

    private readonly string _node = $"node-{Guid.NewGuid().ToString("N")[..8]}";
    private TestEnvironment _environment = null!;
    private SandboxMetrics? _metrics;
    private readonly List<string> _made = [];

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        if (_metrics is not null) await _metrics.DisposeAsync();
        foreach (var path in Enumerable.Reverse(_made)) await _environment.Cluster.Admin.DeleteAsync(path);
        if (_environment is not null) await _environment.DisposeAsync();
    }

    [Theory, OnSandbox, OnRealApiServer]
    public async Task Nodes_have_their_use_as_long_as_metrics_server_is_there(ClusterKind kind)
    {
        var agent = await StartAsync(kind);
        var without = await ReportsNodeAsync(agent, node => node["cpu"]!["cpu_capacity"] is not null);
        Assert.Equal(
            (8000, 7500, 0, null, null),
            ((int)without["cpu"]!["cpu_capacity"]!, (int)without["cpu"]!["cpu_allocatable"]!, (int)without["cpu"]!["cpu_requested"]!, without["cpu"]!["cpu_used"], without["cpu"]!["cpu_percent"]));
        await WarnsAsync(agent, Absent);

        await StartMetricsAsync();
        var with = await ReportsNodeAsync(agent, node => node["cpu"]!["cpu_used"] is not null);
        Assert.Equal((2000, 25.0), ((int)with["cpu"]!["cpu_used"]!, (double)with["cpu"]!["cpu_percent"]!));
        Assert.Equal(
            (8155976L * 1024, 8155976L * 1024 / 4, 25.0),
            ((long)with["memory"]!["memory_capacity"]!, (long)with["memory"]!["memory_used"]!, (double)with["memory"]!["memory_percent"]!));
        var result = (await _environment.ResultOfAsync(_environment.Hub.Queue(agent.Id, "get_metrics", [], $"op-{Guid.NewGuid():N}")))["result"]!;
        Assert.Equal(2000, (int)result["node_status"]!.AsArray().Single(node => (string?)node!["name"] == _node)!["cpu"]!["cpu_used"]!);
        Assert.True((int)result["resources"]!["nodes_measured"]! >= 1);

        await _metrics!.DisposeAsync();
        await ReportsNodeAsync(agent, node => node["cpu"]!["cpu_used"] is null);
        await WarnsAsync(agent, Absent);

        await StartMetricsAsync();
        await ReportsNodeAsync(agent, node => node["cpu"]!["cpu_used"] is not null);
    }

    [Theory, OnSandbox, OnRealApiServer]
    public async Task Metrics_server_that_is_gone_while_its_API_is_registered_costs_nothing_but_its_figures(ClusterKind kind)
    {
        var agent = await StartAsync(kind);
        await StartMetricsAsync();
        await ReportsNodeAsync(agent, node => node["cpu"]!["cpu_used"] is not null);

        await _metrics!.KillAsync();
        await WarnsAsync(agent, "metrics.k8s.io does not tell");

        // Others' discovery of the group fails now: the agent asks for none.
        await _environment.CompletesAsync(agent, "create_vm", "web", ("image_url", "img"), ("cpu", 1), ("memory", "1Gi"));
        await _environment.ReportsVmAsync(agent, "web", "running");
        var report = await _environment.NextReportAsync(agent);
        Assert.Equal("healthy", (string?)report["status"]);
        await _environment.SaysInHealthAsync(agent, "cluster", "the API server answers");
        // What was measured before has its time.
        Assert.True((DateTimeOffset)report["metrics"]!["last_collected"]! < (DateTimeOffset)report["report_time"]!);
    }

    [Theory, OnSandbox, OnRealApiServer]
    public async Task Metrics_server_that_never_answers_delays_neither_reports_nor_operations(ClusterKind kind)
    {
        var agent = await StartAsync(kind, ("OVIM_HEARTBEAT_INTERVAL", "200ms"));
        await StartMetricsAsync();
        await ReportsNodeAsync(agent, node => node["cpu"]!["cpu_used"] is not null);
        _metrics!.Fault = MetricsFault.Silent;

        var started = TimeProvider.System.GetTimestamp();
        for (var i = 0; i < 10; i++) await _environment.NextReportAsync(agent);
        await _environment.CompletesAsync(agent, "create_vm", "web", ("image_url", "img"), ("cpu", 1), ("memory", "1Gi"));
        Assert.InRange(TimeProvider.System.GetElapsedTime(started), TimeSpan.Zero, TimeSpan.FromSeconds(9));

        await WarnsAsync(agent, "nodes.metrics.k8s.io: not answered as a whole within 10 s");
        Assert.Equal("healthy", (string?)(await _environment.NextReportAsync(agent))["status"]);

        _metrics.Fault = MetricsFault.None;
        await _environment.ReportsAsync(agent, report => report["metrics"]!["warnings"]?.ToJsonString().Contains("does not tell", StringComparison.Ordinal) is not true);
    }

    [Theory]
    [InlineData(MetricsFault.Unavailable, "metrics not available yet")]
    [InlineData(MetricsFault.Unauthorized, "Unauthorized")]
    [InlineData(MetricsFault.Unreadable, "not a list")]
    public async Task Whatever_metrics_server_answers_the_agent_is_as_healthy_as_before(MetricsFault fault, string why)
    {
        var agent = await StartAsync(ClusterKind.Sandbox);
        await StartMetricsAsync();
        _metrics!.Fault = fault;

        await WarnsAsync(agent, why);

        Assert.Equal("healthy", (string?)(await _environment.NextReportAsync(agent))["status"]);
        Assert.Equal(1, await agent.MetricAsync("""ovim_agent_component_status{component="cluster",status="healthy"}"""));
        Assert.Equal(1, await agent.MetricAsync("""ovim_agent_component_status{component="cluster-metrics",status="warning"}"""));
    }

    [Fact]
    public async Task Node_that_is_not_measured_or_absurdly_has_no_use_and_unknown_ones_do_not_count()
    {
        var agent = await StartAsync(ClusterKind.Sandbox);
        await MakesNodeAsync("other");
        await MakesNodeAsync("third");
        await StartMetricsAsync();
        await _environment.ReportsAsync(agent, report => (int?)report["metrics"]!["resources"]!["nodes_measured"] == 3);

        _metrics!.HideNode("other");
        _metrics.SetNode("third", "-5", "1Gi");
        _metrics.SetNode("ghost", "4", "4Gi");
        var metrics = (await _environment.ReportsAsync(agent, report => (int?)report["metrics"]!["resources"]!["nodes_measured"] == 1))["metrics"]!;

        Assert.Equal((3, 2000, 25.0, 24000), ((int)metrics["resources"]!["node_count"]!, (int)metrics["resources"]!["cpu_used"]!, (double)metrics["resources"]!["cpu_percent"]!, (int)metrics["resources"]!["cpu_capacity"]!));
        Assert.All((string[])["other", "third"], name =>
        {
            var cpu = metrics["node_status"]!.AsArray().Single(node => (string?)node!["name"] == name)!["cpu"]!;
            Assert.Equal((null, null), (cpu["cpu_used"], cpu["cpu_percent"]));
        });
        Assert.Contains("2 of 3 nodes were not measured: other, third", metrics["warnings"]!.AsArray().Select(warning => (string?)warning));
    }

    [Theory, OnSandbox, OnRealApiServer]
    public async Task Older_role_costs_the_figures_and_is_told(ClusterKind kind)
    {
        _environment = await clusters.OnAsync(kind);
        await MakesNodeAsync(_node);
        await StartMetricsAsync();
        await LosesRightsAsync(kind, "metrics.k8s.io", "csistoragecapacities");
        var agent = await _environment.StartAgentAsync(("OVIM_METRICS_COLLECTION_INTERVAL", "1s"));

        await WarnsAsync(agent, "forbidden");
        await _environment.SaysInHealthAsync(agent, "permissions", "not allowed, the agent does without: list nodes.metrics.k8s.io, list pods.metrics.k8s.io");
        await ReportsNodeAsync(agent, node => (int?)node["cpu"]!["cpu_capacity"] == 8000 && node["cpu"]!["cpu_used"] is null);
        await _environment.CompletesAsync(agent, "create_vm", "web", ("image_url", "img"), ("cpu", 1), ("memory", "1Gi"));
        await _environment.ReportsAsync(agent, report => (string?)report["status"] == "healthy");
    }

    [Theory, OnSandbox, OnRealApiServer]
    public async Task Vms_have_what_their_pods_use_and_claims_count_by_class(ClusterKind kind)
    {
        var agent = await StartAsync(kind);
        var storageClass = $"fast-{_node}";
        await MakesAsync("apis/storage.k8s.io/v1/storageclasses", $$"""
            {"apiVersion":"storage.k8s.io/v1","kind":"StorageClass","metadata":{"name":"{{storageClass}}"},"provisioner":"lvm.example.com"}
            """);
        // Kubernetes before 1.24, such as the real server, has none.
        var reportsFreeSpace = await _environment.Cluster.Admin.FindAsync("apis/storage.k8s.io/v1/csistoragecapacities") is not null;
        if (reportsFreeSpace) await MakesFreeSpaceAsync(storageClass);
        await _environment.Cluster.Admin.CreateAsync($"api/v1/namespaces/{_environment.Namespace}/persistentvolumeclaims", JsonNode.Parse($$"""
            {"apiVersion":"v1","kind":"PersistentVolumeClaim","metadata":{"name":"data"},
            "spec":{"storageClassName":"{{storageClass}}","accessModes":["ReadWriteOnce"],"resources":{"requests":{"storage":"3Gi"} } } }
            """)!.AsObject());
        await StartMetricsAsync();
        await _environment.CompletesAsync(agent, "create_vm", "web", ("image_url", "img"), ("cpu", 2), ("memory", "1Gi"));

        var report = await _environment.ReportsAsync(agent, report => VmIn(report)?["cpu_used"] is not null && ClassIn(report) is not null
            && (!reportsFreeSpace || ClassIn(report)!["available"] is not null));

        var ns = _environment.Namespace;
        Assert.Equal((500, (256L << 20) + (200L << 20)), ((int)VmIn(report)!["cpu_used"]!, (long)VmIn(report)!["memory_used"]!));
        Assert.Equal(0.5, await agent.MetricAsync($$"""ovim_agent_vm_used_cpu_cores{namespace="{{ns}}",vm="web"}"""));
        Assert.Equal(0.5, await agent.MetricAsync($$"""ovim_agent_vms_used_cpu_cores{namespace="{{ns}}"}"""));
        Assert.Equal((1, 3L << 30), ((int)ClassIn(report)!["pending"]!, (long)ClassIn(report)!["requested"]!));
        Assert.Equal(reportsFreeSpace ? 30L << 30 : null, (long?)ClassIn(report)!["available"]);

        await _environment.CompletesAsync(agent, "delete_vm", "web");
        await _environment.ReportsAsync(agent, report => report["vms"]!.AsArray().Count == 0);
        await _environment.NextReportAsync(agent);
        await _environment.NextReportAsync(agent);
        using var patience = new CancellationTokenSource(JsonApi.Patience);
        while ((await agent.GetAsync("metrics")).Text.Contains("ovim_agent_vm_used_cpu_cores{", StringComparison.Ordinal))
        {
            patience.Token.ThrowIfCancellationRequested();
            await _environment.NextReportAsync(agent);
        }

        JsonNode? VmIn(JsonObject report) => report["vms"]?.AsArray().SingleOrDefault(vm => (string?)vm!["namespace"] == _environment.Namespace);

        JsonNode? ClassIn(JsonObject report) =>
            report["metrics"]!["storage_classes"]?.AsArray().SingleOrDefault(item => (string?)item!["name"] == storageClass && (int?)item["pending"] == 1);
    }

    [Fact]
    public async Task Standby_measures_nothing()
    {
        var leader = await StartAsync(ClusterKind.Sandbox);
        await StartMetricsAsync();
        await ReportsNodeAsync(leader, node => node["cpu"]!["cpu_used"] is not null);
        var standby = await _environment.StartAgentAsync(("OVIM_METRICS_COLLECTION_INTERVAL", "1s"), ("POD_NAME", "other"));
        using var patience = new CancellationTokenSource(JsonApi.Patience);
        while ((await standby.GetAsync("health/ready")).Status != HttpStatusCode.OK)
        {
            patience.Token.ThrowIfCancellationRequested();
            await _environment.NextReportAsync(leader);
        }
        for (var i = 0; i < 10; i++) await _environment.NextReportAsync(leader);

        Assert.DoesNotContain(standby.ClusterRequests.All, request => request.Contains("/metrics.k8s.io/", StringComparison.Ordinal));
        var scrape = (await standby.GetAsync("metrics")).Text;
        Assert.Contains("ovim_agent_cluster_capacity{resource=\"cpu\"} 8\n", scrape, StringComparison.Ordinal);
        Assert.DoesNotContain("ovim_agent_cluster_used{", scrape, StringComparison.Ordinal);
    }

    private async Task<TestAgent> StartAsync(ClusterKind kind, params (string Name, string Value)[] settings)
    {
        _environment = await clusters.OnAsync(kind);
        await MakesNodeAsync(_node);
        return await _environment.StartAgentAsync([("OVIM_METRICS_COLLECTION_INTERVAL", "1s"), .. settings]);
    }

    private async Task StartMetricsAsync() => _metrics = await SandboxMetrics.StartAsync(new()
    {
        Connection = KubernetesClientConfiguration.BuildConfigFromConfigFile(
            _environment.Cluster is SandboxTestCluster sandbox ? sandbox.Kubeconfig : ((RealCluster)_environment.Cluster).Kubeconfig),
    });

    private async Task MakesNodeAsync(string name)
    {
        await MakesAsync("api/v1/nodes", $$"""{"apiVersion":"v1","kind":"Node","metadata":{"name":"{{name}}","labels":{"kubernetes.io/arch":"amd64"} } }""");
        await _environment.Cluster.Admin.MergeAsync($"api/v1/nodes/{name}/status", JsonNode.Parse("""
            {"status":{"capacity":{"cpu":"8","memory":"8155976Ki","pods":"110"},"allocatable":{"cpu":"7500m","memory":"7Gi","pods":"110"},
            "conditions":[{"type":"Ready","status":"True","reason":"KubeletReady","lastHeartbeatTime":"2026-11-23T08:00:00Z","lastTransitionTime":"2026-11-23T08:00:00Z"}]}}
            """)!.AsObject());
    }

    // Two segments, one of them said twice, as by a driver that was installed anew.
    private async Task MakesFreeSpaceAsync(string storageClass)
    {
        foreach (var (name, zone, free) in (IEnumerable<(string, string, string)>)[("a", "1", "10Gi"), ("b", "2", "20Gi"), ("c", "2", "25Gi")])
        {
            await MakesAsync($"apis/storage.k8s.io/v1/namespaces/{_environment.Namespace}/csistoragecapacities", $$$"""
                {"apiVersion":"storage.k8s.io/v1","kind":"CSIStorageCapacity","metadata":{"name":"{{{name}}}"},"storageClassName":"{{{storageClass}}}",
                "nodeTopology":{"matchLabels":{"zone":"{{{zone}}}"}},"capacity":"{{{free}}}"}
                """);
        }
    }

    private async Task MakesAsync(string collection, string json)
    {
        var made = await _environment.Cluster.Admin.CreateAsync(collection, JsonNode.Parse(json)!.AsObject());
        _made.Add($"{collection}/{made["metadata"]!["name"]}");
    }

    private async Task LosesRightsAsync(ClusterKind kind, string group, string resource)
    {
        if (kind is ClusterKind.Sandbox)
        {
            var user = $"system:serviceaccount:{_environment.AgentNamespace}:ovim-spoke-agent";
            var access = ((SandboxTestCluster)_environment.Cluster).Api.Access;
            access.Deny(new DeniedAccess { User = user, Group = group });
            access.Deny(new DeniedAccess { User = user, Resource = resource });
            return;
        }
        const string Role = "apis/rbac.authorization.k8s.io/v1/clusterroles/ovim-spoke-agent";
        var rules = (await _environment.Cluster.Admin.GetAsync(Role))["rules"]!.AsArray();
        var left = rules.Where(rule => !rule!["apiGroups"]!.AsArray().Any(one => (string?)one == group)
            && !rule["resources"]!.AsArray().Any(one => (string?)one == resource));
        await _environment.Cluster.Admin.MergeAsync(Role, new JsonObject { ["rules"] = new JsonArray([.. left.Select(rule => rule!.DeepClone())]) });
    }

    private async Task<JsonNode> ReportsNodeAsync(TestAgent agent, Func<JsonNode, bool> isAsWanted)
    {
        var report = await _environment.ReportsAsync(agent, report => NodeIn(report) is { } node && isAsWanted(node));
        return NodeIn(report)!;

        JsonNode? NodeIn(JsonObject report) => report["metrics"]!["node_status"]?.AsArray().SingleOrDefault(node => (string?)node!["name"] == _node);
    }

    private Task<JsonObject> WarnsAsync(TestAgent agent, string text) => _environment.ReportsAsync(agent, report =>
        report["metrics"]!["warnings"]?.AsArray().Any(warning => ((string)warning!).Contains(text, StringComparison.Ordinal)) is true);
}
