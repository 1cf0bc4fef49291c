using System.Text;
using System.Text.Json.Nodes;
using OvimSpokeAgent.EndToEnd.Tests.Harness;

namespace OvimSpokeAgent.EndToEnd.Tests.Templates;

/// <summary>What the cluster itself says of templates: what it can do, and those that it has of its own.</summary>
public sealed class ClusterTemplateTests(Clusters clusters) : IClassFixture<Clusters>
{
    private static readonly (string, string) Often = ("OVIM_TEMPLATE_SYNC_INTERVAL", "500ms");

    [Theory, OnSandbox, OnRealApiServer]
    public async Task Access_mode_that_the_class_cannot_is_told_to_the_hub_until_it_can(ClusterKind kind)
    {
        await using var environment = await clusters.OnAsync(kind);
        var admin = environment.Cluster.Admin;
        var storageClass = $"single-{environment.Namespace}";
        await admin.HasKindAsync("cdi.kubevirt.io", "v1beta1", "storageprofiles", "StorageProfile", "Cluster");
        await admin.CreateAsync("apis/storage.k8s.io/v1/storageclasses", new JsonObject
        {
            ["apiVersion"] = "storage.k8s.io/v1",
            ["kind"] = "StorageClass",
            ["metadata"] = new JsonObject { ["name"] = storageClass },
            ["provisioner"] = "example.com/none",
        });
        await admin.CreateAsync("apis/cdi.kubevirt.io/v1beta1/storageprofiles", Profile(storageClass, "ReadWriteOnce"));
        var agent = await environment.StartAgentAsync(Often);
        var reason = $"access_mode: disks of the StorageClass \"{storageClass}\" cannot be \"ReadWriteMany\", only ReadWriteOnce (CDI's StorageProfile)";

        var result = await SyncsAsync(environment, agent, new JsonObject
        {
            ["name"] = "shared",
            ["image_url"] = "quay.io/containerdisks/fedora:latest",
            ["cpu"] = 1,
            ["memory"] = "1Gi",
            ["storage"] = "5Gi",
            ["storage_class"] = storageClass,
            ["access_mode"] = "ReadWriteMany",
        });

        Assert.Equal(reason, (string?)result["unusable"]!.AsArray().Single()!["reason"]);
        await environment.ReportsAsync(agent, report => (string?)report["unusable_templates"]?.AsArray().Single()!["reason"] == reason);
        Assert.Equal($"template shared: {reason}", await environment.FailsAsync(agent, "create_vm", "web", ("template_name", "shared")));
        await admin.MergeAsync($"apis/cdi.kubevirt.io/v1beta1/storageprofiles/{storageClass}", Profile(storageClass, "ReadWriteMany"));
        await environment.ReportsAsync(agent, report => report["unusable_templates"] is null);
        await environment.CompletesAsync(agent, "create_vm", "web", ("template_name", "shared"));
    }

    [Fact]
    public async Task What_kubevirt_cannot_in_its_version_is_told_until_it_is_updated()
    {
        await using var environment = await clusters.OnAsync(ClusterKind.Sandbox);
        var admin = environment.Cluster.Admin;
        var kubeVirt = (await admin.GetAsync("apis/kubevirt.io/v1/kubevirts"))["items"]!.AsArray().Single()!["metadata"]!;
        var status = $"apis/kubevirt.io/v1/namespaces/{(string)kubeVirt["namespace"]!}/kubevirts/{(string)kubeVirt["name"]!}/status";
        await admin.MergeAsync(status, Version("v1.0.2"));
        var agent = await environment.StartAgentAsync(Often);

        var result = await SyncsAsync(environment, agent, new JsonObject
        {
            ["name"] = "keys",
            ["image_url"] = "quay.io/containerdisks/fedora:latest",
            ["cpu"] = 1,
            ["memory"] = "1Gi",
            ["ssh_keys"] = new JsonArray("ssh-ed25519 AAAA me"),
        });

        Assert.StartsWith(
            "ssh_keys: KubeVirt v1.0.2 gives keys on a config drive alone", (string?)result["unusable"]!.AsArray().Single()!["reason"], StringComparison.Ordinal);
        await admin.MergeAsync(status, Version("v1.9.0"));
        await environment.CompletesAsync(agent, "create_vm", "web", ("template_name", "keys"));

        static JsonObject Version(string version) => new() { ["status"] = new JsonObject { ["observedKubeVirtVersion"] = version } };
    }

    [Theory, OnSandbox, OnRealApiServer]
    public async Task Template_of_openshifts_catalogue_makes_vms_each_with_values_of_its_own(ClusterKind kind)
    {
        await using var environment = await clusters.OnAsync(kind);
        var (admin, ns) = (environment.Cluster.Admin, environment.Namespace);
        await admin.HasOpenShiftCatalogueAsync();
        var name = $"fedora-{ns}";
        await admin.CreateAsync("apis/template.openshift.io/v1/namespaces/openshift/templates", Template(name));
        var agent = await environment.StartAgentAsync(Often);

        await ListsAsync(environment, agent, one => (string?)one["name"] == name && (string?)one["source"] == "openshift" && (bool)one["read_only"]!
            && one["parameters"]!.AsArray().Select(parameter => (string?)parameter).SequenceEqual(["SIZE"]));
        Assert.Equal(
            $"template {name}: parameters.SIZE: missing, expected a value", await environment.FailsAsync(agent, "create_vm", "web", ("template_name", name)));
        var used = (await environment.CompletesAsync(
            agent, "create_vm", "web", ("template_name", name), ("memory", "3Gi"), ("parameters", new JsonObject { ["SIZE"] = 2 })))["used"]!;
        await environment.CompletesAsync(agent, "create_vm", "other", ("template_name", name), ("parameters", new JsonObject { ["SIZE"] = "4" }));

        var (web, other) = (await environment.Cluster.FindVmAsync(ns, "web"), await environment.Cluster.FindVmAsync(ns, "other"));
        Assert.Equal((name, "3Gi", 2), ((string?)used["template_name"], (string?)used["memory"], (int)used["cpu"]!));
        var spec = web!["spec"]!["template"]!["spec"]!;
        Assert.Equal("host-model", (string?)spec["domain"]!["cpu"]!["model"]);
        Assert.Equal((2, 4), ((int)spec["domain"]!["cpu"]!["sockets"]!, (int)other!["spec"]!["template"]!["spec"]!["domain"]!["cpu"]!["sockets"]!));
        Assert.Equal("web", (string?)web["metadata"]!["labels"]!["app"]);
        Assert.Equal(name, (string?)web["metadata"]!["labels"]!["ovim.io/template"]);
        var (one, two) = (await UserDataAsync(admin, ns, web), await UserDataAsync(admin, ns, other));
        Assert.Matches("^#cloud-config\npassword: [a-z0-9]{12}\n$", one);
        Assert.NotEqual(one, two);
        Assert.DoesNotContain(one[24..36], web.ToJsonString(), StringComparison.Ordinal);

        await SyncsAsync(environment, agent, new JsonObject { ["name"] = name, ["image_url"] = "quay.io/hub/own:1", ["cpu"] = 1, ["memory"] = "1Gi" });
        Assert.Equal("quay.io/hub/own:1", (string?)(await environment.CompletesAsync(agent, "create_vm", "hubs", ("template_name", name)))["used"]!["image_url"]);
        await environment.CompletesAsync(agent, "create_vm", "clusters", ("template_name", $"openshift/{name}"), ("parameters", new JsonObject { ["SIZE"] = 1 }));
    }

    [Theory, OnSandbox, OnRealApiServer]
    public async Task Instancetype_and_preference_of_the_cluster_make_a_vm(ClusterKind kind)
    {
        await using var environment = await clusters.OnAsync(kind);
        var (admin, ns) = (environment.Cluster.Admin, environment.Namespace);
        var (type, preference) = ($"u1.{ns}", $"linux.{ns}");
        await admin.CreateAsync("apis/instancetype.kubevirt.io/v1beta1/virtualmachineclusterinstancetypes", new JsonObject
        {
            ["apiVersion"] = "instancetype.kubevirt.io/v1beta1",
            ["kind"] = "VirtualMachineClusterInstancetype",
            ["metadata"] = new JsonObject { ["name"] = type },
            ["spec"] = new JsonObject { ["cpu"] = new JsonObject { ["guest"] = 2 }, ["memory"] = new JsonObject { ["guest"] = "2Gi" } },
        });
        await admin.CreateAsync("apis/instancetype.kubevirt.io/v1beta1/virtualmachineclusterpreferences", new JsonObject
        {
            ["apiVersion"] = "instancetype.kubevirt.io/v1beta1",
            ["kind"] = "VirtualMachineClusterPreference",
            ["metadata"] = new JsonObject { ["name"] = preference },
            ["spec"] = new JsonObject(),
        });
        var agent = await environment.StartAgentAsync(Often);

        await ListsAsync(environment, agent, one => (string?)one["name"] == type && (string?)one["source"] == "instancetype");
        await ListsAsync(environment, agent, one => (string?)one["name"] == preference && (string?)one["source"] == "preference");
        await environment.CompletesAsync(
            agent, "create_vm", "web", ("template_name", $"{type}+{preference}"), ("image_url", "quay.io/containerdisks/fedora:latest"));

        var vm = await environment.Cluster.FindVmAsync(ns, "web");
        Assert.Equal((type, preference), ((string?)vm!["spec"]!["instancetype"]!["name"], (string?)vm["spec"]!["preference"]!["name"]));
        Assert.Equal($"{type}_{preference}", (string?)vm["metadata"]!["labels"]!["ovim.io/template"]);
        Assert.Contains("image_url: missing", await environment.FailsAsync(agent, "create_vm", "bare", ("template_name", type)), StringComparison.Ordinal);
    }

    private static async Task ListsAsync(TestEnvironment environment, TestAgent agent, Func<JsonObject, bool> isAsWanted)
    {
        using var limit = new CancellationTokenSource(JsonApi.Patience);
        while (true)
        {
            var listing = await environment.CompletesAsync(agent, "list_templates", "any");
            if (listing["templates"]!.AsArray().Any(one => isAsWanted(one!.AsObject()))) return;
            Assert.False(limit.IsCancellationRequested, listing.ToJsonString());
        }
    }

    private static async Task<string> UserDataAsync(JsonApi admin, string ns, JsonObject vm)
    {
        var secret = (string)vm["spec"]!["template"]!["spec"]!["volumes"]!.AsArray()
            .Single(volume => volume!["cloudInitNoCloud"] is not null)!["cloudInitNoCloud"]!["secretRef"]!["name"]!;
        return Encoding.UTF8.GetString(Convert.FromBase64String((string)(await admin.GetAsync($"api/v1/namespaces/{ns}/secrets/{secret}"))["data"]!["userdata"]!));
    }

    private static JsonObject Profile(string storageClass, string mode) => new()
    {
        ["apiVersion"] = "cdi.kubevirt.io/v1beta1",
        ["kind"] = "StorageProfile",
        ["metadata"] = new JsonObject { ["name"] = storageClass },
        ["status"] = new JsonObject { ["claimPropertySets"] = new JsonArray(new JsonObject { ["accessModes"] = new JsonArray(mode) }) },
    };

    private static JsonObject Template(string name) => JsonNode.Parse("""
        {
          "apiVersion": "template.openshift.io/v1", "kind": "Template", "metadata": {"name": "OWN_NAME", "namespace": "openshift"},
          "parameters": [
            {"name": "NAME", "required": true}, {"name": "SIZE", "required": true},
            {"name": "CLOUD_USER_PASSWORD", "generate": "expression", "from": "[a-z0-9]{12}"}
          ],
          "objects": [{
            "apiVersion": "kubevirt.io/v1", "kind": "VirtualMachine", "metadata": {"name": "${NAME}", "labels": {"app": "${NAME}"}},
            "spec": {"runStrategy": "Always", "template": {"spec": {
              "domain": {
                "cpu": {"cores": "${{SIZE}}", "model": "host-model"}, "memory": {"guest": "1Gi"},
                "devices": {"rng": {}, "disks": [{"name": "os", "disk": {"bus": "virtio"}}, {"name": "init", "disk": {"bus": "virtio"}}],
                            "interfaces": [{"name": "default", "masquerade": {}}]}
              },
              "networks": [{"name": "default", "pod": {}}],
              "volumes": [
                {"name": "os", "containerDisk": {"image": "quay.io/containerdisks/fedora:latest"}},
                {"name": "init", "cloudInitNoCloud": {"userData": "#cloud-config\npassword: ${CLOUD_USER_PASSWORD}\n"}}
              ]
            }}}
          }]
        }
        """.Replace("OWN_NAME", name, StringComparison.Ordinal))!.AsObject();

    private static async Task<JsonObject> SyncsAsync(TestEnvironment environment, TestAgent agent, params JsonObject[] templates)
    {
        var id = environment.Hub.Queue(
            agent.Id, "sync_templates", new JsonObject { ["templates"] = new JsonArray([.. templates]) }, $"op-{Guid.NewGuid():N}");
        var result = await environment.ResultOfAsync(id);
        Assert.True((string?)result["status"] == "completed", result.ToJsonString());
        return result["result"]!.AsObject();
    }
}
