using System.Text.Json.Nodes;
using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Supervision;
using OvimSpokeAgent.Tests.Cluster;
using OvimSpokeAgent.VirtualDataCenters;

namespace OvimSpokeAgent.Tests.VirtualDataCenters;

/// <summary>Whatever the server refuses, and wherever the agent dies: what limits and isolates a VDC is there all the time.</summary>
public sealed class FailClosedTests
{
    private const string Whole =
        """ "quota":{"cpu":8,"memory":16},"limit_range":{"max_cpu":4},"network_policy":"isolated","admin_groups":["admins"] """;

    private const string Changed = """
        "quota":{"cpu":4},"limit_range":{"max_cpu":2},"network_policy":"custom","custom_network_config":{"deny_all_ingress":true},
        "admin_groups":["admins","more"]
        """;

    private static readonly NamespacedName Ns = NamespacedName.ClusterScoped("acme-dev");

    /// <summary>A kind, an object of it, and what makes it let in more.</summary>
    private static readonly (ResourceKind Kind, NamespacedName Name, Action<JsonObject> Loosen)[] Objects =
    [
        (KubernetesKinds.ResourceQuota, In("vdc-quota"), item => item["spec"]!["hard"]!["requests.cpu"] = "400"),
        (KubernetesKinds.LimitRange, In("vdc-limits"), item => item["spec"]!["limits"]![0]!["max"]!["cpu"] = "400"),
        (KubernetesKinds.NetworkPolicy, In("vdc-isolation-policy"), item => item["spec"]!["ingress"] = new JsonArray(new JsonObject())),
        (KubernetesKinds.RoleBinding, In("vdc-admin-admins"), item => item["subjects"]!.AsArray().Add((JsonNode)Group("everyone"))),
        (KubernetesKinds.Namespace, Ns, item => item["metadata"]!["labels"]![NamespaceDrift.PodSecurityLabel] = "privileged"),
    ];

    /// <summary>A webhook denies as it likes: by 400 or 422, or by 403.</summary>
    public static TheoryData<string, bool> Refusals
    {
        get
        {
            var data = new TheoryData<string, bool>();
            foreach (var (kind, _, _) in Objects)
            {
                data.Add(kind.Plural, false);
                data.Add(kind.Plural, true);
            }
            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Refusals))]
    public async Task Refused_write_leaves_what_is_there_and_is_told_everywhere(string plural, bool isForbidden)
    {
        await using var host = await OpenAsync();
        var (kind, name, loosen) = Objects.Single(item => item.Kind.Plural == plural);
        var uid = Uid(host, kind, name);
        Refuse(host, request => request.Kind == kind, isForbidden ? ApiErrorReason.Forbidden : ApiErrorReason.Invalid);
        host.Cluster.ForgetRequests();

        host.Cluster.Change(kind, name, loosen);
        await host.PassesUntilAsync(() => host.Status().Status == "Failed");
        await host.PassesUntilAsync(() => host.Cluster.Requests.Any(request =>
            request.Kind == KubernetesKinds.Event && request.Detail.Contains("RepairFailed", StringComparison.Ordinal)));
        var said = $"not as declared: {new ObjectKey(kind, name)}: denied by the test";
        Assert.Contains(said, host.Status().Warnings!);
        Assert.Equal(HealthStatus.Degraded, host.Health().Status);
        Assert.Contains("denied by the test", host.Health().Message, StringComparison.Ordinal);

        // The same again makes all objects anew, but not the namespace.
        if (kind != KubernetesKinds.Namespace) await FailsAsync(() => host.RunAsync("create_vdc", Whole));
        await FailsAsync(() => host.RunAsync("update_vdc", Changed));
        Assert.Equal(uid, Uid(host, kind, name));
        Assert.DoesNotContain(host.Cluster.Requests, request => request.Kind == kind && request.Verb == "delete");

        host.Cluster.Fault = null;
        Assert.True((await host.RunAsync("update_vdc", Changed)).IsCompleted);
        await host.PassesUntilAsync(() => host.Status() is { Status: "Active", Warnings: null });
        Assert.Equal(HealthStatus.Healthy, host.Health().Status);
    }

    [Fact]
    public async Task Object_that_cannot_be_put_right_costs_no_other_and_access_is_given_only_where_isolation_is()
    {
        await using var host = await OpenAsync(""","admin_groups":["admins","others"] """);
        Refuse(host, request => request.Kind == KubernetesKinds.NetworkPolicy, ApiErrorReason.Forbidden);

        host.Cluster.Remove(KubernetesKinds.NetworkPolicy, In("vdc-isolation-policy"));
        host.Cluster.Remove(KubernetesKinds.ResourceQuota, In("vdc-quota"));
        host.Cluster.Remove(KubernetesKinds.LimitRange, In("vdc-limits"));
        host.Cluster.Remove(KubernetesKinds.RoleBinding, In("vdc-admin-admins"));
        host.Cluster.Change(KubernetesKinds.RoleBinding, In("vdc-admin-others"), item => item["subjects"]!.AsArray().Add((JsonNode)Group("everyone")));

        await host.PassesUntilAsync(() => host.Find(KubernetesKinds.ResourceQuota, "vdc-quota") is not null
            && host.Find(KubernetesKinds.LimitRange, "vdc-limits") is not null
            && host.Find(KubernetesKinds.RoleBinding, "vdc-admin-others")!["subjects"]!.AsArray().Count == 1);
        Assert.Null(host.Find(KubernetesKinds.RoleBinding, "vdc-admin-admins"));
        host.Cluster.Fault = null;
        await host.PassesUntilAsync(() => host.Find(KubernetesKinds.RoleBinding, "vdc-admin-admins") is not null);
    }

    [Fact]
    public async Task Policy_stays_while_its_successor_is_refused_however_slow_the_server_is()
    {
        await using var host = await OpenAsync();
        var isRefused = false;
        host.Cluster.Fault = request =>
        {
            if (request.Verb == "apply" && request.Name == In("vdc-custom-policy"))
            {
                isRefused = true;
                return FakeKubernetesApi.Error(ApiErrorReason.Forbidden, "denied by the test");
            }
            // Longer than the refused one waits before it is tried again.
            if (isRefused && request.Kind == KubernetesKinds.LimitRange) host.Time.Advance(TimeSpan.FromSeconds(2));
            return null;
        };
        await FailsAsync(() => host.RunAsync("update_vdc", Changed));

        await host.PassesUntilAsync(() => host.Cluster.Requests.Count(request => request.Verb == "apply" && request.Name == In("vdc-custom-policy")) > 3);

        Assert.NotNull(host.Find(KubernetesKinds.NetworkPolicy, "vdc-isolation-policy"));
    }

    // These make quota and limits alone: what isolates is none of theirs, the old policy of a switch that was refused least of all.
    [Theory]
    [InlineData("create_resource_quota", """ "namespace":"acme-dev","quota":{"cpu":2} """)]
    [InlineData("create_limit_range", """ "namespace":"acme-dev","limit_range":{"max_cpu":2000} """)]
    public async Task Operation_on_limits_leaves_the_policy_whose_successor_is_refused(string type, string payload)
    {
        await using var host = await OpenAsync();
        Refuse(host, request => request.Verb == "apply" && request.Name == In("vdc-custom-policy"), ApiErrorReason.Forbidden);
        await FailsAsync(() => host.RunAsync("update_vdc", Changed));
        Assert.NotNull(host.Find(KubernetesKinds.NetworkPolicy, "vdc-isolation-policy"));

        Assert.True((await host.RunAsync(type, payload)).IsCompleted);

        Assert.NotNull(host.Find(KubernetesKinds.NetworkPolicy, "vdc-isolation-policy"));
        host.Cluster.Fault = null;
        await host.PassesUntilAsync(() => Policies(host).Contains("vdc-custom-policy") && !Policies(host).Contains("vdc-isolation-policy"));
    }

    [Fact]
    public async Task Object_whose_repair_throws_costs_neither_the_others_nor_another_vdc()
    {
        await using var host = await OpenAsync();
        Assert.True((await host.Of("create_vdc", $$""" "vdc_name":"prod","target_namespace":"acme-prod",{{Whole}} """).RunAsync()).IsCompleted);
        await host.PassesUntilAsync(host.IsAllAsDeclared);
        host.Cluster.Fault = request => request.Verb == "apply" && request.Kind == KubernetesKinds.NetworkPolicy
            && request.Name.Namespace == "acme-dev" ? new FormatException("unforeseen") : null;

        foreach (var ns in (string[])["acme-dev", "acme-prod"])
        {
            host.Cluster.Remove(KubernetesKinds.NetworkPolicy, new(ns, "vdc-isolation-policy"));
            host.Cluster.Remove(KubernetesKinds.LimitRange, new(ns, "vdc-limits"));
        }

        await host.PassesUntilAsync(() => host.Cluster.Find(KubernetesKinds.NetworkPolicy, new("acme-prod", "vdc-isolation-policy")) is not null
            && host.Cluster.Find(KubernetesKinds.LimitRange, new("acme-prod", "vdc-limits")) is not null
            && host.Find(KubernetesKinds.LimitRange, "vdc-limits") is not null);
        await host.PassesUntilAsync(() => host.Statuses().Single(vdc => vdc.Namespace == "acme-dev") is { Status: "Failed", Warnings: { } warnings }
            && warnings.Contains("not as declared: NetworkPolicy vdc-isolation-policy: unforeseen"));
        Assert.Equal("Active", host.Statuses().Single(vdc => vdc.Namespace == "acme-prod").Status);
    }

    public static TheoryData<string, bool> Replacements => new()
    {
        { "quota", false }, { "quota", true }, { "binding", false }, { "binding", true },
    };

    // Whoever deletes a quota or a binding and makes it anew can give it what never changes.
    [Theory]
    [MemberData(nameof(Replacements))]
    public async Task Replacement_is_safe_wherever_it_is_cut_off(string what, bool isRefused)
    {
        var (kind, name) = what == "quota" ? (KubernetesKinds.ResourceQuota, In("vdc-quota")) : (KubernetesKinds.RoleBinding, In("vdc-admin-admins"));
        var steps = await ReplaceAsync(kind, name, cutOffAt: null, isRefused);
        Assert.InRange(steps, 4, 6);

        for (var step = 1; step <= steps; step++) await ReplaceAsync(kind, name, step, isRefused);
    }

    private static async Task<int> ReplaceAsync(ResourceKind kind, NamespacedName name, int? cutOffAt, bool isRefused)
    {
        var time = new TestTime();
        var cluster = new FakeKubernetesApi(time);
        var writes = 0;
        var gaps = new List<string>();
        await using (var host = await VdcHost.StartAsync(cluster, time))
        {
            Assert.True((await host.RunAsync("create_vdc", Whole)).IsCompleted);
            await host.PassesUntilAsync(() => host.Status().Status == "Active");
            cluster.Fault = request =>
            {
                if (request.Kind != kind || request.Verb is not ("apply" or "patch" or "delete")) return null;
                if (++writes < cutOffAt || cutOffAt is null) return null;
                return FakeKubernetesApi.Error(isRefused ? ApiErrorReason.Invalid : ApiErrorReason.Unavailable, "cut off");
            };
            cluster.Changed = change =>
            {
                if (change.Kind == kind && !cluster.ObjectsIn("acme-dev").Any(item => item.Kind == kind)) gaps.Add(change.Name.ToString());
            };
            MakeAnew(cluster, kind, name);
            await host.PassesUntilAsync(() => cutOffAt is null ? IsInSync(cluster, kind, name) && host.Status().Status == "Active" : writes >= cutOffAt + 2);
        }
        cluster.Fault = null;

        await using var next = await VdcHost.StartAsync(cluster, time);
        await next.PassesUntilAsync(() => next.IsAllAsDeclared() && IsInSync(cluster, kind, name)
            && cluster.ObjectsIn("acme-dev").Count(item => item.Kind == kind) == 1);
        Assert.Empty(gaps);
        return writes;
    }

    // In one moment, as far as others see: only its fixed fields differ afterwards.
    private static void MakeAnew(FakeKubernetesApi cluster, ResourceKind kind, NamespacedName name) => cluster.Change(kind, name, item =>
    {
        item["metadata"]!["labels"]!.AsObject().Remove(WellKnownNames.ManagedByLabel);
        if (kind == KubernetesKinds.ResourceQuota) item["spec"]!["scopes"] = new JsonArray("Terminating");
        else item["roleRef"]!["name"] = "cluster-admin";
    });

    private static bool IsInSync(FakeKubernetesApi cluster, ResourceKind kind, NamespacedName name) =>
        cluster.Find(kind, name) is { } item && (string?)item["metadata"]!["labels"]?[WellKnownNames.ManagedByLabel] == WellKnownNames.Agent
        && (kind == KubernetesKinds.ResourceQuota ? item["spec"]!["scopes"] is null : (string?)item["roleRef"]!["name"] == VdcNames.AdminRole);

    [Fact]
    public async Task Fields_that_others_added_are_taken_off_without_a_deletion()
    {
        await using var host = await OpenAsync();
        host.Cluster.ForgetRequests();

        host.Cluster.Change(KubernetesKinds.ResourceQuota, In("vdc-quota"), item =>
        {
            item["spec"]!["hard"]!["limits.cpu"] = "1";
            item["spec"]!["scopeSelector"] = JsonNode.Parse("""{"matchExpressions":[{"scopeName":"BestEffort","operator":"Exists"}]}""");
        });
        host.Cluster.Change(KubernetesKinds.NetworkPolicy, In("vdc-cdi-policy"), item =>
            item["spec"]!["podSelector"]!["matchLabels"] = new JsonObject { ["a"] = "b" });

        await host.PassesUntilAsync(() => host.Find(KubernetesKinds.ResourceQuota, "vdc-quota")!["spec"] is { } spec
            && spec["hard"]!["limits.cpu"] is null && spec["scopeSelector"] is null
            && host.Find(KubernetesKinds.NetworkPolicy, "vdc-cdi-policy")!["spec"]!["podSelector"]!["matchLabels"] is null);
        Assert.DoesNotContain(host.Cluster.Requests, request => request.Verb == "delete");
    }

    [Theory]
    [InlineData("network_policy\":\"isolated\"", """ "network_policy":"custom","custom_network_config":{"deny_all_egress":true} """)]
    [InlineData("network_policy\":\"custom\",\"custom_network_config\":{\"deny_all_egress\":true}", """ "network_policy":"isolated" """)]
    public async Task Switching_policies_has_one_of_them_at_any_moment_whatever_is_refused(string before, string after)
    {
        for (var step = 1; step <= 5; step++)
        {
            await using var host = await VdcHost.StartAsync();
            Assert.True((await host.RunAsync("create_vdc", $""" "{before} """)).IsCompleted);
            var (writes, refusing) = (0, true);
            Refuse(host, request => refusing && request.Kind == KubernetesKinds.NetworkPolicy && ++writes >= step, ApiErrorReason.Forbidden);
            var gaps = 0;
            host.Cluster.Changed = change =>
            {
                if (change.Kind == KubernetesKinds.NetworkPolicy && !Policies(host).Any(policy => policy is "vdc-isolation-policy" or "vdc-custom-policy"))
                    gaps++;
            };

            await Record.ExceptionAsync(() => host.RunAsync("update_vdc", after));
            await host.PassesUntilAsync(() => writes >= step || host.Status().Status == "Active");
            refusing = false;

            await host.PassesUntilAsync(() => host.Status() is { Status: "Active", Warnings: null }
                && Policies(host).Contains("vdc-custom-policy") == after.Contains("custom", StringComparison.Ordinal)
                && Policies(host).Contains("vdc-isolation-policy") == after.Contains("isolated", StringComparison.Ordinal));
            Assert.Equal(0, gaps);
        }
    }

    private static IEnumerable<string> Policies(VdcHost host) => host.Cluster.ObjectsIn("acme-dev")
        .Where(item => item.Kind == KubernetesKinds.NetworkPolicy).Select(item => item.Name.Name);

    private static async Task<VdcHost> OpenAsync(string more = "")
    {
        var host = await VdcHost.StartAsync();
        Assert.True((await host.RunAsync("create_vdc", Whole.TrimEnd() + more)).IsCompleted);
        await host.PassesUntilAsync(() => host.Status().Status == "Active");
        return host;
    }

    private static void Refuse(VdcHost host, Func<FakeRequest, bool> which, ApiErrorReason reason) => host.Cluster.Fault = request =>
        request.Verb is "create" or "apply" or "patch" or "delete" && which(request) ? FakeKubernetesApi.Error(reason, "denied by the test") : null;

    // Where the namespace itself is refused, it is the executor that makes a failure of the error.
    private static async Task FailsAsync(Func<Task<OvimSpokeAgent.Operations.OperationOutcome>> operation)
    {
        try
        {
            Assert.False((await operation()).IsCompleted);
        }
        catch (KubernetesApiException e)
        {
            Assert.Equal("denied by the test", e.Message);
        }
    }

    private static string Uid(VdcHost host, ResourceKind kind, NamespacedName name) => (string)host.Cluster.Find(kind, name)!["metadata"]!["uid"]!;

    private static NamespacedName In(string name) => new("acme-dev", name);

    private static JsonObject Group(string name) => new() { ["kind"] = "Group", ["apiGroup"] = "rbac.authorization.k8s.io", ["name"] = name };
}
