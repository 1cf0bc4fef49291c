using System.Text.Json.Nodes;
using OvimSpokeAgent.EndToEnd.Tests.Harness;

namespace OvimSpokeAgent.EndToEnd.Tests.VirtualDataCenters;

/// <summary>VDCs made, changed and deleted through the hub, against the API server's own admission and controllers.</summary>
public sealed class VdcLifecycleTests(Clusters clusters) : IClassFixture<Clusters>
{
    private const string Whole = """
        {"zone_id":"zone-7","display_name":"Development","quota":{"cpu":4,"memory":8,"storage":100,"vms":3},
        "limit_range":{"min_cpu":1,"max_cpu":2,"min_memory":1,"max_memory":4},"network_policy":"isolated","admin_groups":["acme-admins"],
        "labels":{"tier":"dev"},"annotations":{"example.com/owner":"alice"}}
        """;

    [Theory, OnSandbox, OnRealApiServer]
    public async Task Created_vdc_is_five_objects_as_declared(ClusterKind kind)
    {
        await using var world = await VdcWorld.OpenAsync(clusters, kind);
        var vdc = world.NewVdc();

        var result = await world.CompletesAsync("create_vdc", vdc, Whole);

        Assert.Equal((vdc, "Active"), ((string?)result["namespace"], (string?)result["status"]));
        var metadata = (await world.Admin.GetAsync($"api/v1/namespaces/{vdc}"))["metadata"]!;
        var labels = metadata["labels"]!;
        Assert.Equal(
            (vdc, "acme", "zone-7", "ovim-spoke-agent", "baseline", "restricted", "dev"),
            ((string?)labels["ovim.io/vdc"], (string?)labels["ovim.io/organization"], (string?)labels["ovim.io/zone-id"],
                (string?)labels["app.kubernetes.io/managed-by"], (string?)labels["pod-security.kubernetes.io/enforce"],
                (string?)labels["pod-security.kubernetes.io/warn"], (string?)labels["tier"]));
        Assert.Equal("alice", (string?)metadata["annotations"]!["example.com/owner"]);
        var hard = (await world.GetAsync(vdc, VdcWorld.Quotas, "vdc-quota"))["spec"]!["hard"]!;
        Assert.Equal(
            ("4", "8Gi", "100Gi", "3"),
            ((string?)hard["requests.cpu"], (string?)hard["requests.memory"], (string?)hard["requests.storage"],
                (string?)hard["count/virtualmachines.kubevirt.io"]));
        var limit = (await world.GetAsync(vdc, VdcWorld.Limits, "vdc-limits"))["spec"]!["limits"]![0]!;
        Assert.Equal(("Container", "4"), ((string?)limit["type"], (string?)limit["max"]!["cpu"]));
        Assert.Contains("vdc-isolation-policy", await world.NamesAsync(vdc, VdcWorld.Policies));
        var binding = await world.GetAsync(vdc, VdcWorld.Bindings, "vdc-admin-acme-admins");
        Assert.Equal(("ovim:vdc-admin", "acme-admins"), ((string?)binding["roleRef"]!["name"], (string?)binding["subjects"]![0]!["name"]));
    }

    [Theory, OnRealApiServer]
    public async Task Pod_over_quota_is_refused_by_the_server_and_one_without_requests_is_not(ClusterKind kind)
    {
        await using var world = await VdcWorld.OpenAsync(clusters, kind);
        var vdc = world.NewVdc();
        await world.CompletesAsync("create_vdc", vdc, """{"quota":{"cpu":2,"memory":4}}""");
        await world.WaitForAsync(vdc, VdcWorld.Quotas, "vdc-quota", quota => quota?["status"]?["hard"]?["requests.cpu"] is not null);
        await world.WaitForAsync(vdc, "serviceaccounts", "default", account => account is not null);

        var refused = await Assert.ThrowsAsync<InvalidOperationException>(() => world.Admin.CreateAsync(
            VdcWorld.Collection(vdc, "pods"), VdcWorld.Pod("big", """{"requests":{"cpu":"2500m","memory":"1Gi"}}""")));
        var small = await world.Admin.CreateAsync(VdcWorld.Collection(vdc, "pods"), VdcWorld.Pod("small", "{}"));

        Assert.Contains("exceeded quota: vdc-quota", refused.Message, StringComparison.Ordinal);
        Assert.Equal("10m", (string?)small["spec"]!["containers"]![0]!["resources"]!["requests"]!["cpu"]);
    }

    [Theory, OnSandbox, OnRealApiServer]
    public async Task Update_changes_the_objects_in_place_and_leaves_the_rest(ClusterKind kind)
    {
        await using var world = await VdcWorld.OpenAsync(clusters, kind);
        var vdc = world.NewVdc();
        await world.CompletesAsync("create_vdc", vdc, Whole);
        var before = await world.GetAsync(vdc, VdcWorld.Quotas, "vdc-quota");

        await world.CompletesAsync(
            "update_vdc",
            vdc,
            """
            {"quota":{"cpu":6,"vms":null},"limit_range":null,"network_policy":"custom",
            "custom_network_config":{"deny_all_egress":true},"admin_groups":["ops"],"labels":{"tier":null,"team":"x"}}
            """);

        var after = await world.GetAsync(vdc, VdcWorld.Quotas, "vdc-quota");
        Assert.Equal((string?)before["metadata"]!["uid"], (string?)after["metadata"]!["uid"]);
        Assert.Equal(("6", "8Gi"), ((string?)after["spec"]!["hard"]!["requests.cpu"], (string?)after["spec"]!["hard"]!["requests.memory"]));
        Assert.Null(after["spec"]!["hard"]!["count/virtualmachines.kubevirt.io"]);
        Assert.Equal(["vdc-custom-policy"], await world.NamesAsync(vdc, VdcWorld.Policies));
        Assert.Equal(["vdc-admin-ops"], await world.NamesAsync(vdc, VdcWorld.Bindings));
        var labels = (await world.Admin.GetAsync($"api/v1/namespaces/{vdc}"))["metadata"]!["labels"]!;
        Assert.Equal((null, "x", "acme"), ((string?)labels["tier"], (string?)labels["team"], (string?)labels["ovim.io/organization"]));
    }

    [Theory, OnSandbox, OnRealApiServer]
    public async Task Creating_the_same_again_is_fine_and_another_of_the_name_a_conflict(ClusterKind kind)
    {
        await using var world = await VdcWorld.OpenAsync(clusters, kind);
        var vdc = world.NewVdc();
        await world.CompletesAsync("create_vdc", vdc, Whole);

        await world.CompletesAsync("create_vdc", vdc, Whole);
        var other = await world.FailsAsync("create_vdc", vdc, """{"vdc_name":"other"}""");
        var changed = await world.FailsAsync("create_vdc", vdc, """{"quota":{"cpu":40}}""");

        Assert.Contains($"is the VDC \"{vdc}\"", other, StringComparison.Ordinal);
        Assert.Contains("update_vdc", changed, StringComparison.Ordinal);
        Assert.Equal("4", (string?)(await world.GetAsync(vdc, VdcWorld.Quotas, "vdc-quota"))["spec"]!["hard"]!["requests.cpu"]);
    }

    [Theory, OnSandbox, OnRealApiServer]
    public async Task What_is_not_the_agents_is_left_alone(ClusterKind kind)
    {
        await using var world = await VdcWorld.OpenAsync(clusters, kind);
        var foreign = world.NewVdc("foreign");
        await world.Admin.CreateAsync("api/v1/namespaces", Namespace(foreign));
        var optedIn = world.Environment.Namespace;

        foreach (var ns in (string[])[foreign, optedIn])
        {
            foreach (var type in (string[])["create_vdc", "update_vdc", "delete_vdc"])
            {
                var error = await world.FailsAsync(type, ns, """{"cascade":true,"quota":{"cpu":1}}""");
                Assert.Contains("not made by this agent", error, StringComparison.Ordinal);
            }
        }
        var protectedNames = (string[])["default", "kube-system", "openshift-x", "cdi", "kubevirt", world.Environment.AgentNamespace];
        foreach (var ns in protectedNames)
            Assert.StartsWith("target_namespace:", await world.FailsAsync("create_vdc", ns), StringComparison.Ordinal);

        Assert.Null((await world.Admin.GetAsync($"api/v1/namespaces/{foreign}"))["metadata"]!["labels"]?["ovim.io/vdc"]);
        Assert.Empty(await world.NamesAsync(optedIn, VdcWorld.Quotas));
    }

    [Theory, OnSandbox, OnRealApiServer]
    public async Task Quota_and_limits_can_be_declared_for_a_namespace_of_someone_else(ClusterKind kind)
    {
        await using var world = await VdcWorld.OpenAsync(clusters, kind);
        var ns = world.Environment.Namespace;

        await world.CompletesAsync("create_resource_quota", ns, $$$"""{"namespace":"{{{ns}}}","quota":{"cpu":2}}""");
        await world.CompletesAsync("create_limit_range", ns, $$$"""{"namespace":"{{{ns}}}","limit_range":{"maxCpu":1000}}""");

        Assert.Equal("2", (string?)(await world.GetAsync(ns, VdcWorld.Quotas, "vdc-quota"))["spec"]!["hard"]!["requests.cpu"]);
        Assert.Equal(["vdc-limits"], await world.NamesAsync(ns, VdcWorld.Limits));
        Assert.Contains("limit_range.max_cpu is 1", await world.CreatesVmAsync(ns, "large", 2, "1Gi"), StringComparison.Ordinal);
        Assert.Null(await world.CreatesVmAsync(ns, "small", 1, "1Gi"));
    }

    [Theory, OnSandbox, OnRealApiServer]
    public async Task Deletion_ends_with_the_namespace_gone(ClusterKind kind)
    {
        await using var world = await VdcWorld.OpenAsync(clusters, kind);
        var vdc = world.NewVdc();
        await world.CompletesAsync("create_vdc", vdc, Whole);
        Assert.Null(await world.CreatesVmAsync(vdc, "web", 1, "1Gi"));

        var refused = await world.FailsAsync("delete_vdc", vdc);
        var result = await world.CompletesAsync("delete_vdc", vdc, """{"cascade":true}""");
        var again = await world.CompletesAsync("delete_vdc", vdc, """{"cascade":true}""");

        Assert.Contains("1 VMs (web)", refused, StringComparison.Ordinal);
        Assert.Equal(("deleted", "deleted"), ((string?)result["status"], (string?)again["status"]));
        Assert.Null(await world.Admin.FindAsync($"api/v1/namespaces/{vdc}"));
    }

    [Theory, OnSandbox, OnRealApiServer]
    public async Task Deletion_that_a_finalizer_blocks_is_named_and_completes_after_it_goes(ClusterKind kind)
    {
        await using var world = await VdcWorld.OpenAsync(clusters, kind);
        var vdc = world.NewVdc();
        await world.CompletesAsync("create_vdc", vdc);
        var held = new JsonObject
        {
            ["apiVersion"] = "v1",
            ["kind"] = "ConfigMap",
            ["metadata"] = new JsonObject { ["name"] = "held", ["finalizers"] = new JsonArray("example.com/hold") },
        };
        await world.Admin.CreateAsync(VdcWorld.Collection(vdc, "configmaps"), held);

        var error = await world.FailsAsync("delete_vdc", vdc, """{"cascade":true}""", timeoutSeconds: 15);
        await world.ReportsVdcAsync(vdc, status => (string?)status["status"] == "Terminating");
        await world.Admin.MergeAsync(
            $"{VdcWorld.Collection(vdc, "configmaps")}/held",
            new JsonObject { ["metadata"] = new JsonObject { ["finalizers"] = null } });
        await world.WaitForNamespaceAsync(vdc, ns => ns is null);
        var result = await world.CompletesAsync("delete_vdc", vdc, """{"cascade":true}""");

        Assert.Contains("example.com/hold", error, StringComparison.Ordinal);
        Assert.Contains("the deletion goes on", error, StringComparison.Ordinal);
        Assert.Equal("deleted", (string?)result["status"]);
    }

    [Theory, OnSandbox, OnRealApiServer]
    public async Task Vm_that_does_not_go_is_named_with_its_finalizer(ClusterKind kind)
    {
        await using var world = await VdcWorld.OpenAsync(clusters, kind);
        var vdc = world.NewVdc();
        await world.CompletesAsync("create_vdc", vdc);
        Assert.Null(await world.CreatesVmAsync(vdc, "web", 1, "1Gi"));
        var path = $"{VdcWorld.Collection(vdc, "virtualmachines")}/web";
        await world.Admin.MergeAsync(path, Finalizers("example.com/backup"));

        var error = await world.FailsAsync("delete_vdc", vdc, """{"cascade":true}""", timeoutSeconds: 10);
        var meanwhile = await world.CreatesVmAsync(vdc, "new", 1, "1Gi");
        await world.Admin.MergeAsync(path, Finalizers());
        var result = await world.CompletesAsync("delete_vdc", vdc, """{"cascade":true}""");

        Assert.Contains("VirtualMachine web has the finalizer example.com/backup (of the controller of example.com)", error, StringComparison.Ordinal);
        Assert.Contains("is being deleted", meanwhile, StringComparison.Ordinal);
        Assert.Equal("deleted", (string?)result["status"]);
        Assert.Null(await world.Admin.FindAsync($"api/v1/namespaces/{vdc}"));
    }

    [Theory, OnSandbox, OnRealApiServer]
    public async Task Retained_volume_is_a_warning(ClusterKind kind)
    {
        await using var world = await VdcWorld.OpenAsync(clusters, kind);
        var vdc = world.NewVdc();
        await world.CompletesAsync("create_vdc", vdc);
        var volume = new JsonObject
        {
            ["apiVersion"] = "v1",
            ["kind"] = "PersistentVolume",
            ["metadata"] = new JsonObject { ["name"] = $"pv-{vdc}" },
            ["spec"] = JsonNode.Parse($$$"""
                {"capacity":{"storage":"1Gi"},"accessModes":["ReadWriteOnce"],"persistentVolumeReclaimPolicy":"Retain",
                "hostPath":{"path":"/x"},"claimRef":{"namespace":"{{{vdc}}}","name":"data"}}
                """),
        };
        await world.Admin.CreateAsync("api/v1/persistentvolumes", volume);

        var result = await world.CompletesAsync("delete_vdc", vdc);
        await world.Admin.DeleteAsync($"api/v1/persistentvolumes/pv-{vdc}");

        Assert.Equal("deleted_with_warnings", (string?)result["status"]);
        Assert.Contains($"pv-{vdc}", (string?)result["warnings"]![0], StringComparison.Ordinal);
    }

    private static JsonObject Finalizers(params string[] names) =>
        new() { ["metadata"] = new JsonObject { ["finalizers"] = new JsonArray([.. names]) } };

    private static JsonObject Namespace(string name) => new()
    {
        ["apiVersion"] = "v1",
        ["kind"] = "Namespace",
        ["metadata"] = new JsonObject { ["name"] = name },
    };
}
