using System.Text.Json.Nodes;
using OvimSpokeAgent.EndToEnd.Tests.Harness;

namespace OvimSpokeAgent.EndToEnd.Tests.VirtualDataCenters;

/// <summary>VDCs whose deletion takes long, and namespaces that others made.</summary>
public sealed class VdcDeletionTests(Clusters clusters) : IClassFixture<Clusters>
{
    private const string Isolated = """{"quota":{"cpu":4,"memory":8},"network_policy":"isolated","admin_groups":["acme-admins"]}""";

    [Theory, OnSandbox, OnRealApiServer]
    public async Task Isolation_and_limits_hold_until_the_last_guest_is_gone_also_after_the_operations_timeout(ClusterKind kind)
    {
        await using var world = await VdcWorld.OpenAsync(clusters, kind);
        var vdc = world.NewVdc();
        await world.CompletesAsync("create_vdc", vdc, Isolated);
        await HasGuestAsync(world, vdc, graceSeconds: 3600);

        var error = await world.FailsAsync("delete_vdc", vdc, """{"vm_count":1}""", timeoutSeconds: 6);

        Assert.Contains("the deletion goes on", error, StringComparison.Ordinal);
        Assert.Contains("guests that still run: slow (it may take 3600 s to shut down)", error, StringComparison.Ordinal);
        await world.ReportsVdcAsync(vdc, status => (string?)status["status"] == "Terminating"
            && (status["warnings"] as JsonArray ?? []).Any(warning => (string?)warning == "being deleted: waits for the guests of 1 VMs (slow)"));
        // Whoever takes the isolation away has it put back, and nobody has access any more.
        await world.Admin.DeleteAsync($"{VdcWorld.Collection(vdc, VdcWorld.Policies)}/vdc-isolation-policy");
        await world.WaitForAsync(vdc, VdcWorld.Policies, "vdc-isolation-policy", policy => policy is not null);
        await world.WaitForAsync(vdc, VdcWorld.Bindings, "vdc-admin-acme-admins", binding => binding is null);
        Assert.NotNull(await world.GetAsync(vdc, VdcWorld.Quotas, "vdc-quota"));
        Assert.NotNull(await world.Admin.FindAsync($"{Guests(vdc)}/slow"));
        Assert.Null((await world.Admin.GetAsync($"api/v1/namespaces/{vdc}"))["metadata"]!["deletionTimestamp"]);

        await world.Admin.MergeAsync($"{VdcWorld.Collection(vdc, "virtualmachines")}/slow", JsonNode.Parse(
            """{"metadata":{"annotations":{"sandbox.ovim.io/fail":null} } }""")!.AsObject());
        await world.WaitForNamespaceAsync(vdc, ns => ns is null);
        Assert.Equal("deleted", (string?)(await world.CompletesAsync("delete_vdc", vdc, """{"vm_count":0}"""))["status"]);
    }

    [Theory, OnSandbox, OnRealApiServer]
    public async Task Finalizer_of_the_namespace_itself_is_named_with_its_owner_and_the_remedy(ClusterKind kind)
    {
        await using var world = await VdcWorld.OpenAsync(clusters, kind);
        var vdc = world.NewVdc();
        await world.CompletesAsync("create_vdc", vdc);
        await world.Admin.MergeAsync($"api/v1/namespaces/{vdc}", Finalizers("controller.cattle.io/namespace-auth"));

        var error = await world.FailsAsync("delete_vdc", vdc, """{"cascade":true}""", timeoutSeconds: 10);
        await world.Admin.MergeAsync($"api/v1/namespaces/{vdc}", Finalizers());
        await world.WaitForNamespaceAsync(vdc, ns => ns is null);

        Assert.Contains("the namespace itself has the finalizer controller.cattle.io/namespace-auth (of Rancher)", error, StringComparison.Ordinal);
        Assert.Contains("an administrator can take the finalizer off", error, StringComparison.Ordinal);
    }

    [Theory, OnSandbox, OnRealApiServer]
    public async Task Vms_that_the_hub_did_not_count_keep_their_vdc_unless_the_setting_says_otherwise(ClusterKind kind)
    {
        await using var world = await VdcWorld.OpenAsync(clusters, kind);
        var vdc = world.NewVdc();
        await world.CompletesAsync("create_vdc", vdc);
        foreach (var vm in (string[])["known", "unknown"]) await HasGuestAsync(world, vdc, name: vm);

        var error = await world.FailsAsync("delete_vdc", vdc, """{"zone_id":"z","vm_count":1}""");
        Assert.Contains("has 2 VMs, more than the 1 of vm_count (beyond it: ", error, StringComparison.Ordinal);
        Assert.Equal(2, (await world.NamesAsync(vdc, "virtualmachines")).Count);

        await world.RestartAgentAsync(("OVIM_VDC_CASCADE", "true"));
        await world.CompletesAsync("delete_vdc", vdc, """{"vm_count":1}""");
        Assert.Null(await world.Admin.FindAsync($"api/v1/namespaces/{vdc}"));
    }

    [Theory, OnSandbox, OnRealApiServer]
    public async Task Vdc_of_a_former_agent_is_taken_over_and_one_of_the_hub_is_left_alone(ClusterKind kind)
    {
        await using var world = await VdcWorld.OpenAsync(clusters, kind);
        var (former, hubs) = (world.NewVdc("former"), world.NewVdc("hubs"));
        await world.Admin.CreateNamespaceAsync(former, ("ovim.io/managed-by", "ovim-spoke-agent"), ("ovim.io/vdc", "true"), ("ovim.io/vdc-name", former));
        await world.Admin.CreateAsync(VdcWorld.Collection(former, VdcWorld.Quotas), JsonNode.Parse("""
            {"apiVersion":"v1","kind":"ResourceQuota","metadata":{"name":"vdc-quota","labels":{"ovim.io/managed-by":"ovim-spoke-agent"} },
            "spec":{"hard":{"requests.cpu":"64","persistentvolumeclaims":"10"} } }
            """)!.AsObject());
        await world.Admin.CreateAsync(VdcWorld.Collection(former, VdcWorld.Bindings), JsonNode.Parse("""
            {"apiVersion":"rbac.authorization.k8s.io/v1","kind":"RoleBinding",
            "metadata":{"name":"vdc-operator","labels":{"ovim.io/managed-by":"ovim-spoke-agent"} },
            "subjects":[{"kind":"ServiceAccount","name":"vdc-operator","namespace":"x"}],
            "roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole","name":"view"} }
            """)!.AsObject());
        await world.Admin.CreateNamespaceAsync(hubs, ("app.kubernetes.io/managed-by", "ovim"), ("ovim.io/vdc", hubs));

        await world.CompletesAsync("create_vdc", former, Isolated);
        Assert.Equal(["vdc-admin-acme-admins"], await world.NamesAsync(former, VdcWorld.Bindings));
        var hard = (await world.GetAsync(former, VdcWorld.Quotas, "vdc-quota"))["spec"]!["hard"]!;
        Assert.Equal(("4", null), ((string?)hard["requests.cpu"], (string?)hard["persistentvolumeclaims"]));
        await world.ReportsVdcAsync(former, status => (string?)status["status"] == "Active" && (string?)status["name"] == former);
        await world.CompletesAsync("delete_vdc", former, """{"vm_count":0}""");
        Assert.Null(await world.Admin.FindAsync($"api/v1/namespaces/{former}"));

        var made = await world.CompletesAsync("create_vdc", hubs, Isolated);
        Assert.Equal((hubs, "Active"), ((string?)made["namespace"], (string?)made["status"]));
        await world.ReportsVdcAsync(hubs, status => (string?)status["name"] == hubs);
        Assert.Contains("is not managed by this agent", await world.CreatesVmAsync(hubs, "web", 1, "1Gi"), StringComparison.Ordinal);
        Assert.Contains(
            "is kept by the hub's own controller and is not gone yet",
            await world.FailsAsync("delete_vdc", hubs, """{"cascade":true}""", timeoutSeconds: 4),
            StringComparison.Ordinal);
        var waiting = world.Queues("delete_vdc", hubs);
        await world.Admin.DeleteAsync($"api/v1/namespaces/{hubs}");
        Assert.Equal("deleted", (string?)(await world.Environment.ResultOfAsync(waiting))["result"]!["status"]);
    }

    [Theory, OnSandbox, OnRealApiServer]
    public async Task Changed_zone_of_the_agent_is_no_drift(ClusterKind kind)
    {
        await using var world = await VdcWorld.OpenAsync(clusters, kind);
        var vdc = world.NewVdc();
        await world.CompletesAsync("create_vdc", vdc, Isolated);
        await world.ReportsVdcAsync(vdc, status => (string?)status["status"] == "Active");
        var before = (await world.Admin.GetAsync($"api/v1/namespaces/{vdc}"))["metadata"]!["resourceVersion"]!.ToString();

        await world.RestartAgentAsync(("OVIM_ZONE_ID", "another"));
        await world.ReportsVdcAsync(vdc, status => (string?)status["status"] == "Active");
        // Something that is drift shows that the agent has looked.
        await world.Admin.DeleteAsync($"{VdcWorld.Collection(vdc, VdcWorld.Limits)}/vdc-limits");
        await world.WaitForAsync(vdc, VdcWorld.Limits, "vdc-limits", limits => limits is not null);

        Assert.Equal(before, (await world.Admin.GetAsync($"api/v1/namespaces/{vdc}"))["metadata"]!["resourceVersion"]!.ToString());
    }

    private static string Guests(string ns) => $"apis/kubevirt.io/v1/namespaces/{ns}/virtualmachineinstances";

    // A tenant's VM whose guest does not react to being shut down.
    private static async Task HasGuestAsync(VdcWorld world, string vdc, int graceSeconds = 0, string name = "slow")
    {
        await world.Admin.CreateAsync(VdcWorld.Collection(vdc, "virtualmachines"), JsonNode.Parse($$$"""
            {"apiVersion":"kubevirt.io/v1","kind":"VirtualMachine","metadata":{"name":"{{{name}}}","annotations":{"sandbox.ovim.io/fail":"guest-ignores-shutdown"} },
            "spec":{"runStrategy":"Always","template":{"spec":{"terminationGracePeriodSeconds":{{{graceSeconds}}},"domain":{"devices":{},"memory":{"guest":"1Gi"} } } } } }
            """)!.AsObject());
        await world.Admin.WaitForAsync(Guests(vdc), name, guest => (string?)guest?["status"]?["phase"] == "Running");
    }

    private static JsonObject Finalizers(params string[] names) =>
        new() { ["metadata"] = new JsonObject { ["finalizers"] = new JsonArray([.. names]) } };
}
