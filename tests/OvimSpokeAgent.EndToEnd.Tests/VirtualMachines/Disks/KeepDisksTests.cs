using System.Text.Json.Nodes;
using OvimSpokeAgent.EndToEnd.Tests.Harness;

namespace OvimSpokeAgent.EndToEnd.Tests.VirtualMachines;

/// <summary>VMs that are deleted with and without their disks.</summary>
public sealed class KeepDisksTests(Clusters clusters) : IClassFixture<Clusters>
{
    private const string Crds = "apis/apiextensions.k8s.io/v1/customresourcedefinitions";

    [Theory, OnSandbox, OnRealApiServer]
    public async Task Disk_that_the_vm_brings_with_it_goes_with_it_and_one_that_was_there_stays_as_it_was(ClusterKind kind)
    {
        await using var environment = await clusters.OnAsync(kind);
        await environment.HasClaimAsync("data", "1Gi");
        var vm = DiskObjects.WithTemplate("web", "Halted");
        vm["spec"]!["template"]!["spec"]!["volumes"]!.AsArray().Add((JsonNode)DiskObjects.Claim("data", "data"));
        vm["spec"]!["template"]!["spec"]!["domain"]!["devices"]!["disks"]!.AsArray().Add(JsonNode.Parse("""{"name":"data","disk":{"bus":"virtio"}}"""));
        await environment.HasVmAsync(vm);
        await IsFilledAsync(environment, "web-root");
        var before = await environment.ClaimAsync("data", claim => claim is not null);
        var agent = await environment.StartAgentAsync();

        var result = await environment.CompletesAsync(agent, "delete_vm", "web");

        Assert.Equal($$"""{"status":"deleted","name":"web","namespace":"{{environment.Namespace}}"}""", result.ToJsonString());
        await environment.VolumeAsync("web-root", volume => volume is null);
        await environment.ClaimAsync("web-root", claim => claim is null);
        var after = await environment.ClaimAsync("data", claim => claim is not null);
        Assert.Equal(((string?)before!["metadata"]!["uid"], null), ((string?)after!["metadata"]!["uid"], (string?)after["metadata"]!["deletionTimestamp"]));
    }

    [Theory, OnSandbox, OnRealApiServer]
    public async Task Kept_disk_of_a_running_vm_stays_when_that_is_gone_and_serves_the_next_vm(ClusterKind kind)
    {
        await using var environment = await clusters.OnAsync(kind);
        await environment.HasVmAsync(DiskObjects.WithTemplate("web", "Always"));
        var agent = await environment.StartAgentAsync();
        await environment.ReportsVmAsync(agent, "web", "running");
        var before = await environment.ClaimAsync("web-root", claim => claim is not null);

        var result = await environment.CompletesAsync(agent, "delete_vm", "web", ("keep_disks", true));

        Assert.Equal(
            $$"""{"status":"deleted","name":"web","namespace":"{{environment.Namespace}}","kept_disks":["web-root"]}""", result.ToJsonString());
        Assert.Null(await environment.Cluster.FindVmAsync(environment.Namespace, "web"));
        await environment.HasVmAsync(DiskObjects.WithVolumes("next", "Always", DiskObjects.DataVolume("root", "web-root")));
        await environment.ReportsVmAsync(agent, "next", "running");
        var volume = await environment.VolumeAsync("web-root", volume => volume is not null);
        var after = await environment.ClaimAsync("web-root", claim => claim is not null);
        IsNobodys(volume!);
        Assert.Equal((string?)before!["metadata"]!["uid"], (string?)after!["metadata"]!["uid"]);
        Assert.Equal("DataVolume", (string?)after["metadata"]!["ownerReferences"]![0]!["kind"]);
    }

    [Theory, OnSandbox, OnRealApiServer]
    public async Task Claims_that_the_vm_or_a_restore_of_it_owns_are_kept(ClusterKind kind) // X5
    {
        await using var environment = await clusters.OnAsync(kind);
        var restores = await HasRestoresAsync(environment);
        var vm = await environment.HasVmAsync(DiskObjects.WithVolumes("web", "Halted", DiskObjects.Claim("root", "restored"), DiskObjects.Claim("data", "owned")));
        var restore = await environment.Cluster.Admin.CreateAsync(restores, new JsonObject
        {
            ["apiVersion"] = "snapshot.kubevirt.io/v1beta1",
            ["kind"] = "VirtualMachineRestore",
            ["metadata"] = new JsonObject { ["name"] = "yesterday", ["ownerReferences"] = new JsonArray(OwnerOf(vm)) },
        });
        await environment.HasClaimAsync("restored", "1Gi", new JsonArray(OwnerOf(restore)));
        await environment.HasClaimAsync("owned", "1Gi", new JsonArray(OwnerOf(vm)), new JsonObject { ["app.kubernetes.io/managed-by"] = "ovim-spoke-agent", ["ovim.io/vm"] = "web", ["tier"] = "db" });
        var agent = await environment.StartAgentAsync();

        var result = await environment.CompletesAsync(agent, "delete_vm", "web", ("keep_disks", true));

        Assert.Equal(["owned", "restored"], result["kept_disks"]!.AsArray().Select(name => (string)name!));
        // Until the collector has taken what the VM owned.
        await environment.Cluster.Admin.WaitForAsync(restores, "yesterday", item => item is null);
        foreach (var claim in (string[])["restored", "owned"]) IsNobodys((await environment.ClaimAsync(claim, found => found is not null))!);
        Assert.Equal("""{"tier":"db"}""", (await environment.ClaimAsync("owned", claim => claim is not null))!["metadata"]!["labels"]!.ToJsonString());
    }

    [Theory, OnRealApiServer]
    public async Task Disk_that_a_webhook_does_not_let_go_leaves_the_vm_alive_and_later_held(ClusterKind kind)
    {
        await using var environment = await clusters.OnAsync(kind);
        await environment.HasVmAsync(DiskObjects.WithTemplate("web", "Halted"));
        await IsFilledAsync(environment, "web-root");
        var agent = await environment.StartAgentAsync();
        await using (var webhook = await AdmissionWebhook.StartAsync(environment.Cluster.Admin, environment.Namespace))
        {
            webhook.Deny = request => request is { Operation: "UPDATE", Resource: "datavolumes" } ? 403 : null;

            var failure = await environment.FailsAsync(agent, "delete_vm", "web", ("keep_disks", true));

            Assert.Contains("VM " + environment.Namespace + "/web is not deleted, since a disk would go with it: DataVolume web-root cannot be released: ", failure, StringComparison.Ordinal);
            Assert.Contains("is denied", failure, StringComparison.Ordinal);
            var vm = await environment.Cluster.WaitForVmAsync(environment.Namespace, "web", found => found is not null);
            Assert.Null(vm!["metadata"]!["deletionTimestamp"]);
            Assert.DoesNotContain("ovim.io/keep-disks", vm["metadata"]!["finalizers"]!.ToJsonString(), StringComparison.Ordinal);
        }

        await environment.CompletesAsync(agent, "delete_vm", "web", ("keep_disks", true));

        IsNobodys((await environment.VolumeAsync("web-root", volume => volume is not null))!);
    }

    [Theory, OnSandbox, OnRealApiServer]
    public async Task Held_vm_says_what_holds_it_and_goes_with_its_disks_when_they_are_not_to_be_kept(ClusterKind kind)
    {
        await using var environment = await clusters.OnAsync(kind);
        var vm = DiskObjects.WithTemplate("web", "Halted");
        vm["metadata"]!["finalizers"] = new JsonArray("ovim.io/keep-disks", "example.com/held");
        await environment.HasVmAsync(vm);
        await IsFilledAsync(environment, "web-root");
        await environment.Cluster.Admin.DeleteAsync($"{TestClusterExtensions.VmsOf(environment.Namespace)}/web");
        var agent = await environment.StartAgentAsync();

        var id = environment.Queues(agent, "delete_vm", "web");
        await environment.Cluster.WaitForVmAsync(
            environment.Namespace, "web", found => !found!["metadata"]!["finalizers"]!.ToJsonString().Contains("ovim.io/", StringComparison.Ordinal));
        await environment.ChangesVmAsync("web", JsonNode.Parse("""{"metadata":{"finalizers":null}}""")!.AsObject());

        Assert.Equal("completed", (string?)(await environment.ResultOfAsync(id))["status"]);
        await environment.VolumeAsync("web-root", volume => volume is null);
    }

    private static Task<JsonObject?> IsFilledAsync(TestEnvironment environment, string name) =>
        environment.VolumeAsync(name, volume => (string?)volume?["status"]?["phase"] == "Succeeded");

    private static void IsNobodys(JsonObject disk)
    {
        Assert.Null(disk["metadata"]!["deletionTimestamp"]);
        Assert.True(disk["metadata"]!["ownerReferences"] is null or JsonArray { Count: 0 }, disk.ToJsonString());
    }

    private static JsonObject OwnerOf(JsonObject item) => new()
    {
        ["apiVersion"] = (string)item["apiVersion"]!,
        ["kind"] = (string)item["kind"]!,
        ["name"] = (string)item["metadata"]!["name"]!,
        ["uid"] = (string)item["metadata"]!["uid"]!,
        ["controller"] = true,
        ["blockOwnerDeletion"] = true,
    };

    // KubeVirt's kind, as far as it counts here.
    private static async Task<string> HasRestoresAsync(TestEnvironment environment)
    {
        var admin = environment.Cluster.Admin;
        const string Name = "virtualmachinerestores.snapshot.kubevirt.io";
        if (await admin.FindAsync($"{Crds}/{Name}") is null)
        {
            await admin.CreateAsync(Crds, JsonNode.Parse($$$"""
                {"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition","metadata":{"name":"{{{Name}}}"},
                 "spec":{"group":"snapshot.kubevirt.io","scope":"Namespaced",
                  "names":{"kind":"VirtualMachineRestore","listKind":"VirtualMachineRestoreList","plural":"virtualmachinerestores","singular":"virtualmachinerestore"},
                  "versions":[{"name":"v1beta1","served":true,"storage":true,"schema":{"openAPIV3Schema":{"type":"object"} }}]}}
                """)!.AsObject());
        }
        await admin.WaitForAsync(Crds, Name, crd => crd?["status"]?["conditions"]?.AsArray()
            .Any(condition => (string?)condition!["type"] == "Established" && (string?)condition["status"] == "True") is true);
        var restores = $"apis/snapshot.kubevirt.io/v1beta1/namespaces/{environment.Namespace}/virtualmachinerestores";
        using var tick = new PeriodicTimer(TimeSpan.FromMilliseconds(100));
        while (await admin.FindAsync(restores) is null) await tick.WaitForNextTickAsync();
        return restores;
    }
}
