using System.Text.Json.Nodes;
using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Tests.Cluster;
using OvimSpokeAgent.Tests.VirtualMachines;
using OvimSpokeAgent.VirtualDataCenters;
using OvimSpokeAgent.VirtualMachines;

namespace OvimSpokeAgent.Tests.VirtualDataCenters;

public sealed class DeleteVdcTests
{
    private const string Isolated = """ "quota":{"cpu":8,"memory":16},"network_policy":"isolated","admin_groups":["admins"] """;

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
        await Eventually.HoldsAsync(() => execution.Checkpoint is not null && Deletions(host).Count > 0);
        Assert.Equal((string?)host.Namespace()!["metadata"]!["uid"], execution.Checkpoint);

        host.Cluster.Remove(KubernetesKinds.Namespace, Ns);
        Assert.True((await deleting).IsCompleted);
        Assert.True((await host.RunAsync("create_vdc")).IsCompleted);
        Assert.True((await execution.RunAsync()).IsCompleted);

        Assert.Null(host.Namespace()!["metadata"]!["deletionTimestamp"]);
    }

    [Fact]
    public async Task Isolation_and_limits_hold_while_a_guest_shuts_down_and_the_deletion_goes_on_without_its_operation()
    {
        await using var host = await OpenAsync(Isolated);
        HasGuest(host, "web", graceSeconds: 3600);
        Hold(host, KubeVirtKinds.VirtualMachine, Web);
        Hold(host, KubeVirtKinds.VirtualMachineInstance, Web);

        Assert.Equal(
            "namespace acme-dev is not gone yet, the deletion goes on; what blocks: "
            + "guests that still run: web (it may take 3600 s to shut down); isolation and limits hold until they are gone",
            await TimesOutAsync(host, """ "cascade":true """));
        Assert.Equal(["virtualmachines.kubevirt.io acme-dev/web"], Deletions(host).Where(deletion => !deletion.Contains("rolebindings", StringComparison.Ordinal)));
        await host.PassesUntilAsync(() => host.Status() is { Status: "Terminating", Warnings: { } warnings }
            && warnings.Contains("being deleted: waits for the guests of 1 VMs (web)"));
        // Nobody can add to it any more, and what is put into it goes too.
        await host.PassesUntilAsync(() => host.Find(KubernetesKinds.RoleBinding, "vdc-admin-admins") is null
            && (string?)host.Find(KubernetesKinds.ResourceQuota, "vdc-quota")?["spec"]!["hard"]![VdcManifests.VmCount] == "0");
        Assert.Contains("is being deleted", (await host.CreateVmAsync("new", 1)).FailureOf(), StringComparison.Ordinal);
        Assert.Contains("is being deleted", (await host.RunAsync("update_vdc", Isolated)).FailureOf(), StringComparison.Ordinal);
        Assert.Contains("is still being deleted", (await host.RunAsync("create_vdc", Isolated)).FailureOf(), StringComparison.Ordinal);
        VmWorld.HasVm(host.Cluster, new("acme-dev", "late"));
        await host.PassesUntilAsync(() => host.Cluster.Find(KubeVirtKinds.VirtualMachine, new("acme-dev", "late")) is null);
        host.Cluster.Remove(KubernetesKinds.NetworkPolicy, new("acme-dev", "vdc-isolation-policy"));
        await host.PassesUntilAsync(() => host.Find(KubernetesKinds.NetworkPolicy, "vdc-isolation-policy") is not null);
        Assert.DoesNotContain("namespaces acme-dev", Deletions(host));

        host.Cluster.Remove(KubeVirtKinds.VirtualMachine, Web);
        host.Cluster.Remove(KubeVirtKinds.VirtualMachineInstance, Web);
        await host.PassesUntilAsync(() => host.Namespace() is null);
        Assert.True((await host.RunAsync("delete_vdc")).IsCompleted);
    }

    [Fact]
    public async Task Next_agent_goes_on_with_a_deletion()
    {
        var time = new TestTime();
        var cluster = new FakeKubernetesApi(time);
        await using (var host = await VdcHost.StartAsync(cluster, time))
        {
            Assert.True((await host.RunAsync("create_vdc", Isolated)).IsCompleted);
            HasGuest(host, "web", graceSeconds: 3600);
            Hold(host, KubeVirtKinds.VirtualMachine, Web);
            Hold(host, KubeVirtKinds.VirtualMachineInstance, Web);
            await TimesOutAsync(host, """ "cascade":true """);
        }

        await using var next = await VdcHost.StartAsync(cluster, time);
        await next.PassesUntilAsync(() => next.Status() is { Status: "Terminating", Warnings: not null });
        cluster.Remove(KubeVirtKinds.VirtualMachine, Web);
        cluster.Remove(KubeVirtKinds.VirtualMachineInstance, Web);

        await next.PassesUntilAsync(() => next.Namespace() is null);
    }

    [Fact]
    public async Task Who_takes_the_mark_off_ends_a_deletion()
    {
        await using var host = await OpenAsync(Isolated);
        HasGuest(host, "web", graceSeconds: 3600);
        Hold(host, KubeVirtKinds.VirtualMachine, Web);
        Hold(host, KubeVirtKinds.VirtualMachineInstance, Web);
        await TimesOutAsync(host, """ "cascade":true """);

        host.Cluster.Change(KubernetesKinds.Namespace, Ns, ns => ns["metadata"]!["annotations"]!.AsObject().Remove(WellKnownNames.DeletionAnnotation));
        host.Cluster.Remove(KubeVirtKinds.VirtualMachine, Web);
        host.Cluster.Remove(KubeVirtKinds.VirtualMachineInstance, Web);

        await host.PassesUntilAsync(() => host.Status() is { Status: "Active", Warnings: null }
            && host.Find(KubernetesKinds.RoleBinding, "vdc-admin-admins") is not null);
        Assert.NotNull(host.Namespace());
    }

    [Fact]
    public async Task Guest_without_a_vm_goes_before_the_namespace_too()
    {
        await using var host = await OpenAsync();
        HasGuest(host, "orphan", graceSeconds: 30);

        Assert.True((await host.RunAsync("delete_vdc", """ "cascade":true """)).IsCompleted);

        Assert.Equal(["virtualmachineinstances.kubevirt.io acme-dev/orphan", "namespaces acme-dev"], Deletions(host));
    }

    [Fact]
    public async Task Vm_that_may_not_be_deleted_is_named_and_costs_no_other()
    {
        await using var host = await OpenAsync();
        foreach (var vm in (string[])["a", "kept", "z"]) Assert.True((await host.CreateVmAsync(vm, 1)).IsCompleted);
        host.Cluster.Fault = request => request is { Verb: "delete", Name.Name: "kept" }
            ? FakeKubernetesApi.Error(ApiErrorReason.Forbidden, "deletion protection")
            : null;

        var e = await Assert.ThrowsAsync<KubernetesApiException>(() => host.RunAsync("delete_vdc", """ "cascade":true """));

        Assert.Equal("VirtualMachine kept cannot be deleted: deletion protection", e.Message);
        Assert.Null(host.Cluster.Find(KubeVirtKinds.VirtualMachine, new("acme-dev", "z")));
        await host.PassesUntilAsync(() => host.Status().Warnings?.Contains("being deleted: VirtualMachine kept cannot be deleted: deletion protection") is true);
        host.Cluster.Fault = null;
        await host.PassesUntilAsync(() => host.Namespace() is null);
    }

    [Theory]
    [InlineData("", "false", 0, true)]
    [InlineData("", "false", 1, false)]
    [InlineData(""","vm_count":3""", "false", 3, true)]
    [InlineData(""","vm_count":3""", "false", 2, true)]
    [InlineData(""","vm_count":3""", "false", 4, false)]
    [InlineData(""","vm_count":0""", "false", 1, false)]
    [InlineData(""","vm_count":null""", "false", 1, false)]
    [InlineData(""","vm_count":3,"cascade":false""", "false", 1, false)]
    [InlineData(""","vm_count":1,"cascade":true""", "false", 3, true)]
    [InlineData("", "true", 3, true)]
    [InlineData(""","vm_count":1""", "true", 3, true)]
    [InlineData(""","cascade":false""", "true", 1, false)]
    public async Task Vms_go_with_their_vdc_as_far_as_the_hub_counted_them(string payload, string setting, int vms, bool isDeleted)
    {
        await using var host = await VdcHost.StartAsync(settings: ("OVIM_VDC_CASCADE", setting));
        Assert.True((await host.RunAsync("create_vdc")).IsCompleted);
        for (var i = 0; i < vms; i++) VmWorld.HasVm(host.Cluster, new("acme-dev", $"vm-{i}"));

        var outcome = await host.RunAsync("delete_vdc", $$""" "organization":"acme"{{payload}} """);

        Assert.Equal(isDeleted, outcome.IsCompleted);
        Assert.Equal(isDeleted, host.Namespace() is null);
        Assert.Equal(isDeleted ? 0 : vms, host.Cluster.ObjectsIn("acme-dev").Count(item => item.Kind == KubeVirtKinds.VirtualMachine));
    }

    [Fact]
    public async Task Vms_beyond_the_count_are_named_those_first_that_the_hub_did_not_make()
    {
        await using var host = await OpenAsync();
        foreach (var vm in (string[])["a", "z"]) Assert.True((await host.CreateVmAsync(vm, 1)).IsCompleted);
        foreach (var vm in (string[])["m", "n"]) VmWorld.HasVm(host.Cluster, new("acme-dev", vm));

        Assert.Equal(
            "VDC dev has 4 VMs, more than the 2 of vm_count (beyond it: m, n); delete them first, or all at once with cascade: true",
            (await host.RunAsync("delete_vdc", """ "vm_count":2 """)).FailureOf());
        Assert.Empty(Deletions(host));
    }

    [Fact]
    public async Task Finalizers_of_the_namespace_and_of_objects_are_named_with_their_owners_and_the_remedy()
    {
        await using var host = await OpenAsync(Isolated);
        host.Cluster.Change(KubernetesKinds.Namespace, Ns, ns => ns["metadata"]!["finalizers"] = new JsonArray("controller.cattle.io/namespace-auth"));
        host.Cluster.Change(
            KubernetesKinds.NetworkPolicy, new("acme-dev", "vdc-isolation-policy"), policy => policy["metadata"]!["finalizers"] = new JsonArray("example.com/cni"));
        host.Cluster.Delete(KubernetesKinds.NetworkPolicy, new("acme-dev", "vdc-isolation-policy"));

        var said = await TimesOutAsync(host, """ "cascade":true """);

        Assert.Equal(
            "namespace acme-dev is not gone yet, the deletion goes on; what blocks: "
            + "the namespace itself has the finalizer controller.cattle.io/namespace-auth (of Rancher); "
            + "NetworkPolicy vdc-isolation-policy has the finalizer example.com/cni (of the controller of example.com) "
            + "(a finalizer is taken off by the controller that set it: see whether that runs; where it is gone for good, "
            + "an administrator can take the finalizer off)",
            said);
    }

    [Fact]
    public async Task Finalizer_of_the_agent_is_said_to_be_its_own()
    {
        await using var host = await OpenAsync();
        host.Cluster.Has(KubeVirtKinds.VirtualMachine, JsonNode.Parse(
            """{"metadata":{"name":"web","namespace":"acme-dev","deletionTimestamp":"2026-11-23T08:00:00Z","finalizers":["ovim.io/keep-disks"]}}""")!.AsObject());

        Assert.Contains(
            "VirtualMachine web has the finalizer ovim.io/keep-disks (of this agent, which takes it off by itself: the VM's message and events say why not yet) ",
            await TimesOutAsync(host, """ "cascade":true """),
            StringComparison.Ordinal);
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

        Assert.Contains(
            "what blocks: Some content in the namespace has finalizers remaining: example.com/hold in 1 resource instances "
            + "(example.com/hold is of the controller of example.com); the namespace itself has the finalizer test/hold (of the controller of test) "
            + "(a finalizer is taken off by",
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

    private static async Task<VdcHost> OpenAsync(string declared = "")
    {
        var host = await VdcHost.StartAsync();
        Assert.True((await host.RunAsync("create_vdc", declared)).IsCompleted);
        return host;
    }

    // The operation's time is over as soon as it waits; what it says then.
    private static async Task<string> TimesOutAsync(VdcHost host, string more)
    {
        using var timeout = new CancellationTokenSource();
        var execution = host.Of("delete_vdc", more);
        var deleting = execution.RunAsync(timeout.Token);
        await host.PassesUntilAsync(() => execution.WaitsForOthers);
        await timeout.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => deleting);
        return (await execution.ReadBackAsync())!.FailureOf();
    }

    private static void HasGuest(VdcHost host, string name, int graceSeconds)
    {
        if (name == "web") VmWorld.HasVm(host.Cluster, Web);
        host.Cluster.Has(KubeVirtKinds.VirtualMachineInstance, new JsonObject
        {
            ["metadata"] = new JsonObject { ["name"] = name, ["namespace"] = "acme-dev" },
            ["spec"] = new JsonObject { ["terminationGracePeriodSeconds"] = graceSeconds },
            ["status"] = new JsonObject { ["phase"] = "Running" },
        });
    }

    private static void Hold(VdcHost host, ResourceKind kind, NamespacedName name) =>
        host.Cluster.Change(kind, name, item => item["metadata"]!["finalizers"] = new JsonArray("test/hold"));

    // Its contents keep it until the test says otherwise.
    private static void Hold(VdcHost host) => host.Cluster.Change(
        KubernetesKinds.Namespace, Ns, ns => ns["metadata"]!["finalizers"] = new JsonArray("test/hold"));

    private static IReadOnlyList<string> Deletions(VdcHost host) =>
        [.. host.Cluster.Requests.Where(request => request.Verb == "delete").Select(request => $"{request.Kind} {request.Name}")];
}
