using System.Text.Json.Nodes;
using OvimSpokeAgent.EndToEnd.Tests.Harness;

namespace OvimSpokeAgent.EndToEnd.Tests.VirtualMachines;

/// <summary>Starting and stopping VMs that others made.</summary>
public sealed class PowerTests(Clusters clusters) : IClassFixture<Clusters>
{
    private const string Fault = "sandbox.ovim.io/fail";

    // KubeVirt boots it when its disk is filled.
    [Theory, OnSandbox, OnRealApiServer]
    public async Task Stopped_vm_that_reruns_on_failure_does_not_boot_when_its_disk_is_filled(ClusterKind kind)
    {
        await using var environment = await clusters.OnAsync(kind);
        var agent = await environment.StartAgentAsync();
        await HasVmWithoutDiskAsync(environment, "filling", "RerunOnFailure");

        await environment.CompletesAsync(agent, "stop_vm", "filling");
        await DiskIsFilledAsync(environment, "filling");

        await StaysOffAsync(environment, "filling");
    }

    // The start waits for the disk.
    [Theory, OnSandbox, OnRealApiServer]
    public async Task Stopped_vm_whose_start_waits_does_not_boot_when_its_disk_is_filled(ClusterKind kind)
    {
        await using var environment = await clusters.OnAsync(kind);
        var agent = await environment.StartAgentAsync();
        await HasVmWithoutDiskAsync(environment, "waiting", "Manual");

        await environment.CompletesAsync(agent, "start_vm", "waiting");
        await environment.CompletesAsync(agent, "stop_vm", "waiting");
        await DiskIsFilledAsync(environment, "waiting");

        await StaysOffAsync(environment, "waiting");
        Assert.Equal("Manual", (string?)(await VmAsync(environment, "waiting"))["spec"]!["runStrategy"]);
    }

    [Theory, OnSandbox, OnRealApiServer]
    public async Task Vm_that_fails_again_and_again_is_stopped(ClusterKind kind)
    {
        await using var environment = await clusters.OnAsync(kind);
        var agent = await environment.StartAgentAsync();
        await environment.Cluster.Admin.CreateAsync(
            TestClusterExtensions.VmsOf(environment.Namespace), Vm("crashing", "crash-loop", new JsonObject { ["runStrategy"] = "RerunOnFailure" }));
        await environment.ReportsAsync(agent, report => report["vms"]!.AsArray().Any(vm =>
            (string?)vm!["name"] == "crashing" && (string?)vm["phase"] == "CrashLoopBackOff"));

        await environment.CompletesAsync(agent, "stop_vm", "crashing");

        await environment.ReportsVmAsync(agent, "crashing", "stopped");
        await StaysOffAsync(environment, "crashing");
    }

    // running and runStrategy together are refused by virt-api.
    [Theory, OnSandbox, OnRealApiServer]
    public async Task Manifest_of_the_owner_with_the_older_field_still_applies_afterwards(ClusterKind kind)
    {
        await using var environment = await clusters.OnAsync(kind);
        var agent = await environment.StartAgentAsync();
        var manifest = Vm("owned", null, new JsonObject { ["running"] = true });
        await environment.Cluster.Admin.CreateAsync(TestClusterExtensions.VmsOf(environment.Namespace), manifest.DeepClone().AsObject());
        await environment.ReportsVmAsync(agent, "owned", "running");

        await environment.CompletesAsync(agent, "stop_vm", "owned");
        await environment.ReportsVmAsync(agent, "owned", "stopped");
        var spec = (await VmAsync(environment, "owned"))["spec"]!;
        Assert.Equal((false, null), ((bool?)spec["running"], spec["runStrategy"]));
        await environment.ChangesVmAsync("owned", manifest);

        await environment.ReportsVmAsync(agent, "owned", "running");
    }

    // The pod's volumes are named by KubeVirt: SECRET-access-cred, VOLUME-udata.
    [Theory, OnRealApiServer]
    public async Task Volumes_of_the_pod_of_a_vm_with_a_long_name_are_accepted(ClusterKind kind)
    {
        await using var environment = await clusters.OnAsync(kind);
        var agent = await environment.StartAgentAsync();
        foreach (var name in (string[])["member-02-md-0-bnpd6-9qmkg-q99wg-node", "web-1.prod.example", new string('a', 63)])
        {
            await environment.CompletesAsync(
                agent, "create_vm", name, ("image_url", "disk"), ("cpu", 1), ("memory", "1Gi"), ("run", false),
                ("cloud_init", SeededSecrets.LongUserData), ("ssh_keys", new JsonArray("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIB a@b")));

            var template = (await VmAsync(environment, name))["spec"]!["template"]!["spec"]!;
            var keys = (string)template["accessCredentials"]![0]!["sshPublicKey"]!["source"]!["secret"]!["secretName"]!;
            var data = template["volumes"]!.AsArray().Single(volume => volume!["cloudInitNoCloud"] is not null)!;
            var userData = (string)data["cloudInitNoCloud"]!["secretRef"]!["name"]!;
            await environment.Cluster.Admin.CreateAsync(
                $"api/v1/namespaces/{environment.Namespace}/pods?dryRun=All",
                Pod(($"{keys}-access-cred", keys), ($"{(string)data["name"]!}-udata", userData)));
        }
    }

    private static JsonObject Pod(params (string Volume, string Secret)[] volumes) => new()
    {
        ["apiVersion"] = "v1",
        ["kind"] = "Pod",
        ["metadata"] = new JsonObject { ["name"] = "virt-launcher" },
        ["spec"] = new JsonObject
        {
            ["containers"] = new JsonArray(new JsonObject { ["name"] = "compute", ["image"] = "launcher" }),
            ["volumes"] = new JsonArray(
            [
                .. volumes.Select(volume => new JsonObject
                {
                    ["name"] = volume.Volume,
                    ["secret"] = new JsonObject { ["secretName"] = volume.Secret },
                }),
            ]),
        },
    };

    private static JsonObject Vm(string name, string? fault, JsonObject spec)
    {
        spec["template"] = new JsonObject { ["spec"] = new JsonObject { ["domain"] = new JsonObject { ["devices"] = new JsonObject() } } };
        return new JsonObject
        {
            ["apiVersion"] = "kubevirt.io/v1",
            ["kind"] = "VirtualMachine",
            ["metadata"] = new JsonObject
            {
                ["name"] = name,
                ["labels"] = new JsonObject { ["app.kubernetes.io/managed-by"] = "ovim-spoke-agent" },
                ["annotations"] = fault is null ? [] : new JsonObject { [Fault] = fault },
            },
            ["spec"] = spec,
        };
    }

    // Its import fails until the fault is taken back.
    private static async Task HasVmWithoutDiskAsync(TestEnvironment environment, string name, string strategy)
    {
        var vm = Vm(name, "data-volume", new JsonObject
        {
            ["runStrategy"] = strategy,
            ["dataVolumeTemplates"] = new JsonArray(new JsonObject
            {
                ["metadata"] = new JsonObject { ["name"] = $"{name}-root" },
                ["spec"] = new JsonObject
                {
                    ["source"] = new JsonObject { ["registry"] = new JsonObject { ["url"] = "docker://quay.io/containerdisks/fedora:41" } },
                    ["storage"] = new JsonObject
                    {
                        ["resources"] = new JsonObject { ["requests"] = new JsonObject { ["storage"] = "10Gi" } },
                    },
                },
            }),
        });
        var template = vm["spec"]!["template"]!["spec"]!;
        template["domain"]!["devices"]!["disks"] =
            new JsonArray(new JsonObject { ["name"] = "root", ["disk"] = new JsonObject { ["bus"] = "virtio" } });
        template["volumes"] =
            new JsonArray(new JsonObject { ["name"] = "root", ["dataVolume"] = new JsonObject { ["name"] = $"{name}-root" } });
        await environment.Cluster.Admin.CreateAsync(TestClusterExtensions.VmsOf(environment.Namespace), vm);
        await environment.Cluster.WaitForVmAsync(
            environment.Namespace, name, item => (string?)item?["status"]?["printableStatus"] is "DataVolumeError" or "Provisioning" or "Stopped"
                && item["metadata"]!["finalizers"] is not null);
    }

    private static async Task DiskIsFilledAsync(TestEnvironment environment, string name)
    {
        await environment.ChangesVmAsync(
            name, new JsonObject { ["metadata"] = new JsonObject { ["annotations"] = new JsonObject { [Fault] = null } } });
        var volumes = $"apis/cdi.kubevirt.io/v1beta1/namespaces/{environment.Namespace}/datavolumes";
        // As with a new look of CDI's controller.
        await environment.Cluster.Admin.MergeAsync(
            $"{volumes}/{name}-root", new JsonObject { ["metadata"] = new JsonObject { ["annotations"] = new JsonObject { ["touch"] = "1" } } });
        await environment.Cluster.Admin.WaitForAsync(
            volumes, $"{name}-root", volume => (string?)volume?["status"]?["phase"] == "Succeeded");
    }

    // Whatever virt-controller has to do it has done when it has seen a later change of the VM.
    private static async Task StaysOffAsync(TestEnvironment environment, string name)
    {
        await environment.HasGuestAsync(name, vmi => vmi is null);
        var spec = new JsonObject { ["spec"] = new JsonObject { ["template"] = new JsonObject { ["metadata"] = new JsonObject { ["labels"] = new JsonObject { ["seen"] = "1" } } } } };
        await environment.ChangesVmAsync(name, spec);
        await environment.Cluster.WaitForVmAsync(
            environment.Namespace, name, vm => (string?)vm?["status"]?["printableStatus"] == "Stopped" && vm["status"]!["stateChangeRequests"] is null);
        Assert.Null(await environment.Cluster.Admin.FindAsync(
            $"apis/kubevirt.io/v1/namespaces/{environment.Namespace}/virtualmachineinstances/{name}"));
    }

    private static async Task<JsonObject> VmAsync(TestEnvironment environment, string name) =>
        (await environment.Cluster.FindVmAsync(environment.Namespace, name))!;
}
