using System.Text.Json.Nodes;
using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Operations;
using OvimSpokeAgent.Tests.Cluster;
using OvimSpokeAgent.Tests.VirtualMachines;
using OvimSpokeAgent.VirtualMachines;

namespace OvimSpokeAgent.Tests.VirtualDataCenters;

public sealed class DeleteVdcTests
{
    private static readonly NamespacedName Ns = NamespacedName.ClusterScoped("acme-dev");
    private static readonly NamespacedName Web = new("acme-dev", "web");

    [Fact]
    public async Task Vms_go_first_then_the_namespace()
    {
        await using var host = await OpenAsync();
        Assert.True((await host.CreateVmAsync("web", 1)).IsCompleted);
        host.Cluster.ForgetRequests();

        var result = (await host.RunAsync("delete_vdc", """ "cascade":true """)).Result!.Value;

        Assert.Equal("deleted", result.GetProperty("status").GetString());
        Assert.Equal(["virtualmachines.kubevirt.io acme-dev/web", "namespaces acme-dev"], Deletions(host));
    }

    [Fact]
    public async Task Vm_that_turns_up_meanwhile_goes_before_the_namespace_too()
    {
        await using var host = await OpenAsync();
        Assert.True((await host.CreateVmAsync("web", 1)).IsCompleted);
        host.Cluster.Change(KubeVirtKinds.VirtualMachine, Web, vm => vm["metadata"]!["finalizers"] = new JsonArray("test/hold"));
        host.Cluster.ForgetRequests();
        var deleting = host.RunAsync("delete_vdc", """ "cascade":true """);
        await Eventually.HoldsAsync(() => Deletions(host).Count == 1);

        VmWorld.HasVm(host.Cluster, new("acme-dev", "late"));
        await Eventually.HoldsAsync(() => Deletions(host).Count == 2);
        host.Cluster.Remove(KubeVirtKinds.VirtualMachine, Web);

        Assert.True((await deleting).IsCompleted);
        Assert.Equal(
            ["virtualmachines.kubevirt.io acme-dev/web", "virtualmachines.kubevirt.io acme-dev/late", "namespaces acme-dev"], Deletions(host));
    }

    [Fact]
    public async Task Vms_without_cascade_are_a_reason_against()
    {
        await using var host = await OpenAsync();
        for (var i = 0; i < 7; i++) Assert.True((await host.CreateVmAsync($"vm-{i}", 1)).IsCompleted);

        Assert.Equal(
            "VDC dev has 7 VMs (vm-0, vm-1, vm-2, vm-3, vm-4, …); delete them first, or all at once with cascade: true",
            (await host.RunAsync("delete_vdc")).FailureOf());
        Assert.Empty(Deletions(host));
    }

    [Fact]
    public async Task Namespace_that_is_meant_is_fixed_before_anything_goes_and_a_namesake_is_spared()
    {
        await using var host = await OpenAsync();
        Hold(host);
        var execution = host.Of("delete_vdc", """ "cascade":true """);
        var deleting = execution.RunAsync();
        await Eventually.HoldsAsync(() => execution.Fact is not null && Deletions(host).Count > 0);
        Assert.Equal((string?)host.Namespace()!["metadata"]!["uid"], execution.Fact);

        host.Cluster.Remove(KubernetesKinds.Namespace, Ns);
        Assert.True((await deleting).IsCompleted);
        Assert.True((await host.RunAsync("create_vdc")).IsCompleted);
        Assert.True((await execution.RunAsync()).IsCompleted);

        Assert.Null(host.Namespace()!["metadata"]!["deletionTimestamp"]);
    }

    [Fact]
    public async Task Guest_that_does_not_stop_gets_half_of_the_time_and_then_goes_with_the_namespace()
    {
        await using var host = await OpenAsync();
        Assert.True((await host.CreateVmAsync("web", 1)).IsCompleted);
        host.Cluster.Change(
            KubeVirtKinds.VirtualMachine, Web, vm => vm["metadata"]!["finalizers"] = new JsonArray("kubevirt.io/virtualMachineControllerFinalize"));
        Hold(host);
        var execution = host.Of("delete_vdc", """ "cascade":true """);
        var deleting = execution.RunAsync();
        await host.Time.NextWaitAsync(TimeSpan.FromSeconds(150), TimeSpan.FromSeconds(150));
        Assert.DoesNotContain("namespaces acme-dev", Deletions(host));
        Assert.Contains("is being deleted", (await host.CreateVmAsync("new", 1)).FailureOf(), StringComparison.Ordinal);

        host.Time.Advance(TimeSpan.FromSeconds(151));
        await Eventually.HoldsAsync(() => Deletions(host).Contains("namespaces acme-dev"));

        Assert.Equal(
            "namespace acme-dev is not gone yet, the deletion goes on; what blocks: "
            + "VM web has the finalizers kubevirt.io/virtualMachineControllerFinalize",
            (await execution.ReadBackAsync())!.FailureOf());
        host.Cluster.Remove(KubeVirtKinds.VirtualMachine, Web);
        host.Cluster.Remove(KubernetesKinds.Namespace, Ns);
        Assert.True((await deleting).IsCompleted);
    }

    [Fact]
    public async Task What_kubernetes_says_of_a_namespace_that_stays_is_passed_on()
    {
        await using var host = await OpenAsync();
        Hold(host);
        var execution = host.Of("delete_vdc");
        var deleting = execution.RunAsync();
        await Eventually.HoldsAsync(() => Deletions(host).Count > 0);
        host.Cluster.Change(KubernetesKinds.Namespace, Ns, ns => ns["status"] = JsonNode.Parse("""
            {"conditions":[
              {"type":"NamespaceDeletionDiscoveryFailure","status":"False","message":"All resources successfully discovered"},
              {"type":"NamespaceFinalizersRemaining","status":"True",
               "message":"Some content in the namespace has finalizers remaining: example.com/hold in 1 resource instances"}]}
            """));

        Assert.EndsWith(
            "what blocks: Some content in the namespace has finalizers remaining: example.com/hold in 1 resource instances",
            (await execution.ReadBackAsync())!.FailureOf(),
            StringComparison.Ordinal);
        host.Cluster.Remove(KubernetesKinds.Namespace, Ns);
        await deleting;
    }

    [Theory]
    [InlineData("dev", """{"app.kubernetes.io/managed-by":"ovim-spoke-agent"}""", "not made by this agent")]
    [InlineData("dev", """{"app.kubernetes.io/managed-by":"ovim-spoke-agent","ovim.io/vdc":"dev"}""", "not made by this agent")]
    [InlineData("dev", """{"ovim.io/vdc":"dev"}""", "not made by this agent")]
    public async Task Namespace_that_the_agent_did_not_make_is_never_deleted(string name, string labels, string reason)
    {
        await using var host = await VdcHost.StartAsync();
        host.Cluster.Has(KubernetesKinds.Namespace, new JsonObject
        {
            ["metadata"] = new JsonObject { ["name"] = "acme-dev", ["labels"] = JsonNode.Parse(labels) },
        });

        var error = (await host.RunAsync("delete_vdc", $$""" "vdc_name":"{{name}}","cascade":true """)).FailureOf();

        Assert.Contains(reason, error, StringComparison.Ordinal);
        Assert.Empty(Deletions(host));
    }

    [Fact]
    public async Task Another_vdc_in_the_namespace_is_spared()
    {
        await using var host = await OpenAsync();

        var error = (await host.Of("delete_vdc", """ "vdc_name":"prod","cascade":true """).RunAsync()).FailureOf();

        Assert.Contains("is the VDC \"dev\", not \"prod\"", error, StringComparison.Ordinal);
        Assert.Empty(Deletions(host));
    }

    [Fact]
    public async Task Cluster_without_kubevirt_has_no_vms_to_wait_for()
    {
        await using var host = await OpenAsync();
        host.Cluster.LosesKind(KubeVirtKinds.VirtualMachine);

        Assert.True((await host.RunAsync("delete_vdc", """ "cascade":true """)).IsCompleted);
    }

    private static async Task<VdcHost> OpenAsync()
    {
        var host = await VdcHost.StartAsync();
        Assert.True((await host.RunAsync("create_vdc")).IsCompleted);
        return host;
    }

    // Its contents keep it until the test says otherwise.
    private static void Hold(VdcHost host) => host.Cluster.Change(
        KubernetesKinds.Namespace, Ns, ns => ns["metadata"]!["finalizers"] = new JsonArray("test/hold"));

    private static IReadOnlyList<string> Deletions(VdcHost host) =>
        [.. host.Cluster.Requests.Where(request => request.Verb == "delete").Select(request => $"{request.Kind} {request.Name}")];
}
