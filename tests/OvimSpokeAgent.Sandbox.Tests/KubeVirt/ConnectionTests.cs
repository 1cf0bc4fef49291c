using KubernetesSandbox;
using KubernetesSandbox.Cluster;
using KubernetesSandbox.KubeVirt;

namespace OvimSpokeAgent.Sandbox.Tests.KubeVirt;

[Collection(TestClusterCollection.Name)]
public sealed class ConnectionTests
{
    [Fact]
    public async Task Watches_that_are_cut_or_whose_version_is_forgotten_are_taken_up_again()
    {
        await using var cluster = await TestCluster.StartAsync("sandbox");
        await cluster.CreateVmAsync();
        await cluster.UntilPrintsAsync("Running");

        cluster.Own.Faults.CutWatches();
        cluster.Own.Faults.Compact();
        await cluster.CreateVmAsync(changes: vm => vm["metadata"]!["name"] = "second");
        await cluster.UntilPrintsAsync("Running", "second");
        cluster.Own.Faults.EndWatches();
        await cluster.DeleteAsync(Kinds.Vm, "web");

        await cluster.UntilGoneAsync(Kinds.Vm, "web");
    }

    [Fact]
    public async Task Errors_of_the_API_server_delay_a_VM_but_do_not_stop_it()
    {
        await using var cluster = await TestCluster.StartAsync("sandbox");

        cluster.Own.Faults.Add(new ClusterFault { Kind = ClusterFaultKind.Status, StatusCode = 500, Method = "PUT", Times = 3 });
        cluster.Own.Faults.Add(new ClusterFault { Kind = ClusterFaultKind.DropAfter, Method = "PUT", Times = 2 });
        await cluster.CreateVmAsync();

        await cluster.UntilPrintsAsync("Running");
    }

    [Fact]
    public async Task A_server_without_KubeVirts_kinds_is_named_as_such()
    {
        await using var cluster = await SandboxCluster.StartAsync(new SandboxClusterOptions { HasKubeVirt = false });
        var options = new SandboxKubeVirtOptions { Connection = cluster.ClientConfiguration() };

        var problem = await Assert.ThrowsAsync<InvalidOperationException>(() => SandboxKubeVirt.StartAsync(options));

        Assert.Contains("virtualmachines.kubevirt.io", problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task KubeVirt_says_that_it_is_deployed_while_it_runs()
    {
        await using var cluster = await TestCluster.StartAsync("sandbox");
        var name = new ObjectName("kubevirt", "kubevirt");

        var kubeVirt = await cluster.Api.GetAsync(Kinds.KubeVirt.Path(name), CancellationToken.None);
        Assert.Equal("Deployed", kubeVirt.Text("status", "phase"));
        Assert.True(Conditions.Has(kubeVirt["status"], "Available", true));

        await cluster.KubeVirt.DisposeAsync();
        Assert.Null(await cluster.Api.FindAsync(Kinds.KubeVirt.Path(name), CancellationToken.None));
    }

    [Fact]
    public async Task A_KubeVirt_of_its_own_is_not_taken_over()
    {
        await using var cluster = await SandboxCluster.StartAsync();
        var options = new SandboxKubeVirtOptions { Connection = cluster.ClientConfiguration() };
        cluster.Objects("v1", "namespaces").Create(TestObjects.Parse("""{"metadata":{"name":"kubevirt"} }"""));
        cluster.Objects("v1", "services").Create(TestObjects.Parse("""
            {"metadata":{"name":"virt-api","namespace":"kubevirt"},"spec":{"ports":[{"port":443}]} }
            """));

        var problem = await Assert.ThrowsAsync<InvalidOperationException>(() => SandboxKubeVirt.StartAsync(options));

        Assert.Contains("virt-api", problem.Message, StringComparison.Ordinal);
        Assert.NotNull(cluster.Objects("v1", "services").Get("kubevirt", "virt-api"));
    }
}
