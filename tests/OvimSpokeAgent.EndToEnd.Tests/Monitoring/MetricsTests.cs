using System.Diagnostics;
using System.Net;
using System.Text.Json.Nodes;
using KubernetesSandbox.Metrics;
using OvimSpokeAgent.EndToEnd.Tests.Harness;

namespace OvimSpokeAgent.EndToEnd.Tests.Monitoring;

/// <summary>What Prometheus reads.</summary>
public sealed class MetricsTests : IAsyncLifetime
{
    private TestEnvironment _environment = null!;

    public async Task InitializeAsync() =>
        _environment = await TestEnvironment.StartAsync(await SandboxTestCluster.StartAsync(), ownsCluster: true);

    public async Task DisposeAsync() => await _environment.DisposeAsync();

    [PrometheusFact]
    public async Task Names_and_texts_follow_the_conventions_of_Prometheus()
    {
        var cluster = (SandboxTestCluster)_environment.Cluster;
        cluster.Api.Objects("v1", "nodes").Create(JsonNode.Parse("""
            {"metadata":{"name":"n1"},"status":{"capacity":{"cpu":"8","memory":"16Gi"},"conditions":[{"type":"Ready","status":"True"}]}}
            """)!.AsObject());
        cluster.Api.Objects("storage.k8s.io/v1", "storageclasses").Create(JsonNode.Parse("""{"metadata":{"name":"fast"},"provisioner":"csi.example.com"}""")!.AsObject());
        await using var metrics = await SandboxMetrics.StartAsync(new() { Connection = cluster.Api.ClientConfiguration() });
        var agent = await _environment.StartAgentAsync(("OVIM_METRICS_COLLECTION_INTERVAL", "1s"));
        await MakesVmAsync(agent);
        await _environment.ReportsAsync(agent, report => report["metrics"]!["resources"]!["cpu_used"] is not null && report["vms"]![0]!["cpu_used"] is not null);

        var start = new ProcessStartInfo("promtool", ["check", "metrics"]) { RedirectStandardInput = true, RedirectStandardError = true };
        using var promtool = Process.Start(start)!;
        await promtool.StandardInput.WriteAsync(await ScrapeAsync(agent));
        promtool.StandardInput.Close();
        var problems = await promtool.StandardError.ReadToEndAsync();
        await promtool.WaitForExitAsync();

        Assert.DoesNotContain(problems.Split('\n'), line => line.StartsWith("ovim_", StringComparison.Ordinal));
        Assert.DoesNotContain("error", problems, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task Everything_that_the_agent_does_shows()
    {
        var agent = await _environment.StartAgentAsync();
        await MakesVmAsync(agent);
        await _environment.ReportsAsync(agent, report => report["vms"]!.AsArray().Any(vm => (string?)vm!["status"] == "running"));

        var ns = _environment.Namespace;
        Assert.Equal(1, await agent.MetricAsync("ovim_agent_ready"));
        Assert.Equal(1, await agent.MetricAsync("ovim_agent_hub_registered"));
        Assert.InRange(
            await agent.MetricAsync("ovim_agent_hub_last_contact_timestamp_seconds"),
            TimeProvider.System.GetUtcNow().ToUnixTimeSeconds() - 60,
            TimeProvider.System.GetUtcNow().ToUnixTimeSeconds() + 1);
        Assert.Equal(1, await agent.MetricAsync("""ovim_agent_component_status{component="hub",status="healthy"}"""));
        Assert.Equal(0, await agent.MetricAsync("""ovim_agent_component_status{component="hub",status="unhealthy"}"""));
        Assert.Equal(1, await agent.MetricAsync("""ovim_agent_operations_finished_total{type="create_vm",outcome="completed"}"""));
        Assert.True(await agent.MetricAsync("ovim_agent_journal_bytes") > 0);
        Assert.Equal(1, await agent.MetricAsync($$"""ovim_agent_vms{namespace="{{ns}}",status="running"}"""));
        Assert.Equal(1, await agent.MetricAsync($$"""ovim_agent_vm_status{namespace="{{ns}}",vm="web",status="running"}"""));
        Assert.Equal(2, await agent.MetricAsync($$"""ovim_agent_vm_cpu_cores{namespace="{{ns}}",vm="web"}"""));
        Assert.Equal(1L << 30, await agent.MetricAsync($$"""ovim_agent_vm_memory_bytes{namespace="{{ns}}",vm="web"}"""));
        Assert.Equal(1, await agent.MetricAsync("""ovim_agent_api_requests_total{verb="create",resource="virtualmachines",code="201"}"""));
        Assert.True(await agent.MetricAsync("""ovim_agent_hub_call_duration_seconds_count{endpoint="operations"}""") >= 1);
    }

    [Fact]
    public async Task Series_of_a_VM_that_is_gone_are_gone()
    {
        var agent = await _environment.StartAgentAsync();
        await MakesVmAsync(agent);
        await _environment.ReportsAsync(agent, report => report["vms"]!.AsArray().Any(vm => (string?)vm!["status"] == "running"));
        Assert.Contains("vm=\"web\"", await ScrapeAsync(agent), StringComparison.Ordinal);

        await _environment.CompletesAsync(agent, "delete_vm", "web");
        await _environment.ReportsAsync(agent, report => report["vms"]!.AsArray().Count == 0);

        var scrape = await ScrapeAsync(agent);
        Assert.DoesNotContain("vm=\"web\"", scrape, StringComparison.Ordinal);
        Assert.DoesNotContain("ovim_agent_vms{", scrape, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Series_of_each_VM_can_be_left_out()
    {
        var agent = await _environment.StartAgentAsync(("OVIM_METRICS_PER_VM", "false"));
        await MakesVmAsync(agent);
        await _environment.ReportsAsync(agent, report => report["vms"]!.AsArray().Any(vm => (string?)vm!["status"] == "running"));

        var scrape = await ScrapeAsync(agent);

        Assert.DoesNotContain("vm=\"web\"", scrape, StringComparison.Ordinal);
        Assert.Contains("ovim_agent_vms{", scrape, StringComparison.Ordinal);
    }

    private Task<JsonObject> MakesVmAsync(TestAgent agent) => _environment.CompletesAsync(
        agent, "create_vm", "web", ("image_url", "quay.io/containerdisks/fedora:latest"), ("cpu", 2), ("memory", "1Gi"));

    private static async Task<string> ScrapeAsync(TestAgent agent)
    {
        var (status, text) = await agent.GetAsync("metrics");
        Assert.Equal(HttpStatusCode.OK, status);
        return text;
    }
}
