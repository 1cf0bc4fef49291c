using System.Diagnostics;
using System.Text.Json.Nodes;
using OvimSpokeAgent.EndToEnd.Tests.Harness;

namespace OvimSpokeAgent.EndToEnd.Tests.VirtualDataCenters;

/// <summary>A VDC stays as it is declared, whatever people do to its objects.</summary>
public sealed class VdcDriftTests(Clusters clusters) : IClassFixture<Clusters>
{
    private const string Whole =
        """{"quota":{"cpu":4,"memory":8},"limit_range":{"max_cpu":2},"network_policy":"isolated","admin_groups":["acme-admins"]}""";

    private static readonly TimeSpan RepairedWithin = TimeSpan.FromSeconds(5);

    [Theory, OnSandbox, OnRealApiServer]
    public async Task Deleted_objects_are_back_within_five_seconds(ClusterKind kind)
    {
        await using var world = await VdcWorld.OpenAsync(clusters, kind);
        var vdc = await SettledAsync(world);

        foreach (var (plural, name) in ((string, string)[])
            [
                (VdcWorld.Policies, "vdc-isolation-policy"), (VdcWorld.Policies, "vdc-cdi-policy"), (VdcWorld.Quotas, "vdc-quota"),
                (VdcWorld.Limits, "vdc-limits"), (VdcWorld.Bindings, "vdc-admin-acme-admins"),
            ])
        {
            var uid = (string)(await world.GetAsync(vdc, plural, name))["metadata"]!["uid"]!;
            var began = Stopwatch.GetTimestamp();
            await world.Admin.DeleteAsync($"{VdcWorld.Collection(vdc, plural)}/{name}");

            await world.WaitForAsync(vdc, plural, name, item => item is not null && (string?)item["metadata"]!["uid"] != uid);

            Assert.True(Stopwatch.GetElapsedTime(began) < RepairedWithin, $"{name} took {Stopwatch.GetElapsedTime(began)}");
        }
        Assert.Equal(2, await world.Agent.MetricAsync("ovim_agent_vdc_drift_repairs_total{kind=\"NetworkPolicy\"}"));
        await EventAsync(world, vdc, "DriftRepaired", "ResourceQuota vdc-quota was missing and is put right");
    }

    [Theory, OnSandbox, OnRealApiServer]
    public async Task Changed_objects_are_put_back_also_where_an_apply_leaves_others_fields(ClusterKind kind)
    {
        await using var world = await VdcWorld.OpenAsync(clusters, kind);
        var vdc = await SettledAsync(world);

        await MergeAsync(world, vdc, VdcWorld.Quotas, "vdc-quota", """{"spec":{"hard":{"requests.cpu":"400","limits.cpu":"1"}}}""");
        await MergeAsync(world, vdc, VdcWorld.Policies, "vdc-isolation-policy", """{"spec":{"podSelector":{"matchLabels":{"a":"b"}}}}""");
        await MergeAsync(world, vdc, VdcWorld.Policies, "vdc-cdi-policy", """{"spec":{"egress":[{}]}}""");
        await MergeAsync(world, vdc, VdcWorld.Bindings, "vdc-admin-acme-admins",
            """{"subjects":[{"kind":"Group","apiGroup":"rbac.authorization.k8s.io","name":"everyone"}]}""");
        await MergeAsync(world, vdc, VdcWorld.Limits, "vdc-limits", """{"metadata":{"labels":null},"spec":{"limits":[{"type":"Pod"}]}}""");

        await world.WaitForAsync(vdc, VdcWorld.Quotas, "vdc-quota", quota =>
            (string?)quota?["spec"]?["hard"]?["requests.cpu"] == "4" && quota["spec"]!["hard"]!["limits.cpu"] is null);
        await world.WaitForAsync(vdc, VdcWorld.Policies, "vdc-isolation-policy", policy =>
            policy?["spec"]?["podSelector"]?["matchLabels"] is null && policy is not null);
        await world.WaitForAsync(vdc, VdcWorld.Policies, "vdc-cdi-policy", policy =>
            policy?["spec"]?["egress"]?[0]?["to"] is not null);
        await world.WaitForAsync(vdc, VdcWorld.Bindings, "vdc-admin-acme-admins", binding =>
            (string?)binding?["subjects"]?[0]?["name"] == "acme-admins");
        await world.WaitForAsync(vdc, VdcWorld.Limits, "vdc-limits", limits =>
            (string?)limits?["spec"]?["limits"]?[0]?["type"] == "Container"
            && (string?)limits["metadata"]?["labels"]?["app.kubernetes.io/managed-by"] == "ovim-spoke-agent");
    }

    [Theory, OnSandbox, OnRealApiServer]
    public async Task Binding_to_another_role_is_replaced_and_one_not_declared_removed(ClusterKind kind)
    {
        await using var world = await VdcWorld.OpenAsync(clusters, kind);
        var vdc = await SettledAsync(world);
        await world.Agent.StopAsync();
        await world.Admin.DeleteAsync($"{VdcWorld.Collection(vdc, VdcWorld.Bindings)}/vdc-admin-acme-admins");
        var other = Binding("vdc-admin-acme-admins", "acme-admins");
        await world.Admin.CreateAsync(VdcWorld.Collection(vdc, VdcWorld.Bindings), other);
        await world.RestartAgentAsync();
        await world.WaitForAsync(vdc, VdcWorld.Bindings, "vdc-admin-acme-admins", binding =>
            (string?)binding?["roleRef"]!["name"] == "ovim:vdc-admin");

        var stranger = Binding("vdc-admin-stranger", "stranger");
        await world.Admin.CreateAsync(VdcWorld.Collection(vdc, VdcWorld.Bindings), stranger);
        var own = Binding("somebodys-own", "stranger");
        own["metadata"]!.AsObject().Remove("labels");
        await world.Admin.CreateAsync(VdcWorld.Collection(vdc, VdcWorld.Bindings), own);

        await world.WaitForAsync(vdc, VdcWorld.Bindings, "vdc-admin-stranger", binding => binding is null);
        Assert.Contains("somebodys-own", await world.NamesAsync(vdc, VdcWorld.Bindings));
    }

    [Theory, OnSandbox, OnRealApiServer]
    public async Task Quotas_and_limits_of_others_are_left_alone(ClusterKind kind)
    {
        await using var world = await VdcWorld.OpenAsync(clusters, kind);
        var vdc = await SettledAsync(world);
        await CreateAsync(VdcWorld.Quotas, "ResourceQuota", """{"hard":{"pods":"7"}}""");
        await CreateAsync(VdcWorld.Limits, "LimitRange", """{"limits":[{"type":"Pod","max":{"cpu":"9"}}]}""");

        await world.CompletesAsync("update_vdc", vdc, """{"quota":{"cpu":6}}""");
        await world.Admin.DeleteAsync($"{VdcWorld.Collection(vdc, VdcWorld.Limits)}/vdc-limits");
        await world.WaitForAsync(vdc, VdcWorld.Limits, "vdc-limits", limits => limits is not null);

        Assert.Equal("7", (string?)(await world.GetAsync(vdc, VdcWorld.Quotas, "theirs"))["spec"]!["hard"]!["pods"]);
        Assert.Equal("9", (string?)(await world.GetAsync(vdc, VdcWorld.Limits, "theirs"))["spec"]!["limits"]![0]!["max"]!["cpu"]);

        Task<JsonObject> CreateAsync(string plural, string itemKind, string spec) => world.Admin.CreateAsync(
            VdcWorld.Collection(vdc, plural),
            new JsonObject
            {
                ["apiVersion"] = "v1",
                ["kind"] = itemKind,
                ["metadata"] = new JsonObject { ["name"] = "theirs" },
                ["spec"] = JsonNode.Parse(spec),
            });
    }

    [Theory, OnSandbox, OnRealApiServer]
    public async Task Storm_of_changes_ends_with_a_whole_vdc_and_costs_no_more_writes_than_changes(ClusterKind kind)
    {
        const int Rounds = 15;
        await using var world = await VdcWorld.OpenAsync(clusters, kind);
        var (vdc, neighbour) = (await SettledAsync(world), await SettledAsync(world));
        var before = world.Agent.ClusterRequests.All.Count;

        for (var round = 0; round < Rounds; round++)
        {
            await world.Admin.DeleteAsync($"{VdcWorld.Collection(vdc, VdcWorld.Policies)}/vdc-isolation-policy");
            await world.Admin.DeleteAsync($"{VdcWorld.Collection(vdc, VdcWorld.Bindings)}/vdc-admin-acme-admins");
            await world.Admin.DeleteAsync($"{VdcWorld.Collection(vdc, VdcWorld.Quotas)}/vdc-quota");
        }
        await world.Admin.DeleteAsync($"{VdcWorld.Collection(neighbour, VdcWorld.Policies)}/vdc-isolation-policy");

        await world.WaitForAsync(neighbour, VdcWorld.Policies, "vdc-isolation-policy", policy => policy is not null);
        await world.WaitForAsync(vdc, VdcWorld.Policies, "vdc-isolation-policy", policy => policy is not null);
        await world.WaitForAsync(vdc, VdcWorld.Bindings, "vdc-admin-acme-admins", binding => binding is not null);
        await world.WaitForAsync(vdc, VdcWorld.Quotas, "vdc-quota", quota => quota is not null);
        var writes = world.Agent.ClusterRequests.All.Skip(before)
            .Count(request => request.StartsWith("PATCH ", StringComparison.Ordinal) && request.Contains($"/{vdc}/", StringComparison.Ordinal));
        Assert.InRange(writes, 3, 3 * Rounds);
    }

    [Theory, OnSandbox, OnRealApiServer]
    public async Task What_makes_the_namespace_a_vdc_is_put_back_and_isolation_is_not_touched(ClusterKind kind)
    {
        await using var world = await VdcWorld.OpenAsync(clusters, kind);
        var vdc = await SettledAsync(world);
        var before = (await world.Admin.GetAsync($"api/v1/namespaces/{vdc}"))["metadata"]!;
        var policy = await world.GetAsync(vdc, VdcWorld.Policies, "vdc-isolation-policy");

        await world.Admin.MergeAsync($"api/v1/namespaces/{vdc}", JsonNode.Parse("""
            {"metadata":{"labels":{"pod-security.kubernetes.io/enforce":"privileged","ovim.io/vdc":null},
            "annotations":{"ovim.io/declared":"{","ovim.io/created-by":null} } }
            """)!.AsObject());

        await world.WaitForNamespaceAsync(vdc, ns =>
            JsonNode.DeepEquals(ns!["metadata"]!["labels"], before["labels"])
            && JsonNode.DeepEquals(ns["metadata"]!["annotations"], before["annotations"]));
        await world.ReportsVdcAsync(vdc, status => (string?)status["status"] == "Active");
        Assert.Equal(
            (string?)policy["metadata"]!["uid"],
            (string?)(await world.GetAsync(vdc, VdcWorld.Policies, "vdc-isolation-policy"))["metadata"]!["uid"]);
    }

    [Theory, OnSandbox, OnRealApiServer]
    public async Task Drift_while_the_agent_was_away_is_repaired_without_the_hub(ClusterKind kind)
    {
        await using var world = await VdcWorld.OpenAsync(clusters, kind);
        var vdc = await SettledAsync(world);
        await world.Agent.StopAsync();
        await world.Admin.DeleteAsync($"{VdcWorld.Collection(vdc, VdcWorld.Policies)}/vdc-isolation-policy");

        await world.RestartAgentAsync();

        await world.WaitForAsync(vdc, VdcWorld.Policies, "vdc-isolation-policy", policy => policy is not null);
    }

    [Theory, OnSandbox, OnRealApiServer]
    public async Task Policy_that_opens_the_vdc_is_left_alone_and_told_of_everywhere(ClusterKind kind)
    {
        await using var world = await VdcWorld.OpenAsync(clusters, kind);
        var vdc = await SettledAsync(world);
        const string Problem = "isolation weakened by NetworkPolicy allow-all: ingress from everywhere";

        await world.Admin.CreateAsync(VdcWorld.Collection(vdc, VdcWorld.Policies), Policy("allow-all", """{"podSelector":{},"ingress":[{}]}"""));
        await world.Admin.CreateAsync(
            VdcWorld.Collection(vdc, VdcWorld.Policies), Policy("harmless", """{"podSelector":{},"policyTypes":["Ingress"]}"""));

        var status = await world.ReportsVdcAsync(vdc, status => status["warnings"] is not null);
        Assert.Equal([Problem], status["warnings"]!.AsArray().Select(warning => (string?)warning));
        Assert.Equal("Active", (string?)status["status"]);
        await EventAsync(world, vdc, "IsolationWeakened", Problem);
        Assert.Equal(1, await world.Agent.MetricAsync($"ovim_agent_vdc_isolation_weakened{{vdc=\"{vdc}\",namespace=\"{vdc}\"}}"));
        var health = (await world.Agent.HealthAsync())["components"]!["vdcs"]!;
        Assert.Equal("Degraded", (string?)health["status"]);
        Assert.Contains(Problem, (string?)health["message"], StringComparison.Ordinal);

        await world.Admin.DeleteAsync($"{VdcWorld.Collection(vdc, VdcWorld.Policies)}/allow-all");
        await world.ReportsVdcAsync(vdc, status => status["warnings"] is null);
        Assert.Equal(["harmless", "vdc-cdi-policy", "vdc-export-policy", "vdc-isolation-policy", "vdc-kubevirt-policy"], (await world.NamesAsync(vdc, VdcWorld.Policies)).Order());
    }

    [Theory, OnSandbox, OnRealApiServer]
    public async Task Namespace_whose_label_is_taken_off_is_released(ClusterKind kind)
    {
        await using var world = await VdcWorld.OpenAsync(clusters, kind);
        var released = await SettledAsync(world);
        var kept = await SettledAsync(world);
        await world.Admin.MergeAsync($"api/v1/namespaces/{released}", JsonNode.Parse(
            """{"metadata":{"labels":{"app.kubernetes.io/managed-by":null}}}""")!.AsObject());
        await world.Environment.ReportsAsync(
            world.Agent, report => report["vdcs"]!.AsArray().All(vdc => (string?)vdc!["namespace"] != released));

        foreach (var vdc in (string[])[released, kept])
            await world.Admin.DeleteAsync($"{VdcWorld.Collection(vdc, VdcWorld.Quotas)}/vdc-quota");

        // What happens to the one that is kept shows that the other had its chance.
        await world.WaitForAsync(kept, VdcWorld.Quotas, "vdc-quota", quota => quota is not null);
        Assert.Empty(await world.NamesAsync(released, VdcWorld.Quotas));
        Assert.NotEmpty(await world.NamesAsync(released, VdcWorld.Policies));
    }

    // Made, and reported as whole: whatever comes now is drift.
    private static async Task<string> SettledAsync(VdcWorld world)
    {
        var vdc = world.NewVdc();
        await world.CompletesAsync("create_vdc", vdc, Whole);
        await world.ReportsVdcAsync(vdc, status => (string?)status["status"] == "Active");
        return vdc;
    }

    private static Task<JsonObject> MergeAsync(VdcWorld world, string ns, string plural, string name, string patch) =>
        world.Admin.MergeAsync($"{VdcWorld.Collection(ns, plural)}/{name}", JsonNode.Parse(patch)!.AsObject());

    private static Task<JsonObject> EventAsync(VdcWorld world, string ns, string reason, string message) =>
        world.Admin.WaitForAnyAsync($"api/v1/namespaces/{ns}/events", item =>
            (string?)item["reason"] == reason && ((string?)item["message"])!.Contains(message, StringComparison.Ordinal));

    private static JsonObject Policy(string name, string spec) => new()
    {
        ["apiVersion"] = "networking.k8s.io/v1",
        ["kind"] = "NetworkPolicy",
        ["metadata"] = new JsonObject { ["name"] = name },
        ["spec"] = JsonNode.Parse(spec),
    };

    private static JsonObject Binding(string name, string group) => new()
    {
        ["apiVersion"] = "rbac.authorization.k8s.io/v1",
        ["kind"] = "RoleBinding",
        ["metadata"] = new JsonObject
        {
            ["name"] = name,
            ["labels"] = new JsonObject { ["app.kubernetes.io/managed-by"] = "ovim-spoke-agent" },
        },
        ["subjects"] = new JsonArray(new JsonObject { ["kind"] = "Group", ["apiGroup"] = "rbac.authorization.k8s.io", ["name"] = group }),
        ["roleRef"] = new JsonObject { ["apiGroup"] = "rbac.authorization.k8s.io", ["kind"] = "ClusterRole", ["name"] = "view" },
    };
}
