using System.Text;
using System.Text.Json.Nodes;
using OvimSpokeAgent.EndToEnd.Tests.Harness;
using static OvimSpokeAgent.EndToEnd.Tests.VirtualMachines.VmSourceTests;

namespace OvimSpokeAgent.EndToEnd.Tests.VirtualMachines;

/// <summary>What VMs have beside their size and disks: the server takes the objects, KubeVirt brings the VM up.</summary>
public sealed class VmDetailTests(Clusters clusters) : IClassFixture<Clusters>
{
    private const string Disk = "quay.io/containerdisks/fedora:41";

    [Theory, OnSandbox, OnRealApiServer]
    public async Task Guest_data_reaches_the_guest_in_the_vm_or_by_secrets(ClusterKind kind)
    {
        await using var environment = await clusters.OnAsync(kind);
        var agent = await environment.StartAgentAsync();
        var network = "version: 2\n" + new string('#', 3000);
        const string Ignition = """{"ignition":{"version":"3.4.0"}}""";

        await CreatesAsync(environment, agent, "plain", ("image_url", Disk), ("cloud_init", "#cloud-config\n"));
        await CreatesAsync(environment, agent, "net", ("image_url", Disk), ("network_data", network));
        await CreatesAsync(environment, agent, "both", ("image_url", Disk), ("cloud_init", "#cloud-config\npassword: x\n"), ("network_data", network));
        await CreatesAsync(environment, agent, "coreos", ("image_url", Disk), ("cloud_init", Ignition), ("ssh_keys", new JsonArray("ssh-ed25519 AAAA")));

        foreach (var vm in (string[])["plain", "net", "both", "coreos"]) await environment.ReportsVmAsync(agent, vm, "running");
        Assert.Equal("#cloud-config\n", (string?)(await VolumeAsync(environment, "plain"))["cloudInitNoCloud"]!["userData"]);
        var (alone, both) = ((await VolumeAsync(environment, "net"))["cloudInitNoCloud"]!, (await VolumeAsync(environment, "both"))["cloudInitNoCloud"]!);
        Assert.Null(alone["userData"]);
        Assert.Equal(network, await TextAsync(environment, alone["networkDataSecretRef"]!, "networkdata"));
        Assert.Equal(network, await TextAsync(environment, both["networkDataSecretRef"]!, "networkdata"));
        Assert.Equal("#cloud-config\npassword: x\n", await TextAsync(environment, both["secretRef"]!, "userdata"));
        Assert.Equal(Ignition, (string?)(await VolumeAsync(environment, "coreos"))["cloudInitConfigDrive"]!["userData"]);
        var access = (await SpecAsync(environment, "coreos"))["accessCredentials"]![0]!["sshPublicKey"]!;
        Assert.NotNull(access["propagationMethod"]!["configDrive"]);
    }

    [Theory, OnSandbox, OnRealApiServer]
    public async Task Answer_file_is_on_a_sata_cd(ClusterKind kind)
    {
        await using var environment = await clusters.OnAsync(kind);
        var agent = await environment.StartAgentAsync();

        await CreatesAsync(environment, agent, "win", ("image_url", Disk), ("sysprep", new JsonObject { ["unattend.XML"] = "<unattend/>" }));

        await environment.ReportsVmAsync(agent, "win", "running");
        var spec = await SpecAsync(environment, "win");
        var volume = spec["volumes"]![1]!;
        Assert.Equal(
            ((string?)volume["name"], "sata"),
            ((string?)spec["domain"]!["devices"]!["disks"]![1]!["name"], (string?)spec["domain"]!["devices"]!["disks"]![1]!["cdrom"]!["bus"]));
        Assert.Equal("<unattend/>", await TextAsync(environment, volume["sysprep"]!["secret"]!, "unattend.XML"));
    }

    [Theory, OnSandbox, OnRealApiServer]
    public async Task Networks_are_the_guests_in_their_order(ClusterKind kind)
    {
        await using var environment = await clusters.OnAsync(kind);
        var agent = await environment.StartAgentAsync();

        await CreatesAsync(
            environment, agent, "web", ("image_url", Disk), ("networks", new JsonArray("blue", "pod", "green")), ("network_name", "red"));

        await environment.ReportsVmAsync(agent, "web", "running");
        var spec = await SpecAsync(environment, "web");
        Assert.Equal(
            ["blue", null, "green", "red"], spec["networks"]!.AsArray().Select(network => (string?)network!["multus"]?["networkName"]));
        Assert.Equal(
            [true, false, true, true], spec["domain"]!["devices"]!["interfaces"]!.AsArray().Select(nic => nic!["bridge"] is not null));
        Assert.NotNull(spec["domain"]!["devices"]!["interfaces"]![1]!["masquerade"]);
    }

    [Theory, OnSandbox, OnRealApiServer]
    public async Task Firmware_machine_and_treatment_are_as_asked(ClusterKind kind)
    {
        await using var environment = await clusters.OnAsync(kind);
        var agent = await environment.StartAgentAsync();

        foreach (var firmware in (string[])["bios", "efi", "efi-secure"])
        {
            await CreatesAsync(
                environment, agent, firmware, ("image_url", Disk), ("firmware", firmware), ("machine_type", "q35"), ("architecture", "amd64"),
                ("eviction_strategy", "LiveMigrateIfPossible"), ("termination_grace_period_seconds", 7));
            await environment.ReportsVmAsync(agent, firmware, "running");
        }

        var spec = await SpecAsync(environment, "efi-secure");
        Assert.Equal(true, (bool?)spec["domain"]!["firmware"]!["bootloader"]!["efi"]!["secureBoot"]);
        Assert.Equal(true, (bool?)spec["domain"]!["features"]!["smm"]!["enabled"]);
        Assert.Equal(
            ("q35", "amd64", "LiveMigrateIfPossible", 7),
            ((string?)spec["domain"]!["machine"]!["type"], (string?)spec["architecture"], (string?)spec["evictionStrategy"],
                (int?)spec["terminationGracePeriodSeconds"]));
        Assert.Equal(
            false, (bool?)(await SpecAsync(environment, "efi"))["domain"]!["firmware"]!["bootloader"]!["efi"]!["secureBoot"]);
    }

    [Theory, OnSandbox, OnRealApiServer]
    public async Task Run_strategy_is_as_asked_also_where_secrets_come_first(ClusterKind kind)
    {
        await using var environment = await clusters.OnAsync(kind);
        var agent = await environment.StartAgentAsync();
        (string Strategy, string Status)[] strategies =
            [("Always", "running"), ("RerunOnFailure", "running"), ("Once", "running"), ("Manual", "stopped"), ("Halted", "stopped")];

        foreach (var (strategy, status) in strategies)
        {
            var vm = strategy.ToLowerInvariant();
            await CreatesAsync(
                environment, agent, vm, ("image_url", Disk), ("run_strategy", strategy), ("ssh_keys", new JsonArray("ssh-ed25519 AAAA")));
            await environment.ReportsVmAsync(agent, vm, status);
            Assert.Equal(
                strategy, (string?)(await environment.Cluster.FindVmAsync(environment.Namespace, vm))!["spec"]!["runStrategy"]);
        }
    }

    [Theory, OnSandbox, OnRealApiServer]
    public async Task Refusal_of_kubevirt_comes_with_its_field_and_reason(ClusterKind kind)
    {
        await using var environment = await clusters.OnAsync(kind);
        var agent = await environment.StartAgentAsync();

        var error = await environment.FailsAsync(
            agent, "create_vm", "web", ("image_url", Disk), ("cpu", 1), ("memory", "1Gi"), ("machine_type", "vax-780"));

        Assert.Contains("spec.template.spec.domain.machine.type is not supported: vax-780", error, StringComparison.Ordinal);
        Assert.Null(await environment.Cluster.FindVmAsync(environment.Namespace, "web"));
    }

    [Theory, OnSandbox, OnRealApiServer]
    public async Task Instancetype_is_changed_with_the_revision_that_pinned_the_one_before(ClusterKind kind)
    {
        await using var environment = await clusters.OnAsync(kind);
        var admin = environment.Cluster.Admin;
        foreach (var (name, cpu) in ((string, int)[])[("small", 1), ("large", 2)])
        {
            await admin.CreateAsync(
                $"apis/instancetype.kubevirt.io/v1beta1/namespaces/{environment.Namespace}/virtualmachineinstancetypes",
                JsonNode.Parse($$"""
                    {"apiVersion":"instancetype.kubevirt.io/v1beta1","kind":"VirtualMachineInstancetype",
                    "metadata":{"name":"{{name}}"},"spec":{"cpu":{"guest":{{cpu}}},"memory":{"guest":"{{cpu}}Gi"} } }
                    """)!.AsObject());
        }
        var agent = await environment.StartAgentAsync();
        const string Kind = "virtualmachineinstancetype";
        await environment.CompletesAsync(agent, "create_vm", "web", ("image_url", Disk), ("instancetype", $"{Kind}/small"));
        await environment.ReportsVmAsync(agent, "web", "running");

        var result = await environment.CompletesAsync(agent, "update_vm", "web", ("instancetype", $"{Kind}/large"));

        Assert.Equal(true, (bool?)result["restart_required"]);
        await environment.CompletesAsync(agent, "restart_vm", "web");
        await environment.ReportsAsync(agent, report => report["vms"]!.AsArray().Any(vm =>
            ((string?)vm!["name"], (string?)vm["status"], (string?)vm["cpu"], (string?)vm["memory"]) == ("web", "running", "2", "2Gi")));
        await environment.HasGuestAsync("web", vmi => (long?)vmi?["spec"]!["domain"]!["cpu"]?["sockets"] == 2);
    }

    private static async Task<JsonNode> SpecAsync(TestEnvironment environment, string vm) =>
        (await environment.Cluster.FindVmAsync(environment.Namespace, vm))!["spec"]!["template"]!["spec"]!;

    // The one after the root disk's.
    private static async Task<JsonNode> VolumeAsync(TestEnvironment environment, string vm) => (await SpecAsync(environment, vm))["volumes"]![1]!;

    private static async Task<string> TextAsync(TestEnvironment environment, JsonNode reference, string key)
    {
        var secret = await environment.Cluster.Admin.GetAsync($"api/v1/namespaces/{environment.Namespace}/secrets/{(string)reference["name"]!}");
        return Encoding.UTF8.GetString(Convert.FromBase64String((string)secret["data"]![key]!));
    }
}
