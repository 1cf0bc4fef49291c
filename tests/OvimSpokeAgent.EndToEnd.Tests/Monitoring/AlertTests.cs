using System.Text.Json.Nodes;
using KubernetesSandbox.Cluster;
using OvimSpokeAgent.EndToEnd.Tests.Harness;
using OvimSpokeAgent.EndToEnd.Tests.Hub;
using OvimSpokeAgent.Sandbox.Hub;

namespace OvimSpokeAgent.EndToEnd.Tests.Monitoring;

/// <summary>Each alert of <c>deploy/monitoring</c>, in a real Prometheus that scrapes the agent: it fires on its fault, and not without.</summary>
public sealed class AlertTests : IAsyncLifetime
{
    private readonly string _folder = Directory.CreateTempSubdirectory("ovim-alerts-").FullName;
    private TestEnvironment _environment = null!;
    private TestAgent _agent = null!;
    private PrometheusServer? _prometheus;

    public async Task InitializeAsync() =>
        _environment = await TestEnvironment.StartAsync(await SandboxTestCluster.StartAsync(), ownsCluster: true);

    public async Task DisposeAsync()
    {
        if (_prometheus is not null) await _prometheus.DisposeAsync();
        await _environment.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public void Every_alert_is_provoked_here()
    {
        var alerts = Manifests.AlertRules()["groups"]!.AsArray().SelectMany(group => group!["rules"]!.AsArray()).Select(rule => (string?)rule!["alert"]);

        string[] provoked =
        [
            "OvimAgentNotReady", "OvimApiServerErrors", "OvimCertificateExpiry", "OvimClusterNearlyFull", "OvimComponentDegraded", "OvimHubLost",
            "OvimOperationsFailing", "OvimStorageNearlyFull", "OvimVdcNearlyFull",
        ];
        Assert.Equal(provoked, alerts.Order());
    }

    [PrometheusFact]
    public async Task Hub_that_is_away_and_an_agent_that_is_gone()
    {
        var prometheus = await ScrapesAsync();
        await prometheus.HoldsAsync("ovim_agent_hub_registered == 1 and ovim_agent_ready == 1");

        _environment.Hub.Faults.Add(new HubFault { Kind = HubFaultKind.Status, StatusCode = 503 });
        await prometheus.FiresAsync("OvimHubLost");
        Assert.Equal("hub", (string?)(await prometheus.FiresAsync("OvimComponentDegraded"))["component"]);
        await prometheus.HoldsAsync("ovim_agent_ready == 1");

        _environment.Hub.Faults.Clear();
        await prometheus.IsQuietAsync();

        await _agent.StopAsync();
        await prometheus.FiresAsync("OvimAgentNotReady");
    }

    [PrometheusFact]
    public async Task Operations_that_fail_and_an_api_server_that_does()
    {
        var prometheus = await ScrapesAsync();
        await prometheus.HoldsAsync("ovim_agent_ready == 1");

        await prometheus.FiresAsync("OvimOperationsFailing", () => _environment.Queues(_agent, "start_vm", "is-not-there"));
        await prometheus.IsQuietAsync();

        var faults = ((SandboxTestCluster)_environment.Cluster).Api.Faults;
        faults.Add(new ClusterFault { Kind = ClusterFaultKind.Status, StatusCode = 500, Method = "POST", Resource = "virtualmachines" });
        var vms = 0;
        await prometheus.FiresAsync("OvimApiServerErrors", () => QueuesVm(_environment.Namespace, $"vm-{vms++}"));
        faults.Clear();
        await prometheus.IsQuietAsync();
    }

    [PrometheusFact]
    public async Task Little_room_in_a_VDC_in_the_cluster_and_in_its_storage()
    {
        for (var i = 1; i <= 3; i++) await MakesNodeAsync($"sandbox-node-{i}");
        await MakesAsync("apis/storage.k8s.io/v1/storageclasses", """{"metadata":{"name":"fast"},"provisioner":"lvm.example.com"}""");
        var prometheus = await ScrapesAsync();
        var vdc = $"vdc-{_environment.Namespace}";
        var payload = new JsonObject { ["vdc_name"] = vdc, ["target_namespace"] = vdc, ["organization"] = "acme", ["quota"] = new JsonObject { ["cpu"] = 3 } };
        var created = await _environment.ResultOfAsync(_environment.Hub.Queue(_agent.Id, "create_vdc", payload, $"op-{vdc}"));
        Assert.True((string?)created["status"] == "completed", created.ToJsonString());
        await prometheus.HoldsAsync("ovim_agent_ready == 1");
        await prometheus.IsQuietAsync();

        QueuesVm(vdc, "web", cpu: 3);
        await MakesAsync($"apis/storage.k8s.io/v1/namespaces/{_environment.Namespace}/csistoragecapacities", """
            {"metadata":{"name":"a"},"storageClassName":"fast","nodeTopology":{"matchLabels":{"zone":"1"}},"capacity":"1Gi"}
            """);
        await MakesAsync($"api/v1/namespaces/{_environment.Namespace}/persistentvolumeclaims", """
            {"metadata":{"name":"data"},"spec":{"storageClassName":"fast","accessModes":["ReadWriteOnce"],"resources":{"requests":{"storage":"30Gi"}}}}
            """);
        await _environment.Cluster.Admin.MergeAsync(
            $"api/v1/namespaces/{_environment.Namespace}/persistentvolumeclaims/data/status",
            JsonNode.Parse("""{"status":{"phase":"Bound","capacity":{"storage":"30Gi"}}}""")!.AsObject());

        Assert.Equal((vdc, "cpu"), LabelsOf(await prometheus.FiresAsync("OvimVdcNearlyFull"), "vdc", "resource"));
        Assert.Equal("cpu", (string?)(await prometheus.FiresAsync("OvimClusterNearlyFull"))["resource"]);
        Assert.Equal("fast", (string?)(await prometheus.FiresAsync("OvimStorageNearlyFull"))["storage_class"]);
    }

    [PrometheusFact]
    public async Task Certificate_that_ends_soon()
    {
        using var authority = TestAuthority.New();
        var certificate = authority.Server(expiresIn: TimeSpan.FromDays(6));
        var prometheus = await ScrapesAsync(
            ("OVIM_HTTP_CERT_FILE", Writes("tls.crt", certificate.CertificatePem)), ("OVIM_HTTP_KEY_FILE", Writes("tls.key", certificate.KeyPem)));

        Assert.NotNull((string?)(await prometheus.FiresAsync("OvimCertificateExpiry"))["certificate"]);
    }

    private async Task<PrometheusServer> ScrapesAsync(params (string Name, string Value)[] settings)
    {
        _agent = await _environment.StartAgentAsync([("OVIM_METRICS_COLLECTION_INTERVAL", "1s"), .. settings]);
        return _prometheus = await PrometheusServer.StartAsync(_agent.Url);
    }

    private void QueuesVm(string ns, string name, int cpu = 1) =>
        _environment.QueuesIn(ns, _agent, "create_vm", name, ("image_url", "img"), ("cpu", cpu), ("memory", "1Gi"));

    // The guests of the sandbox run on nodes with these names.
    private async Task MakesNodeAsync(string name)
    {
        await MakesAsync("api/v1/nodes", $$"""{"metadata":{"name":"{{name}}","labels":{"kubernetes.io/arch":"amd64","kubevirt.io/schedulable":"true"} } }""");
        await _environment.Cluster.Admin.MergeAsync($"api/v1/nodes/{name}/status", JsonNode.Parse("""
            {"status":{"capacity":{"cpu":"1","memory":"16Gi","pods":"110"},"allocatable":{"cpu":"1","memory":"16Gi","pods":"110"},
            "conditions":[{"type":"Ready","status":"True"}]}}
            """)!.AsObject());
    }

    private Task<JsonObject> MakesAsync(string collection, string json) =>
        _environment.Cluster.Admin.CreateAsync(collection, JsonNode.Parse(json)!.AsObject());

    private string Writes(string name, string text)
    {
        var path = Path.Combine(_folder, name);
        File.WriteAllText(path, text);
        return path;
    }

    private static (string?, string?) LabelsOf(JsonObject alert, string one, string other) => ((string?)alert[one], (string?)alert[other]);
}
