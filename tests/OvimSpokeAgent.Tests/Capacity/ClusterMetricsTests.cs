using System.Text.Json;
using System.Text.Json.Nodes;
using OvimSpokeAgent.Capacity;
using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Contract;
using OvimSpokeAgent.Supervision;

namespace OvimSpokeAgent.Tests.Capacity;

public sealed class ClusterMetricsTests : IAsyncLifetime
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
    public async Task Nodes_that_are_measured_have_capacity_use_and_what_is_left_for_pods()
    {
        _world.HasNode("a");
        _world.HasNode("b");
        _world.Measures("a", HalfACore);
        _world.Measures("b", """{"cpu":"1","memory":"4Gi"}""");
        await _world.StartAsync();

        var (metrics, a) = (_world.Metrics, _world.Node("a"));

        Assert.Equal((501, 4000, 12.52, 3500), (a.Cpu.CpuUsed, a.Cpu.CpuCapacity, a.Cpu.CpuPercent, a.Cpu.CpuAllocatable));
        Assert.Equal((2L << 30, 8L << 30, 25.0, 7L << 30), (a.Memory.MemoryUsed, a.Memory.MemoryCapacity, a.Memory.MemoryPercent, a.Memory.MemoryAllocatable));
        Assert.Equal((1501, 8000, 18.76, 7000), (metrics.Resources.CpuUsed, metrics.Resources.CpuCapacity, metrics.Resources.CpuPercent, metrics.Resources.CpuAllocatable));
        Assert.Equal((6L << 30, 16L << 30, 37.5), (metrics.Resources.MemoryUsed, metrics.Resources.MemoryCapacity, metrics.Resources.MemoryPercent));
        Assert.Equal((2, 2, "Ready"), (metrics.Resources.NodeCount, metrics.Resources.NodesMeasured, a.Status));
        Assert.Null(metrics.Warnings);
        Assert.Equal(HealthStatus.Healthy, _world.Check.Check().Status);
    }

    [Fact]
    public async Task Node_that_was_not_measured_has_no_use_and_the_sums_say_of_how_many_they_are()
    {
        _world.HasNode("a");
        _world.HasNode("b");
        _world.Measures("a", HalfACore);
        await _world.StartAsync();

        var (metrics, b) = (_world.Metrics, _world.Node("b"));

        Assert.Equal((null, null, 4000), (b.Cpu.CpuUsed, b.Cpu.CpuPercent, b.Cpu.CpuCapacity));
        Assert.Equal((null, null), (b.Memory.MemoryUsed, b.Memory.MemoryPercent));
        Assert.Equal((2, 1, 501, 12.52), (metrics.Resources.NodeCount, metrics.Resources.NodesMeasured, metrics.Resources.CpuUsed, metrics.Resources.CpuPercent));
        Assert.Equal("1 of 2 nodes were not measured: b", Assert.Single(metrics.Warnings!));
        Assert.Equal(HealthStatus.Warning, _world.Check.Check().Status);
    }

    [Theory]
    [InlineData("""{"cpu":"-1","memory":"2Gi"}""", "its use is no amount")]
    [InlineData("""{"cpu":"1","memory":"-2Gi"}""", "its use is no amount")]
    [InlineData("""{"cpu":"1"}""", "its use is no amount")]
    [InlineData("""{"cpu":"much","memory":"2Gi"}""", "its use is no amount")]
    [InlineData("""{"cpu":{},"memory":"2Gi"}""", "its use is no amount")]
    [InlineData("""{"cpu":"1","memory":"99999999999999Ei"}""", "its use is no amount")]
    [InlineData("""{"cpu":"9","memory":"2Gi"}""", "more than it has")]
    [InlineData("""{"cpu":"1","memory":"17Gi"}""", "more than it has")]
    [InlineData("[]", "its metrics cannot be read")]
    public async Task Use_that_no_node_can_have_counts_as_not_measured(string usage, string why)
    {
        _world.HasNode("a");
        _world.HasNode("b");
        _world.Measures("a", HalfACore);
        _world.Measures("b", usage);
        await _world.StartAsync();

        Assert.Null(_world.Node("b").Cpu.CpuUsed);
        Assert.Equal(501, _world.Metrics.Resources.CpuUsed);
        Assert.Contains(_world.Metrics.Warnings!, warning => warning.StartsWith("node b: ", StringComparison.Ordinal) && warning.Contains(why, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Measurement_that_is_served_again_and_again_is_none_of_now()
    {
        _world.HasNode("a");
        _world.Measures("a", HalfACore, timestamp: "2026-11-23T07:54:00Z");
        await _world.StartAsync();

        Assert.Null(_world.Node("a").Cpu.CpuUsed);
        Assert.Contains(_world.Metrics.Warnings!, warning => warning.Contains("measured last at 2026-11-23T07:54:00", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Nodes_that_are_not_there_are_not_counted_however_many_are_measured()
    {
        _world.HasNode("a");
        for (var i = 0; i < 2000; i++) _world.Measures($"ghost-{i}", HalfACore);
        _world.Measures("a", HalfACore);
        await _world.StartAsync();

        Assert.Equal((501, 1, 1), (_world.Metrics.Resources.CpuUsed, _world.Metrics.Resources.NodesMeasured, _world.Metrics.Resources.NodeCount));
        Assert.Single(_world.Collector.Current!.Nodes);
    }

    [Fact]
    public async Task Without_metrics_server_there_is_what_vms_request_and_no_use()
    {
        _world.Cluster.LosesKind(CapacityKinds.NodeMetrics);
        _world.HasNode("a");
        _world.HasNode("b");
        _world.HasGuest("acme", "web", "a");
        _world.HasGuest("acme", "done", "a", phase: "Succeeded");
        _world.HasGuest("acme", "lost", "no-node");
        await _world.StartAsync();

        var (resources, a, b) = (_world.Metrics.Resources, _world.Node("a"), _world.Node("b"));

        Assert.Equal((null, null, 0), (resources.CpuUsed, resources.MemoryPercent, resources.NodesMeasured));
        Assert.Equal((null, null, 250, 250, 0), (a.Cpu.CpuUsed, a.Cpu.CpuPercent, a.Cpu.CpuRequested, resources.CpuRequested, b.Cpu.CpuRequested));
        Assert.InRange(a.Memory.MemoryRequested!.Value, 4L << 30, 5L << 30); // with KubeVirt's overhead
        Assert.Equal(3, resources.VmCount);
        Assert.Equal("the cluster has no metrics.k8s.io: what is used is not known, only what VMs request", Assert.Single(_world.Metrics.Warnings!));
        Assert.Equal(HealthStatus.Healthy, _world.Check.Check().Status);
    }

    [Fact]
    public async Task Of_thousands_of_nodes_the_list_has_those_with_a_problem_and_the_sums_have_all()
    {
        for (var i = 0; i < 5000; i++) _world.HasNode($"n-{i:0000}");
        _world.HasNode("z-down", """{"conditions":[{"type":"Ready","status":"Unknown"}]}""");
        _world.HasNode("z-full", """{"conditions":[{"type":"Ready","status":"True"},{"type":"DiskPressure","status":"True"}]}""");
        _world.HasNode("z-cordoned", cordoned: true);
        await _world.StartAsync();

        var metrics = _world.Metrics;

        Assert.Equal((5003, 5001 * 4000L), (metrics.Resources.NodeCount, metrics.Resources.CpuCapacity));
        Assert.Equal((ClusterMetricsReader.MaxNodes, true), (metrics.NodeStatus.Count, metrics.NodeStatusTruncated));
        Assert.Equal(["z-down", "z-full", "z-cordoned", "n-0000"], metrics.NodeStatus.Take(4).Select(node => node.Name));
        Assert.Equal(("Unknown", true), (metrics.NodeStatus[0].Status, metrics.NodeStatus[2].Unschedulable));
        Assert.InRange(JsonSerializer.SerializeToUtf8Bytes(metrics, ContractJson.Default.ClusterMetrics).Length, 1, 512 << 10);
    }

    [Fact]
    public async Task Names_and_absence_are_those_of_the_contract()
    {
        _world.HasNode("a");
        await _world.StartAsync();

        var outcome = await _world.Handler.Plan(null!).Execute(null!, default);
        var json = JsonNode.Parse(outcome.Result!.Value.GetRawText())!.AsObject();

        Assert.Equal(["cluster_id", "zone_id", "resources", "node_status", "last_collected", "warnings"], json.Select(field => field.Key));
        Assert.Equal(
            ["cpu_capacity", "cpu_allocatable", "cpu_requested", "memory_capacity", "memory_allocatable", "memory_requested", "storage_used", "node_count", "nodes_measured", "vm_count"],
            json["resources"]!.AsObject().Select(field => field.Key));
        var node = json["node_status"]![0]!.AsObject();
        Assert.Equal(["name", "status", "cpu", "memory", "storage", "conditions"], node.Select(field => field.Key));
        Assert.Equal(["type", "status"], node["conditions"]![0]!.AsObject().Select(field => field.Key));
    }

    [Fact]
    public async Task Vms_have_what_their_pods_use_by_label_or_by_the_pods_name()
    {
        _world.HasNode("a");
        _world.Cluster.HasNamespace("acme");
        foreach (var vm in (string[])["web", "my-db", "old"]) _world.HasGuest("acme", vm, "a");
        _world.MeasuresPod("virt-launcher-web-abcde", "acme", """{"kubevirt.io":"virt-launcher","vm.kubevirt.io/name":"web"}""", """{"cpu":"1","memory":"1Gi"}""", """{"cpu":"5m","memory":"1Mi"}""");
        _world.MeasuresPod("virt-launcher-web-fghij", "acme", """{"kubevirt.io":"virt-launcher","vm.kubevirt.io/name":"web"}""", """{"cpu":"1","memory":"1Gi"}""");
        _world.MeasuresPod("virt-launcher-my-db-abcde", "acme", """{"kubevirt.io":"virt-launcher"}""", """{"cpu":"2","memory":"3Gi"}""");
        _world.MeasuresPod("virt-launcher-old-abcde", "acme", """{"kubevirt.io":"virt-launcher"}""", """{"cpu":"-2","memory":"3Gi"}""");
        _world.MeasuresPod("virt-launcher-ghost-abcde", "acme", """{"kubevirt.io":"virt-launcher","vm.kubevirt.io/name":"ghost"}""", """{"cpu":"2","memory":"3Gi"}""");
        _world.MeasuresPod("web", "acme", """{"app":"web"}""", """{"cpu":"7","memory":"3Gi"}""");
        await _world.StartAsync();

        Assert.Equal((2005, (2L << 30) + (1 << 20)), UseOf("web"));
        Assert.Equal((2000, 3L << 30), UseOf("my-db"));
        Assert.Equal((null, null), UseOf("old"));
        Assert.Equal(2, _world.Collector.Current!.VirtualMachines.Count);
        var scrape = await _world.ScrapeAsync();
        Assert.Contains("ovim_agent_vm_used_cpu_cores{namespace=\"acme\",vm=\"web\"} 2.005\n", scrape, StringComparison.Ordinal);
        Assert.Contains("ovim_agent_vms_used_cpu_cores{namespace=\"acme\"} 4.005\n", scrape, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Gauges_tell_the_same_and_series_of_what_is_gone_are_gone()
    {
        _world.HasNode("a");
        _world.HasNode("b", """{"capacity":{"cpu":"2","memory":"1Gi","pods":"110"},"conditions":[{"type":"Ready","status":"False"},{"type":"MemoryPressure","status":"True"}]}""", cordoned: true);
        _world.Measures("a", HalfACore);
        _world.Cluster.Has(KubernetesKinds.StorageClass, new JsonObject { ["metadata"] = new JsonObject { ["name"] = "fast" }, ["provisioner"] = "csi.example.com" });
        _world.HasClaim("acme", "disk", "fast", "10Gi");
        await _world.StartAsync();

        string[] expected =
        [
            "ovim_agent_cluster_nodes{status=\"ready\"} 1", "ovim_agent_cluster_nodes{status=\"not_ready\"} 1", "ovim_agent_cluster_nodes{status=\"unknown\"} 0",
            "ovim_agent_cluster_nodes_cordoned 1", "ovim_agent_cluster_nodes_under_pressure{condition=\"MemoryPressure\"} 1",
            "ovim_agent_cluster_nodes_measured 1", "ovim_agent_cluster_capacity{resource=\"cpu\"} 6", "ovim_agent_cluster_capacity{resource=\"pods\"} 110",
            "ovim_agent_cluster_allocatable{resource=\"cpu\"} 3.5", "ovim_agent_cluster_used{resource=\"cpu\"} 0.501",
            "ovim_agent_cluster_measured_capacity{resource=\"cpu\"} 4", "ovim_agent_cluster_vms_requested{resource=\"cpu\"} 0",
            "ovim_agent_storage_claims{storage_class=\"fast\",phase=\"bound\"} 1", "ovim_agent_storage_claimed_bytes{storage_class=\"fast\"} 10737418240",
        ];
        var scrape = await _world.ScrapeAsync();
        Assert.All(expected, line => Assert.Contains(line + "\n", scrape, StringComparison.Ordinal));
        Assert.DoesNotContain("ovim_agent_storage_available_bytes{", scrape, StringComparison.Ordinal);

        _world.Cluster.Remove(KubernetesKinds.StorageClass, NamespacedName.ClusterScoped("fast"));
        _world.Cluster.Remove(KubernetesKinds.PersistentVolumeClaim, new("acme", "disk"));
        await Eventually.HoldsAsync(() => _world.Metrics.StorageClasses is null);
        Assert.DoesNotContain("fast", await _world.ScrapeAsync(), StringComparison.Ordinal);
    }

    private (long? Cpu, long? Memory) UseOf(string vm)
    {
        var status = _world.WithUse(new VirtualMachineStatus { Name = vm, Namespace = "acme", Status = "running", Phase = "Running" });
        return (status.CpuUsed, status.MemoryUsed);
    }
}
