using System.Text.Json.Nodes;
using OvimSpokeAgent.EndToEnd.Tests.Harness;

namespace OvimSpokeAgent.EndToEnd.Tests.VirtualDataCenters;

/// <summary>The API server's admission denies what the agent writes: what limits and isolates a VDC stays, and everybody is told.</summary>
public sealed class VdcFailClosedTests(Clusters clusters) : IClassFixture<Clusters>
{
    private const string Whole = """
        {"quota":{"cpu":4,"memory":8},"limit_range":{"max_cpu":2},"network_policy":"isolated","custom_network_config":null,
        "admin_groups":["acme-admins"],"labels":{"tier":null} }
        """;

    private const string Other = """
        {"quota":{"cpu":2},"limit_range":{"max_cpu":1},"network_policy":"custom","custom_network_config":{"deny_all_ingress":true},
        "admin_groups":["acme-admins","ops"],"labels":{"tier":"1"} }
        """;

    // A kind, an object of it, what makes it let in more, and how the denial looks.
    private static readonly (string Plural, string Name, string Loosen, int Code)[] Objects =
    [
        (VdcWorld.Quotas, "vdc-quota", """{"spec":{"hard":{"requests.cpu":"400"} } }""", 400),
        (VdcWorld.Limits, "vdc-limits", """{"spec":{"limits":[{"type":"Container","max":{"cpu":"400"} }]} }""", 403),
        (VdcWorld.Policies, "vdc-isolation-policy", """{"spec":{"ingress":[{}]} }""", 422),
        (VdcWorld.Bindings, "vdc-admin-acme-admins",
            """{"subjects":[{"kind":"Group","apiGroup":"rbac.authorization.k8s.io","name":"everyone"}]}""", 400),
        ("namespaces", "", """{"metadata":{"labels":{"pod-security.kubernetes.io/enforce":"privileged"} } }""", 403),
    ];

    [Theory, OnRealApiServer]
    public async Task Denied_write_deletes_nothing_and_is_told_and_done_once_it_is_allowed(ClusterKind kind)
    {
        await using var world = await VdcWorld.OpenAsync(clusters, kind);
        var vdc = await SettledAsync(world);
        await using var webhook = await AdmissionWebhook.StartAsync(world.Admin, vdc);

        foreach (var (plural, suffix, loosen, code) in Objects)
        {
            var isNamespace = plural == "namespaces";
            var path = isNamespace ? $"api/v1/namespaces/{vdc}" : $"{VdcWorld.Collection(vdc, plural)}/{suffix}";
            var uid = Uid(await world.Admin.GetAsync(path));
            webhook.Deny = request => request.Resource == plural ? code : null;
            webhook.ForgetRequests();

            await world.Admin.MergeAsync(path, JsonNode.Parse(loosen)!.AsObject());
            await world.ReportsVdcAsync(vdc, status => (string?)status["status"] == "Failed" && Says(status, "admission webhook"));
            await world.Environment.SaysInHealthAsync(world.Agent, "vdcs", "denied the request");
            await world.Admin.WaitForAnyAsync($"api/v1/namespaces/{(isNamespace ? "default" : vdc)}/events", item =>
                (string?)item["reason"] == "RepairFailed" && ((string)item["message"]!).Contains($"/{(isNamespace ? vdc : suffix)} is denied", StringComparison.Ordinal));
            // Making the same again makes all objects anew, but not the namespace.
            if (!isNamespace) Assert.Contains("is denied", await world.FailsAsync("create_vdc", vdc, Whole), StringComparison.Ordinal);
            Assert.Contains("is denied", await world.FailsAsync("update_vdc", vdc, Other), StringComparison.Ordinal);

            Assert.Equal(uid, Uid(await world.Admin.GetAsync(path)));
            Assert.DoesNotContain(webhook.Requests, request => request.StartsWith($"DELETE {plural}", StringComparison.Ordinal));

            webhook.Deny = _ => null;
            await world.CompletesAsync("update_vdc", vdc, Whole);
            await world.ReportsVdcAsync(vdc, status => (string?)status["status"] == "Active" && status["warnings"] is null);
        }
        Assert.Equal("4", (string?)(await world.GetAsync(vdc, VdcWorld.Quotas, "vdc-quota"))["spec"]!["hard"]!["requests.cpu"]);
        Assert.Equal(["vdc-cdi-policy", "vdc-export-policy", "vdc-isolation-policy", "vdc-kubevirt-policy"], (await world.NamesAsync(vdc, VdcWorld.Policies)).Order());
        Assert.Equal(["vdc-admin-acme-admins"], await world.NamesAsync(vdc, VdcWorld.Bindings));
    }

    [Theory, OnRealApiServer]
    public async Task Object_whose_fixed_field_is_wrong_is_replaced_under_a_stand_in_wherever_that_is_denied(ClusterKind kind)
    {
        await using var world = await VdcWorld.OpenAsync(clusters, kind);
        foreach (var (plural, name, standIn, made) in ((string, string, string, JsonObject)[])
            [
                (VdcWorld.Quotas, "vdc-quota", "vdc-standin-quota", Scoped()),
                (VdcWorld.Bindings, "vdc-admin-acme-admins", "vdc-standin-admin-acme-admins", BindingTo("view")),
            ])
        {
            string[] steps = [$"CREATE {plural}/{standIn}", $"DELETE {plural}/{name}", $"CREATE {plural}/{name}", $"DELETE {plural}/{standIn}"];
            foreach (var denied in (string?[])[null, .. steps])
            {
                // A VDC each: what is deleted again and again is put right later and later.
                var vdc = await SettledAsync(world);
                await using var webhook = await AdmissionWebhook.StartAsync(world.Admin, vdc);
                webhook.Deny = request => request.Resource == plural ? 403 : null;
                await world.Admin.DeleteAsync($"{VdcWorld.Collection(vdc, plural)}/{name}");
                await world.Admin.CreateAsync(VdcWorld.Collection(vdc, plural), made.DeepClone().AsObject());
                webhook.ForgetRequests();
                webhook.Deny = request => request.ToString() == denied ? 422 : null;

                if (denied is not null)
                {
                    await world.ReportsVdcAsync(vdc, status => Says(status, $"{denied} is denied"));
                    Assert.NotEmpty(await world.NamesAsync(vdc, plural));
                    webhook.Deny = _ => null;
                }
                await world.WaitForAsync(vdc, plural, standIn, item => item is null && webhook.Requests.Contains(steps[^1]));
                await world.ReportsVdcAsync(vdc, status => (string?)status["status"] == "Active");

                var order = steps.Select(step => webhook.Requests.ToList().FindIndex(request => request == step)).ToList();
                Assert.Equal(order.Order(), order);
                Assert.DoesNotContain(-1, order);
                var item = await world.GetAsync(vdc, plural, name);
                Assert.Null(item["spec"]?["scopes"]);
                if (plural == VdcWorld.Bindings) Assert.Equal("ovim:vdc-admin", (string?)item["roleRef"]!["name"]);
            }
        }
    }

    [Theory, OnRealApiServer]
    public async Task Policies_are_switched_only_once_the_new_one_is_there(ClusterKind kind)
    {
        await using var world = await VdcWorld.OpenAsync(clusters, kind);
        var vdc = await SettledAsync(world);
        await using var webhook = await AdmissionWebhook.StartAsync(world.Admin, vdc);

        webhook.Deny = request => request.Name == "vdc-custom-policy" ? 400 : null;
        var error = await world.FailsAsync("update_vdc", vdc, Other);
        Assert.Contains("made: nothing; not made: NetworkPolicy vdc-custom-policy", error, StringComparison.Ordinal);
        Assert.Equal(["vdc-cdi-policy", "vdc-export-policy", "vdc-isolation-policy", "vdc-kubevirt-policy"], (await world.NamesAsync(vdc, VdcWorld.Policies)).Order());
        await world.ReportsVdcAsync(vdc, status => (string?)status["status"] == "Failed" && Says(status, "vdc-custom-policy"));

        webhook.Deny = _ => null;
        foreach (var old in (string[])["vdc-isolation-policy", "vdc-cdi-policy", "vdc-kubevirt-policy", "vdc-export-policy"])
            await world.WaitForAsync(vdc, VdcWorld.Policies, old, policy => policy is null);
        var names = await world.NamesAsync(vdc, VdcWorld.Policies);
        Assert.True(names is ["vdc-custom-policy"], string.Join('\n', [.. names, .. webhook.Requests]));
        var requests = webhook.Requests.ToList();
        Assert.True(requests.FindLastIndex(request => request == "CREATE networkpolicies/vdc-custom-policy")
            < requests.FindIndex(request => request == "DELETE networkpolicies/vdc-isolation-policy"));
    }

    [Theory, OnRealApiServer]
    public async Task Foreign_objects_with_the_agents_names_or_marks_are_put_right_or_told(ClusterKind kind)
    {
        await using var world = await VdcWorld.OpenAsync(clusters, kind);
        var vdc = await SettledAsync(world);

        await world.Admin.CreateAsync(VdcWorld.Collection(vdc, VdcWorld.Policies), AllowAll("vdc-custom-policy", marked: false));
        await world.Admin.CreateAsync(VdcWorld.Collection(vdc, VdcWorld.Policies), AllowAll("marked", marked: true));
        var stranger = BindingTo("view");
        stranger["metadata"]!["name"] = "vdc-admin-stranger";
        await world.Admin.CreateAsync(VdcWorld.Collection(vdc, VdcWorld.Bindings), stranger);
        var status = await world.ReportsVdcAsync(vdc, status => status["warnings"]?.AsArray().Count == 3);
        Assert.Equal(
            [
                "isolation weakened by NetworkPolicy marked: ingress from everywhere, egress to everywhere",
                "isolation weakened by NetworkPolicy vdc-custom-policy: ingress from everywhere, egress to everywhere",
                "access weakened by RoleBinding vdc-admin-stranger: nobody declared it, and it is not the agent's",
            ],
            status["warnings"]!.AsArray().Select(warning => (string?)warning));

        // It is the agent's name once it is declared.
        await world.CompletesAsync("update_vdc", vdc, """{"network_policy":"custom","custom_network_config":{"deny_all_ingress":true,"deny_all_egress":true}}""");
        var policy = await world.GetAsync(vdc, VdcWorld.Policies, "vdc-custom-policy");
        Assert.Null(policy["spec"]!["ingress"]);
        Assert.Null(policy["spec"]!["egress"]);
        Assert.Equal("ovim-spoke-agent", (string?)policy["metadata"]!["labels"]!["app.kubernetes.io/managed-by"]);
        await world.ReportsVdcAsync(vdc, status => status["warnings"]?.AsArray().Count == 2);
    }

    private static bool Says(JsonObject status, string what) =>
        status["warnings"] is JsonArray warnings && warnings.Any(warning => ((string)warning!).Contains(what, StringComparison.Ordinal));

    private static async Task<string> SettledAsync(VdcWorld world)
    {
        var vdc = world.NewVdc();
        await world.CompletesAsync("create_vdc", vdc, Whole);
        await world.ReportsVdcAsync(vdc, status => (string?)status["status"] == "Active");
        return vdc;
    }

    private static string Uid(JsonObject item) => (string)item["metadata"]!["uid"]!;

    // A scope never changes, and this one lets VMs go uncounted.
    private static JsonObject Scoped() => JsonNode.Parse("""
        {"apiVersion":"v1","kind":"ResourceQuota","metadata":{"name":"vdc-quota"},
        "spec":{"hard":{"requests.cpu":"400","pods":"9"},"scopes":["Terminating"]} }
        """)!.AsObject();

    private static JsonObject BindingTo(string role) => JsonNode.Parse($$$"""
        {"apiVersion":"rbac.authorization.k8s.io/v1","kind":"RoleBinding","metadata":{"name":"vdc-admin-acme-admins"},
        "subjects":[{"kind":"Group","apiGroup":"rbac.authorization.k8s.io","name":"everyone"}],
        "roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole","name":"{{{role}}}"} }
        """)!.AsObject();

    private static JsonObject AllowAll(string name, bool marked) => JsonNode.Parse($$$"""
        {"apiVersion":"networking.k8s.io/v1","kind":"NetworkPolicy","metadata":{"name":"{{{name}}}",
        "labels":{{{(marked ? """{"app.kubernetes.io/managed-by":"ovim-spoke-agent","ovim.io/vdc":"x"}""" : "{}")}}} },
        "spec":{"podSelector":{},"policyTypes":["Ingress","Egress"],"ingress":[{}],"egress":[{}]} }
        """)!.AsObject();
}
