using System.Text.Json.Nodes;
using KubernetesSandbox.Cluster;
using OvimSpokeAgent.EndToEnd.Tests.Harness;

namespace OvimSpokeAgent.EndToEnd.Tests.Operations;

/// <summary>A VM whose creation is refused halfway is not left behind, has never run, and can be created again.</summary>
public sealed class FailedCreateTests(Clusters clusters) : IClassFixture<Clusters>
{
    private static readonly (string, JsonNode)[] VmWithSecrets =
    [
        ("image_url", "disk"), ("cpu", 1), ("memory", "1Gi"), ("cloud_init", SeededSecrets.LongUserData),
        ("ssh_keys", new JsonArray("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIB a@b")),
    ];

    [Theory, OnSandbox, OnRealApiServer]
    public async Task Secret_that_a_quota_refuses_leaves_no_vm(ClusterKind kind)
    {
        await using var environment = await clusters.OnAsync(kind);
        await environment.Cluster.Admin.HasQuotaAsync(environment.Namespace, ("count/secrets", "0"));
        var agent = await environment.StartAgentAsync();
        await using var boots = await BootsAsync(environment);

        var error = await environment.FailsAsync(agent, "create_vm", "web", Copy(VmWithSecrets));

        Assert.Contains("exceeded quota: limit", error, StringComparison.Ordinal);
        Assert.Null(await environment.Cluster.FindVmAsync(environment.Namespace, "web"));
        Assert.Equal(0, boots.Count);
        await environment.Cluster.Admin.DeleteAsync($"api/v1/namespaces/{environment.Namespace}/resourcequotas/limit");
        await environment.CompletesAsync(agent, "create_vm", "web", Copy(VmWithSecrets));
        await environment.ReportsVmAsync(agent, "web", "running");
    }

    // As a webhook may refuse anything.
    [Theory]
    [InlineData("POST", "secrets", 400, true)]
    [InlineData("POST", "secrets", 403, true)]
    [InlineData("POST", "secrets", 422, true)]
    [InlineData("PATCH", "virtualmachines", 403, true)]
    [InlineData("PATCH", "virtualmachines", 422, false)]
    public async Task Request_that_is_refused_leaves_no_vm(string method, string resource, int status, bool run)
    {
        await using var cluster = await SandboxTestCluster.StartAsync();
        await using var environment = await TestEnvironment.StartAsync(cluster, ownsCluster: false);
        var agent = await environment.StartAgentAsync();
        await using var boots = await BootsAsync(environment);
        cluster.Api.Faults.Add(new ClusterFault
        {
            Kind = ClusterFaultKind.Status,
            StatusCode = status,
            Message = "admission webhook \"guard.example.com\" denied the request",
            Method = method,
            Path = $"/namespaces/{environment.Namespace}/{resource}",
            UserAgent = "ovim-spoke-agent",
        });

        var error = await environment.FailsAsync(agent, "create_vm", "web", [.. Copy(VmWithSecrets), ("run", run)]);

        Assert.Equal("admission webhook \"guard.example.com\" denied the request", error);
        Assert.Null(await environment.Cluster.FindVmAsync(environment.Namespace, "web"));
        Assert.Equal(0, boots.Count);
        cluster.Api.Faults.Clear();
        await environment.CompletesAsync(agent, "create_vm", "web", Copy(VmWithSecrets));
        await environment.ReportsVmAsync(agent, "web", "running");
    }

    [Fact]
    public async Task Vm_that_was_there_before_stays_as_it_is()
    {
        await using var cluster = await SandboxTestCluster.StartAsync();
        await using var environment = await TestEnvironment.StartAsync(cluster, ownsCluster: false);
        var agent = await environment.StartAgentAsync();
        await environment.CompletesAsync(agent, "create_vm", "web", Copy(VmWithSecrets));
        var before = (string?)(await environment.Cluster.FindVmAsync(environment.Namespace, "web"))!["metadata"]!["uid"];

        await environment.FailsAsync(agent, "create_vm", "web", Copy(VmWithSecrets));

        Assert.Equal(before, (string?)(await environment.Cluster.FindVmAsync(environment.Namespace, "web"))!["metadata"]!["uid"]);
        await environment.ReportsVmAsync(agent, "web", "running");
    }

    // A node has one parent.
    private static (string, JsonNode)[] Copy((string Field, JsonNode Value)[] fields) =>
        [.. fields.Select(field => (field.Field, field.Value.DeepClone()))];

    private static async Task<Boots> BootsAsync(TestEnvironment environment)
    {
        var boots = new Boots();
        await boots.FollowAsync(environment);
        return boots;
    }

    /// <summary>Counts the guests that come.</summary>
    private sealed class Boots : IAsyncDisposable
    {
        private readonly CancellationTokenSource _end = new();
        private Task _following = Task.CompletedTask;
        private int _count;

        public int Count => Volatile.Read(ref _count);

        public async Task FollowAsync(TestEnvironment environment) => _following = await environment.Cluster.Admin.FollowAsync(
            $"apis/kubevirt.io/v1/namespaces/{environment.Namespace}/virtualmachineinstances",
            _ => Interlocked.Increment(ref _count),
            _end.Token);

        public async ValueTask DisposeAsync()
        {
            await _end.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _following);
            _end.Dispose();
        }
    }
}
