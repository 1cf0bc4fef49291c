using System.Text.Json.Nodes;
using OvimSpokeAgent.EndToEnd.Tests.Harness;

namespace OvimSpokeAgent.EndToEnd.Tests.VirtualMachines;

/// <summary>Where a VM's disks come from: the server takes the objects, KubeVirt and CDI bring the VM up.</summary>
public sealed class VmSourceTests(Clusters clusters) : IClassFixture<Clusters>
{
    private const string DataVolumes = "apis/cdi.kubevirt.io/v1beta1";

    [Theory, OnSandbox, OnRealApiServer]
    public async Task Container_disk_without_a_size_is_ephemeral_and_the_result_says_so(ClusterKind kind)
    {
        await using var environment = await clusters.OnAsync(kind);
        var agent = await environment.StartAgentAsync();

        var result = await CreatesAsync(environment, agent, "web", ("image_url", "quay.io/containerdisks/fedora:41"));

        Assert.Contains("what the guest writes to it is lost", (string?)result["warnings"]![0], StringComparison.Ordinal);
        await environment.ReportsVmAsync(agent, "web", "running");
        Assert.Equal("quay.io/containerdisks/fedora:41", (string?)(await RootAsync(environment, "web"))["containerDisk"]!["image"]);
    }

    [Theory]
    [InlineData(ClusterKind.Sandbox, "quay.io/containerdisks/fedora:41", "registry", "docker://quay.io/containerdisks/fedora:41")]
    [InlineData(ClusterKind.Sandbox, "docker://reg:5000/x", "registry", "docker://reg:5000/x")]
    [InlineData(ClusterKind.Sandbox, "https://example.com/disk.qcow2", "http", "https://example.com/disk.qcow2")]
    public Task Image_with_a_size_is_imported_into_a_disk_that_stays(ClusterKind kind, string image, string source, string url) =>
        ImportsAsync(kind, image, source, url);

    [Theory, OnRealApiServer]
    public async Task Image_with_a_size_is_imported_by_objects_that_a_real_server_takes(ClusterKind kind)
    {
        await ImportsAsync(kind, "docker://reg:5000/x", "registry", "docker://reg:5000/x");
        await ImportsAsync(kind, "https://example.com/disk.qcow2", "http", "https://example.com/disk.qcow2");
    }

    private async Task ImportsAsync(ClusterKind kind, string image, string source, string url)
    {
        await using var environment = await clusters.OnAsync(kind);
        var agent = await environment.StartAgentAsync();

        var result = await CreatesAsync(
            environment, agent, "web", ("image_url", image), ("storage", 4), ("secret_name", "login"), ("access_mode", "ReadWriteOnce"));

        Assert.Null(result["warnings"]);
        await environment.ReportsVmAsync(agent, "web", "running");
        var volume = await VolumeOfAsync(environment, (string)(await RootAsync(environment, "web"))["dataVolume"]!["name"]!);
        Assert.Equal("Succeeded", (string?)volume["status"]!["phase"]);
        var spec = volume["spec"]!;
        Assert.Equal((url, "login"), ((string?)spec["source"]![source]!["url"], (string?)spec["source"]![source]!["secretRef"]));
        Assert.Equal("4Gi", (string?)spec["storage"]!["resources"]!["requests"]!["storage"]);
        Assert.Null(spec["pvc"]); // else CDI adds nothing for the file system
        Assert.Equal("web", (string?)volume["metadata"]!["labels"]!["ovim.io/vm"]);
        Assert.Equal("ovim-spoke-agent", (string?)volume["metadata"]!["labels"]!["app.kubernetes.io/managed-by"]);
        Assert.NotNull(volume["metadata"]!["annotations"]!["ovim.io/created-by"]);
    }

    [Theory, OnSandbox, OnRealApiServer]
    public async Task Blank_disks_stand_beside_the_root_disk(ClusterKind kind)
    {
        await using var environment = await clusters.OnAsync(kind);
        var agent = await environment.StartAgentAsync();

        await CreatesAsync(
            environment, agent, "web", ("image_url", "quay.io/disk:1"), ("storage", 4),
            ("disks", JsonNode.Parse("""[{"name":"data","size":2,"blank":true,"boot_order":2},{"name":"logs","size":"1Gi","blank":true}]""")!));

        await environment.ReportsVmAsync(agent, "web", "running");
        var spec = (await environment.Cluster.FindVmAsync(environment.Namespace, "web"))!["spec"]!["template"]!["spec"]!;
        Assert.Equal(
            [("root", 3), ("data", 2), ("logs", null)],
            spec["domain"]!["devices"]!["disks"]!.AsArray().Select(disk => ((string?)disk!["name"], (int?)disk["bootOrder"])));
        foreach (var (index, size) in ((int, string)[])[(1, "2Gi"), (2, "1Gi")])
        {
            var volume = await VolumeOfAsync(environment, (string)spec["volumes"]![index]!["dataVolume"]!["name"]!);
            Assert.NotNull(volume["spec"]!["source"]!["blank"]);
            Assert.Equal(size, (string?)volume["spec"]!["storage"]!["resources"]!["requests"]!["storage"]);
        }
    }

    [Theory, OnSandbox, OnRealApiServer]
    public async Task Disk_that_is_there_is_used_as_it_is_and_copied_where_a_size_is_given(ClusterKind kind)
    {
        await using var environment = await clusters.OnAsync(kind);
        await environment.Cluster.Admin.HasClaimAsync(environment.Namespace, "golden");
        var agent = await environment.StartAgentAsync();

        await CreatesAsync(environment, agent, "same", ("image_url", "pvc:golden"));
        await CreatesAsync(environment, agent, "copy", ("image_url", "pvc:golden"), ("storage", 2));

        foreach (var vm in (string[])["same", "copy"]) await environment.ReportsVmAsync(agent, vm, "running");
        Assert.Equal("golden", (string?)(await RootAsync(environment, "same"))["persistentVolumeClaim"]!["claimName"]);
        var copy = await VolumeOfAsync(environment, (string)(await RootAsync(environment, "copy"))["dataVolume"]!["name"]!);
        Assert.Equal(
            (environment.Namespace, "golden"),
            ((string?)copy["spec"]!["source"]!["pvc"]!["namespace"], (string?)copy["spec"]!["source"]!["pvc"]!["name"]));
    }

    [Theory, OnSandbox, OnRealApiServer]
    public async Task Disk_of_another_namespace_is_cloned_once_its_owner_lets_this_namespace_do_so(ClusterKind kind)
    {
        await using var environment = await clusters.OnAsync(kind);
        var admin = environment.Cluster.Admin;
        var golden = await environment.HasAnotherNamespaceAsync();
        await admin.HasClaimAsync(golden, "fedora");
        var agent = await environment.StartAgentAsync();
        (string, JsonNode)[] source = [("image_url", $"pvc:{golden}/fedora")];

        var error = await environment.FailsAsync(agent, "create_vm", "web", [.. source, ("cpu", 1), ("memory", "1Gi")]);

        Assert.Contains(
            $"User system:serviceaccount:{environment.Namespace}:default has insufficient permissions in clone source namespace {golden}",
            error,
            StringComparison.Ordinal);
        Assert.Null(await environment.Cluster.FindVmAsync(environment.Namespace, "web"));

        await LetsCloneAsync(admin, golden, environment.Namespace);
        await CreatesAsync(environment, agent, "web", ("image_url", $"pvc:{golden}/fedora"));
        await environment.ReportsVmAsync(agent, "web", "running");
    }

    // The owner of the disk has taken the right back: KubeVirt says it, on a VM that is there.
    [Fact]
    public async Task Clone_that_kubevirt_refuses_is_an_error_with_its_reason()
    {
        await using var cluster = await SandboxTestCluster.StartAsync();
        await using var environment = await TestEnvironment.StartAsync(cluster, ownsCluster: false);
        var golden = await environment.HasAnotherNamespaceAsync();
        await cluster.Admin.HasClaimAsync(golden, "fedora");
        var agent = await environment.StartAgentAsync();
        cluster.Api.Access.Deny(new() { Verb = "create", Resource = "subjectaccessreviews", User = $"system:serviceaccount:{environment.AgentNamespace}:ovim-spoke-agent" });

        await CreatesAsync(environment, agent, "web", ("image_url", $"pvc:{golden}/fedora"));

        var message = (string?)(await environment.ReportsVmAsync(agent, "web", "error"))!["message"];
        Assert.Contains($"has insufficient permissions in clone source namespace {golden}", message, StringComparison.Ordinal);
    }

    [Theory, OnSandbox, OnRealApiServer]
    public async Task Disk_under_import_is_waited_for(ClusterKind kind)
    {
        await using var environment = await clusters.OnAsync(kind);
        await environment.Cluster.Admin.CreateAsync(
            $"{DataVolumes}/namespaces/{environment.Namespace}/datavolumes",
            JsonNode.Parse("""
                {"apiVersion":"cdi.kubevirt.io/v1beta1","kind":"DataVolume","metadata":{"name":"importing"},
                "spec":{"source":{"http":{"url":"https://example.com/x"}},"storage":{"resources":{"requests":{"storage":"1Gi"}}}}}
                """)!.AsObject());
        var agent = await environment.StartAgentAsync();

        await CreatesAsync(environment, agent, "web", ("image_url", "pvc:importing"));

        Assert.Equal("importing", (string?)(await RootAsync(environment, "web"))["dataVolume"]!["name"]);
        await environment.ReportsVmAsync(agent, "web", "running");
    }

    [Theory, OnSandbox, OnRealApiServer]
    public async Task Disk_that_is_not_there_makes_no_vm_and_is_named(ClusterKind kind)
    {
        await using var environment = await clusters.OnAsync(kind);
        var agent = await environment.StartAgentAsync();

        var error = await environment.FailsAsync(
            agent, "create_vm", "web", ("image_url", "quay.io/disk:1"), ("cpu", 1), ("memory", "1Gi"),
            ("disks", JsonNode.Parse("""[{"name":"data","image_url":"pvc:missing"}]""")!));

        Assert.Equal(
            $"disks[0].image_url: disk \"data\" names {environment.Namespace}/missing, but there is no such PersistentVolumeClaim or DataVolume",
            error);
        Assert.Null(await environment.Cluster.FindVmAsync(environment.Namespace, "web"));
    }

    [Theory, OnSandbox, OnRealApiServer]
    public async Task Two_vms_of_one_image_have_disks_of_their_own_also_one_after_the_other(ClusterKind kind)
    {
        await using var environment = await clusters.OnAsync(kind);
        var agent = await environment.StartAgentAsync();
        var names = new HashSet<string>();

        foreach (var vm in (string[])["web", "web", "a.very-long-name.of-a.vm-that.fills-all.63-characters-of-it.123"])
        {
            await CreatesAsync(environment, agent, vm, ("image_url", "quay.io/disk:1"), ("storage", 1));
            await environment.ReportsVmAsync(agent, vm, "running");
            Assert.True(names.Add((string)(await RootAsync(environment, vm))["dataVolume"]!["name"]!));
            await environment.CompletesAsync(agent, "delete_vm", vm);
        }
    }

    // What imports need while they go on counts, too.
    [Theory, OnSandbox, OnRealApiServer]
    public async Task Import_that_does_not_fit_the_storage_of_its_vdc_is_refused_with_the_figures(ClusterKind kind)
    {
        await using var environment = await clusters.OnAsync(kind);
        var agent = await environment.StartAgentAsync();
        var id = environment.Hub.Queue(
            agent.Id,
            "create_resource_quota",
            new JsonObject { ["namespace"] = environment.Namespace, ["quota"] = new JsonObject { ["storage"] = 11 } },
            id: $"op-{Guid.NewGuid():N}");
        Assert.Equal("completed", (string?)(await environment.ResultOfAsync(id))["status"]);

        Assert.Equal(
            "quota.storage: asked 6.383Gi and, while its disks are filled, 6.383Gi more, used 0, allowed 11Gi",
            await environment.FailsAsync(
                agent, "create_vm", "web", ("image_url", "https://example.com/x"), ("storage", 6), ("cpu", 1), ("memory", "1Gi")));
        await CreatesAsync(environment, agent, "web", ("image_url", "https://example.com/x"), ("storage", 5));
        await environment.ReportsVmAsync(agent, "web", "running");
        Assert.StartsWith(
            "quota.storage: asked 6.383Gi, used 5Gi, allowed 11Gi",
            await environment.FailsAsync(
                agent, "create_vm", "more", ("image_url", "quay.io/disk:1"), ("cpu", 1), ("memory", "1Gi"),
                ("disks", JsonNode.Parse("""[{"name":"data","size":6,"blank":true}]""")!)),
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task Import_that_fails_is_an_error()
    {
        await using var cluster = await SandboxTestCluster.StartAsync();
        await using var environment = await TestEnvironment.StartAsync(cluster, ownsCluster: false);
        var agent = await environment.StartAgentAsync();
        cluster.KubeVirt!.SetFault(environment.Namespace, "web", KubernetesSandbox.KubeVirt.KubeVirtFault.DataVolume);

        await CreatesAsync(environment, agent, "web", ("image_url", "https://example.com/x"), ("storage", 1));

        await environment.ReportsVmAsync(agent, "web", "error");
    }

    internal static Task<JsonObject> CreatesAsync(
        TestEnvironment environment, TestAgent agent, string vm, params (string Field, JsonNode Value)[] fields) =>
        environment.CompletesAsync(agent, "create_vm", vm, [.. fields, ("cpu", 1), ("memory", "1Gi")]);

    private static async Task<JsonNode> RootAsync(TestEnvironment environment, string vm) =>
        (await environment.Cluster.FindVmAsync(environment.Namespace, vm))!["spec"]!["template"]!["spec"]!["volumes"]![0]!;

    private static Task<JsonObject> VolumeOfAsync(TestEnvironment environment, string name) =>
        environment.Cluster.Admin.GetAsync($"{DataVolumes}/namespaces/{environment.Namespace}/datavolumes/{name}");

    private static async Task LetsCloneAsync(JsonApi admin, string source, string target)
    {
        const string Rbac = "apis/rbac.authorization.k8s.io/v1/namespaces";
        await admin.CreateAsync($"{Rbac}/{source}/roles", JsonNode.Parse("""
            {"apiVersion":"rbac.authorization.k8s.io/v1","kind":"Role","metadata":{"name":"cloner"},
            "rules":[{"apiGroups":["cdi.kubevirt.io"],"resources":["datavolumes/source"],"verbs":["create"]}]}
            """)!.AsObject());
        await admin.CreateAsync($"{Rbac}/{source}/rolebindings", JsonNode.Parse($$"""
            {"apiVersion":"rbac.authorization.k8s.io/v1","kind":"RoleBinding","metadata":{"name":"cloner"},
            "roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"Role","name":"cloner"},
            "subjects":[{"kind":"ServiceAccount","name":"default","namespace":"{{target}}"}]}
            """)!.AsObject());
        // The authorizer hears of it a moment later.
        using var limit = new CancellationTokenSource(JsonApi.Patience);
        while (true)
        {
            limit.Token.ThrowIfCancellationRequested();
            var review = await admin.CreateAsync("apis/authorization.k8s.io/v1/subjectaccessreviews", JsonNode.Parse($$"""
                {"apiVersion":"authorization.k8s.io/v1","kind":"SubjectAccessReview","spec":{"user":"system:serviceaccount:{{target}}:default",
                "resourceAttributes":{"verb":"create","group":"cdi.kubevirt.io","resource":"datavolumes","subresource":"source","namespace":"{{source}}"} } }
                """)!.AsObject());
            if ((bool)review["status"]!["allowed"]!) return;
        }
    }
}
