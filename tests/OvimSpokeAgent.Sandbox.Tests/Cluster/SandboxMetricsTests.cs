using System.Net;
using System.Text.Json.Nodes;
using KubernetesSandbox;
using KubernetesSandbox.Cluster;
using KubernetesSandbox.KubeVirt;
using KubernetesSandbox.Metrics;

namespace OvimSpokeAgent.Sandbox.Tests.Cluster;

/// <summary>metrics.k8s.io on the sandbox's cluster, as metrics-server serves it.</summary>
public sealed class SandboxMetricsTests : IAsyncLifetime, IDisposable
{
    private const string Root = "apis/metrics.k8s.io/v1beta1";

    private SandboxCluster _cluster = null!;
    private SandboxMetrics _metrics = null!;
    private HttpClient _client = null!;

    public async Task InitializeAsync()
    {
        _cluster = await SandboxCluster.StartAsync();
        _client = new HttpClient { BaseAddress = _cluster.Url };
        _cluster.Objects("v1", "nodes").Create(Node("n1", """{"cpu":"8","memory":"16Gi"}"""));
        _cluster.Objects("v1", "nodes").Create(Node("new", "{}"));
        _metrics = await SandboxMetrics.StartAsync(new() { Connection = _cluster.ClientConfiguration() });
    }

    public async Task DisposeAsync()
    {
        await _metrics.DisposeAsync();
        await _cluster.DisposeAsync();
    }

    public void Dispose() => _client.Dispose();

    [Fact]
    public async Task Nodes_use_a_share_of_what_they_have_or_what_a_test_says()
    {
        _metrics.SetNode("ghost", "-1", "lots");

        var (status, list) = await GetAsync($"{Root}/nodes");

        Assert.Equal((HttpStatusCode.OK, "NodeMetricsList"), (status, list.Text("kind")));
        Assert.Equal(["ghost", "n1"], list.Objects("items").Select(item => item.Text("metadata", "name")));
        Assert.Equal("""{"cpu":"-1","memory":"lots"}""", list!["items"]![0]!["usage"]!.ToJsonString());
        Assert.Equal("""{"cpu":"2000000000n","memory":"4194304Ki"}""", list["items"]![1]!["usage"]!.ToJsonString());
        Assert.Equal("2000000000n", (await GetAsync($"{Root}/nodes/n1")).Body.Text("usage", "cpu"));
        Assert.Equal((HttpStatusCode.NotFound, "new"), ((await GetAsync($"{Root}/nodes/new")).Status, (await GetAsync($"{Root}/nodes/new")).Body.Text("details", "name")));

        _metrics.HideNode("n1");
        Assert.Single((await GetAsync($"{Root}/nodes")).Body.Objects("items"), item => item.Text("metadata", "name") == "ghost");
    }

    [Fact]
    public async Task Guests_that_run_have_pods_that_labels_select()
    {
        RunningVms.Arrange(_cluster, "default", [], 2);

        var (_, all) = await GetAsync($"{Root}/pods?labelSelector=kubevirt.io%3Dvirt-launcher");
        var (_, others) = await GetAsync($"{Root}/pods?labelSelector=app%3Dweb");

        var pods = all.Objects("items").ToList();
        Assert.Equal(2, pods.Count);
        Assert.Empty(others.Objects("items"));
        Assert.All(pods, pod => Assert.StartsWith($"virt-launcher-{pod["metadata"]!["labels"]!["vm.kubevirt.io/name"]}-", pod.Text("metadata", "name"), StringComparison.Ordinal));
        Assert.Empty((await GetAsync($"{Root}/namespaces/other/pods")).Body.Objects("items"));
        Assert.Equal(HttpStatusCode.OK, (await GetAsync($"{Root}/namespaces/default/pods/{pods[0].Text("metadata", "name")}")).Status);
    }

    [Theory]
    [InlineData(MetricsFault.Unavailable, HttpStatusCode.ServiceUnavailable)]
    [InlineData(MetricsFault.Unauthorized, HttpStatusCode.Unauthorized)]
    [InlineData(MetricsFault.Unreadable, HttpStatusCode.OK)]
    public async Task Fault_is_what_callers_get_until_it_is_over(MetricsFault fault, HttpStatusCode status)
    {
        _metrics.Fault = fault;
        var (found, body) = await GetAsync($"{Root}/nodes");
        Assert.Equal((status, null), (found, body!["items"]));

        _metrics.Fault = MetricsFault.None;
        Assert.NotNull((await GetAsync($"{Root}/nodes")).Body!["items"]);
    }

    [Fact]
    public async Task One_that_is_killed_is_missed_and_one_that_ends_was_never_there()
    {
        await _metrics.KillAsync();
        using (var response = await _client.GetAsync(new Uri($"{Root}/nodes", UriKind.Relative)))
            Assert.Equal(HttpStatusCode.ServiceUnavailable, response.StatusCode);

        await _metrics.DisposeAsync();
        using (var response = await _client.GetAsync(new Uri($"{Root}/nodes", UriKind.Relative)))
            Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
    }

    private static JsonObject Node(string name, string capacity) => new()
    {
        ["metadata"] = new JsonObject { ["name"] = name },
        ["status"] = new JsonObject { ["capacity"] = JsonNode.Parse(capacity) },
    };

    private async Task<(HttpStatusCode Status, JsonNode? Body)> GetAsync(string path)
    {
        using var response = await _client.GetAsync(new Uri(path, UriKind.Relative));
        return (response.StatusCode, JsonNode.Parse(await response.Content.ReadAsStringAsync()));
    }
}
