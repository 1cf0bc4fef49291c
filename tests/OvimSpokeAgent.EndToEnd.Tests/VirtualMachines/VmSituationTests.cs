using System.Text.Json.Nodes;
using OvimSpokeAgent.EndToEnd.Tests.Harness;

namespace OvimSpokeAgent.EndToEnd.Tests.VirtualMachines;

/// <summary>Situations of VMs that KubeVirt has told in their status, as the agent reports and treats them.</summary>
public sealed class VmSituationTests(Clusters clusters) : IClassFixture<Clusters>
{
    private const string LongName = "migrated-from-datacenter-frankfurt-rack-17-windows-server-2022-accounting-db-01";
    private const string IoError = "the guest stands still: IO error of a disk";
    private const string RecoveryNeeded = "recovery by hand is needed: moving its volumes failed";

    [Fact]
    public async Task Address_and_node_are_those_that_the_guest_has_and_others_can_use()
    {
        await using var environment = await VmSituation.WithoutControllerAsync();
        await VmSituation.HasAsync(environment, VmSituation.Vm("two-nics", "Always"), "Running", VmSituation.Guest(
            "Running", VmSituation.Interface("default", "fe80::8c0f:aaff:fe10:1"), VmSituation.Interface("nic-1", "192.168.30.44")));
        await VmSituation.HasAsync(environment, VmSituation.Vm("dockerhost", "Always"), "Running", VmSituation.Guest(
            "Running", VmSituation.Interface(null, "172.17.0.1"), VmSituation.Interface("sriov-net", "10.20.30.40")));
        await VmSituation.HasAsync(environment, VmSituation.Vm("passthrough", "Always"), "Running", VmSituation.Guest("Running", VmSituation.Interface(null, "10.20.30.41")));
        await VmSituation.HasAsync(environment, VmSituation.Vm("off", "Manual"), "Stopped", VmSituation.Guest("Succeeded", VmSituation.Interface("default", "10.0.0.6")));
        var agent = await environment.StartAgentAsync();

        foreach (var (vm, status, address, node) in new[]
        {
            ("two-nics", "running", "192.168.30.44", "n1"), ("dockerhost", "running", "10.20.30.40", "n1"),
            ("passthrough", "running", "10.20.30.41", "n1"), ("off", "stopped", null, null),
        })
        {
            var reported = (await environment.ReportsVmAsync(agent, vm, status))!;
            Assert.Equal((vm, address, node), (vm, (string?)reported["ip_address"], (string?)reported["node_name"]));
        }
    }

    [Fact]
    public async Task Vm_that_an_io_error_paused_says_so()
    {
        await using var environment = await VmSituation.WithoutControllerAsync();
        await VmSituation.HasAsync(
            environment, VmSituation.Vm("frozen", "Always"), "Paused", VmSituation.Guest("Running"), VmSituation.Condition("Paused", "PausedIOError", IoError));
        var agent = await environment.StartAgentAsync();

        Assert.Equal($"PausedIOError: {IoError}", (string?)(await environment.ReportsVmAsync(agent, "frozen", "paused"))!["message"]);
    }

    [Fact]
    public async Task Vm_that_waits_for_recovery_by_hand_is_not_started_and_says_why()
    {
        await using var environment = await VmSituation.WithoutControllerAsync();
        await VmSituation.HasAsync(
            environment, VmSituation.Vm("broken", "Halted"), "Stopped", null, VmSituation.Condition("ManualRecoveryRequired", null, RecoveryNeeded));
        var agent = await environment.StartAgentAsync();

        Assert.Contains(RecoveryNeeded, await environment.FailsAsync(agent, "start_vm", "broken"), StringComparison.Ordinal);

        Assert.Equal(RecoveryNeeded, (string?)(await environment.ReportsVmAsync(agent, "broken", "stopped"))!["message"]);
        Assert.Equal("Halted", (string?)(await environment.Cluster.FindVmAsync(environment.Namespace, "broken"))!["spec"]!["runStrategy"]);
    }

    [Fact]
    public async Task Guest_whose_volumes_are_moved_is_neither_stopped_nor_restarted()
    {
        await using var environment = await VmSituation.WithoutControllerAsync();
        await VmSituation.HasAsync(
            environment, VmSituation.Vm("moving", "Always"), "Running", VmSituation.Guest("Running"), VmSituation.Condition("VolumesChange", null, "migrate volumes"));
        var agent = await environment.StartAgentAsync();

        foreach (var type in (string[])["stop_vm", "restart_vm"])
            Assert.Contains("(migrate volumes)", await environment.FailsAsync(agent, type, "moving"), StringComparison.Ordinal);

        Assert.Equal("migrate volumes", (string?)(await environment.ReportsVmAsync(agent, "moving", "running"))!["message"]);
        Assert.NotNull(await environment.HasGuestAsync("moving", vmi => vmi is not null));
    }

    // Nothing has pinned the instancetype; it comes after the VM.
    [Fact]
    public async Task Vm_that_is_off_has_the_size_that_its_instancetype_gives()
    {
        await using var environment = await VmSituation.WithoutControllerAsync();
        var vm = VmSituation.Vm("typed", "Halted");
        vm["spec"]!["instancetype"] = JsonNode.Parse("""{"name":"case.medium","kind":"VirtualMachineClusterInstancetype"}""");
        await VmSituation.HasAsync(environment, vm, "Stopped", null);
        var agent = await environment.StartAgentAsync();
        await environment.ReportsVmAsync(agent, "typed", "stopped");

        await environment.Cluster.Admin.CreateAsync(
            "apis/instancetype.kubevirt.io/v1beta1/virtualmachineclusterinstancetypes",
            JsonNode.Parse("""
                {"apiVersion":"instancetype.kubevirt.io/v1beta1","kind":"VirtualMachineClusterInstancetype",
                "metadata":{"name":"case.medium"},"spec":{"cpu":{"guest":2},"memory":{"guest":"4Gi"}}}
                """)!.AsObject());

        await environment.ReportsAsync(agent, report => report["vms"]!.AsArray().Any(item =>
            ((string?)item!["name"], (string?)item["cpu"], (string?)item["memory"]) == ("typed", "2", "4Gi")));
        var asked = await environment.CompletesAsync(agent, "get_vm_status", "typed");
        Assert.Equal(("2", "4Gi"), ((string?)asked["cpu"], (string?)asked["memory"]));
    }

    [Theory, OnSandbox, OnRealApiServer]
    public async Task Vm_with_a_name_of_more_than_63_characters_is_looked_at_stopped_and_deleted(ClusterKind kind)
    {
        await using var environment = await clusters.OnAsync(kind);
        var name = LongName + new string('x', 253 - LongName.Length);
        foreach (var vm in (string[])[LongName, name])
            await environment.Cluster.Admin.CreateAsync(TestClusterExtensions.VmsOf(environment.Namespace), VmSituation.Vm(vm, "Always"));
        var agent = await environment.StartAgentAsync();

        foreach (var vm in (string[])[LongName, name])
        {
            await environment.CompletesAsync(agent, "stop_vm", vm);
            await environment.ReportsVmAsync(agent, vm, "stopped");
            Assert.Equal(vm, (string?)(await environment.CompletesAsync(agent, "get_vm_status", vm))["name"]);
            await environment.CompletesAsync(agent, "delete_vm", vm);
            Assert.Null(await environment.Cluster.FindVmAsync(environment.Namespace, vm));
        }
    }

    [Fact]
    public async Task Image_that_no_runtime_takes_makes_no_vm()
    {
        await using var environment = await VmSituation.WithoutControllerAsync();
        var agent = await environment.StartAgentAsync();

        foreach (var (index, image) in ((string[])
        [
            "quay.io/ContainerDisks/Fedora:41", "quay.io/containerdisks/fedora:", ":41", "quay.io//fedora:41",
            "quay.io/containerdisks/fedora@sha256:abc",
        ]).Index())
        {
            Assert.StartsWith($"image_url: \"{image}\"", await environment.FailsAsync(
                agent, "create_vm", $"img{index}", ("image_url", image), ("cpu", 1), ("memory", "1Gi")), StringComparison.Ordinal);
            Assert.Null(await environment.Cluster.FindVmAsync(environment.Namespace, $"img{index}"));
        }
    }
}
