using System.Text.Json.Nodes;
using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Supervision;
using OvimSpokeAgent.VirtualDataCenters;

namespace OvimSpokeAgent.Tests.VirtualDataCenters;

/// <summary>Someone else writes what the agent writes: how often it is put back, and what is told of it.</summary>
public sealed class ContestTests
{
    private const string Whole =
        """ "quota":{"cpu":8,"memory":16},"limit_range":{"max_cpu":4},"network_policy":"isolated","admin_groups":["admins"] """;

    private static readonly NamespacedName Ns = NamespacedName.ClusterScoped("acme-dev");
    private static readonly NamespacedName Quota = new("acme-dev", "vdc-quota");

    [Fact]
    public async Task Value_that_is_loosened_again_and_again_is_put_back_every_five_seconds_and_told_with_its_writer()
    {
        await using var host = await OpenAsync();
        Fight(host, KubernetesKinds.ResourceQuota, Quota, quota => quota["spec"]!["hard"]!["requests.cpu"], value => value != "400", quota =>
        {
            quota["spec"]!["hard"]!["requests.cpu"] = "400";
            quota["metadata"]!["managedFields"] = JsonNode.Parse("""
                [{"manager":"autoscaler","operation":"Update","fieldsV1":{"f:spec":{"f:hard":{"f:requests.cpu":{} } } } },
                 {"manager":"ovim-spoke-agent","operation":"Apply","fieldsV1":{"f:spec":{"f:hard":{"f:requests.memory":{} } } } }]
                """);
        });

        var began = host.Time.GetUtcNow();
        await host.PassesUntilAsync(() => Writes(host, KubernetesKinds.ResourceQuota) == 7);

        Assert.True(host.Time.GetUtcNow() - began >= 6 * RepairHistory.BetweenClosings - TimeSpan.FromSeconds(1));
        await host.PassesUntilAsync(() => Repairs(host, KubernetesKinds.ResourceQuota) == 7);
        const string Told = "ResourceQuota vdc-quota is changed again and again (spec.hard[requests.cpu] is 400, declared is 8, by autoscaler)";
        Assert.Contains(Told, host.Status().Warnings!);
        Assert.Equal((HealthStatus.Degraded, $"VDC dev (acme-dev): {Told}"), (host.Health().Status, host.Health().Message));
        await host.PassesUntilAsync(() => Events(host, "DriftContested") == 1);
        Assert.Equal(1, Events(host, "DriftRepaired"));
    }

    [Fact]
    public async Task Value_that_is_tightened_again_and_again_is_put_back_ever_more_rarely()
    {
        await using var host = await OpenAsync();
        Fight(host, KubernetesKinds.ResourceQuota, Quota, quota => quota["spec"]!["hard"]!["requests.cpu"], value => value != "1",
            quota => quota["spec"]!["hard"]!["requests.cpu"] = "1");

        var began = host.Time.GetUtcNow();
        await host.PassesUntilAsync(() => Writes(host, KubernetesKinds.ResourceQuota) == 7, TimeSpan.FromSeconds(5));

        // 10, 20, 40, 80, 160, 300 s, of which chance takes a quarter here.
        Assert.True(host.Time.GetUtcNow() - began >= TimeSpan.FromSeconds(610 * 0.75));
        Assert.Contains("is changed again and again (spec.hard[requests.cpu] is 1, declared is 8", Assert.Single(host.Status().Warnings!), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Label_of_pod_security_that_is_fought_over_is_put_back_every_five_seconds()
    {
        await using var host = await OpenAsync();
        Fight(host, KubernetesKinds.Namespace, Ns, ns => ns["metadata"]!["labels"]![NamespaceDrift.PodSecurityLabel], value => value != "privileged",
            ns => ns["metadata"]!["labels"]![NamespaceDrift.PodSecurityLabel] = "privileged");

        var began = host.Time.GetUtcNow();
        await host.PassesUntilAsync(() => Writes(host, KubernetesKinds.Namespace) == 7);

        Assert.True(host.Time.GetUtcNow() - began >= 6 * RepairHistory.BetweenClosings - TimeSpan.FromSeconds(1));
        Assert.Contains(
            "Namespace acme-dev is changed again and again (metadata.labels[pod-security.kubernetes.io/enforce] is privileged, declared is baseline)",
            host.Status().Warnings!);
    }

    [Fact]
    public async Task Fight_that_is_over_is_forgotten_after_a_while()
    {
        await using var host = await OpenAsync();
        var isOver = false;
        Fight(host, KubernetesKinds.ResourceQuota, Quota, quota => quota["spec"]!["hard"]!["requests.cpu"], value => !isOver && value != "400",
            quota => quota["spec"]!["hard"]!["requests.cpu"] = "400");
        await host.PassesUntilAsync(() => host.Status().Warnings is not null);

        isOver = true;
        var over = host.Time.GetUtcNow();
        await host.PassesUntilAsync(() => host.Status() is { Status: "Active", Warnings: null }, TimeSpan.FromSeconds(5));

        Assert.True(host.Time.GetUtcNow() - over > RepairHistory.CalmAfter - TimeSpan.FromMinutes(1));
        Assert.Equal(HealthStatus.Healthy, host.Health().Status);
    }

    [Theory]
    [InlineData("5")] // looser
    [InlineData("3")] // tighter
    public async Task Policy_of_the_cluster_that_changes_what_is_written_is_recognised_and_not_written_against(string cpu)
    {
        await using var host = await OpenAsync();
        host.Cluster.Mutate = (kind, body) =>
        {
            if (kind == KubernetesKinds.ResourceQuota) body["spec"]!["hard"]!["requests.cpu"] = cpu;
        };
        host.Cluster.ForgetRequests();

        host.Cluster.Change(KubernetesKinds.ResourceQuota, Quota, quota => quota["spec"]!["hard"]!["requests.memory"] = "17Gi");
        var began = host.Time.GetUtcNow();
        await host.PassesUntilAsync(() => Writes(host, KubernetesKinds.ResourceQuota) == 4);

        Assert.True(host.Time.GetUtcNow() - began >= TimeSpan.FromSeconds(29));
        Assert.Equal("Failed", host.Status().Status);
        Assert.Contains(
            "not as declared: ResourceQuota vdc-quota does not stay as declared: something on the cluster, an admission webhook or policy, "
            + $"changes what is written (spec.hard[requests.cpu] is {cpu}, declared is 8)",
            host.Status().Warnings!);
        Assert.DoesNotContain(host.Cluster.Requests, request => request.Verb == "delete");
        host.Cluster.Mutate = null;
        await host.PassesUntilAsync(() => host.Status() is { Status: "Active", Warnings: null });
    }

    [Fact]
    public async Task Agent_of_another_version_or_with_other_settings_is_no_drift()
    {
        await using var host = await OpenAsync();
        host.Cluster.ForgetRequests();

        host.Cluster.Change(KubernetesKinds.NetworkPolicy, new("acme-dev", "vdc-cdi-policy"), policy =>
        {
            policy["spec"]!["egress"] = new JsonArray(new JsonObject());
            policy["metadata"]!["managedFields"] = JsonNode.Parse(
                """[{"manager":"ovim-spoke-agent","operation":"Apply","fieldsV1":{"f:spec":{"f:egress":{} } } }]""");
        });
        await host.PassesUntilAsync(() => host.Find(KubernetesKinds.NetworkPolicy, "vdc-cdi-policy")!["spec"]!["egress"]![0]!["to"] is not null);
        await host.PassesUntilAsync(() => host.Status().Status == "Active");

        Assert.Equal(0, Events(host, "DriftRepaired"));
        Assert.Equal(0, Repairs(host, KubernetesKinds.NetworkPolicy));
    }

    [Fact]
    public void First_renewal_of_what_the_agent_itself_made_lets_nothing_wait_a_second_one_is_a_fight()
    {
        var history = new RepairHistory(() => 0.5, new TestTime());
        var deviation = new Deviation(new(KubernetesKinds.NetworkPolicy, new("acme-dev", "vdc-isolation-policy")), IsLooser: true);

        Assert.Equal(1, history.Repaired("acme-dev", deviation.Key, isOwnDoing: true));
        Assert.Equal(TimeSpan.Zero, history.UntilTurn("acme-dev", deviation));

        Assert.Equal(2, history.Repaired("acme-dev", deviation.Key, isOwnDoing: true));
        Assert.Equal(RepairHistory.BetweenClosings, history.UntilTurn("acme-dev", deviation));
    }

    [Fact]
    public async Task Marks_and_names_hide_nothing_from_the_warnings()
    {
        await using var host = await OpenAsync();
        host.Cluster.Has(KubernetesKinds.NetworkPolicy, Policy("vdc-custom-policy", marked: false));
        host.Cluster.Has(KubernetesKinds.NetworkPolicy, Policy("marked", marked: true));
        host.Cluster.Has(KubernetesKinds.RoleBinding, Binding("vdc-admin-mallory"));
        host.Cluster.Has(KubernetesKinds.RoleBinding, Binding("somebodys-own"));

        await host.PassesUntilAsync(() => host.Status().Warnings?.Count == 3);

        Assert.Equal(
            [
                "isolation weakened by NetworkPolicy marked: ingress from everywhere, egress to everywhere",
                "isolation weakened by NetworkPolicy vdc-custom-policy: ingress from everywhere, egress to everywhere",
                "access weakened by RoleBinding vdc-admin-mallory: nobody declared it, and it is not the agent's",
            ],
            host.Status().Warnings);
        Assert.NotNull(host.Find(KubernetesKinds.NetworkPolicy, "vdc-custom-policy"));
        Assert.Contains("ovim_agent_vdc_isolation_weakened{vdc=\"dev\",namespace=\"acme-dev\"} 2", await host.MetricsAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Object_under_a_name_that_is_needed_is_made_as_declared_whoever_made_it()
    {
        await using var host = await OpenAsync();
        host.Cluster.Remove(KubernetesKinds.NetworkPolicy, new("acme-dev", "vdc-isolation-policy"));
        host.Cluster.Has(KubernetesKinds.NetworkPolicy, Policy("vdc-isolation-policy", marked: false));
        host.Cluster.Remove(KubernetesKinds.RoleBinding, new("acme-dev", "vdc-admin-admins"));
        host.Cluster.Has(KubernetesKinds.RoleBinding, Binding("vdc-admin-admins"));
        host.Cluster.Remove(KubernetesKinds.ResourceQuota, Quota);
        host.Cluster.Has(KubernetesKinds.ResourceQuota, JsonNode.Parse(
            """{"metadata":{"name":"vdc-quota","namespace":"acme-dev"},"spec":{"hard":{"requests.cpu":"1k"} } }""")!.AsObject());

        await host.PassesUntilAsync(() => host.Status() is { Status: "Active", Warnings: null }
            && (string?)host.Find(KubernetesKinds.RoleBinding, "vdc-admin-admins")?["roleRef"]!["name"] == VdcNames.AdminRole
            && (string?)host.Find(KubernetesKinds.ResourceQuota, "vdc-quota")?["spec"]!["hard"]!["requests.cpu"] == "8"
            && host.Find(KubernetesKinds.NetworkPolicy, "vdc-isolation-policy")?["spec"]!["ingress"]![0]!["from"] is not null);
    }

    private static async Task<VdcHost> OpenAsync()
    {
        var host = await VdcHost.StartAsync();
        Assert.True((await host.RunAsync("create_vdc", Whole)).IsCompleted);
        await host.PassesUntilAsync(() => host.Status().Status == "Active");
        host.Cluster.ForgetRequests();
        return host;
    }

    // Another writer, who answers at once whatever is written.
    private static void Fight(
        VdcHost host, ResourceKind kind, NamespacedName name, Func<JsonObject, JsonNode?> value, Func<string?, bool> isWrong, Action<JsonObject> set)
    {
        host.Cluster.Changed = change =>
        {
            if (change.Kind == kind && change.Name == name && change.After is { } after && isWrong((string?)value(after)))
                host.Cluster.Change(kind, name, set);
        };
        host.Cluster.Change(kind, name, set);
    }

    private static double Repairs(VdcHost host, ResourceKind kind) =>
        host.MetricsAsync().GetAwaiter().GetResult().Split('\n')
            .Where(line => line.StartsWith($"ovim_agent_vdc_drift_repairs_total{{kind=\"{kind.Kind}\"}}", StringComparison.Ordinal))
            .Select(line => double.Parse(line.Split(' ')[1], null)).SingleOrDefault();

    private static int Writes(VdcHost host, ResourceKind kind) =>
        host.Cluster.Requests.Count(request => request.Kind == kind && (request.Verb is "apply" or "patch"));

    private static int Events(VdcHost host, string reason) => host.Cluster.Requests.Count(request =>
        request.Kind == KubernetesKinds.Event && request.Verb == "create" && request.Detail.Contains(reason, StringComparison.Ordinal));

    private static JsonObject Policy(string name, bool marked) => JsonNode.Parse($$$"""
        {"metadata":{"name":"{{{name}}}","namespace":"acme-dev","labels":{{{(marked ? $$"""{"{{WellKnownNames.ManagedByLabel}}":"{{WellKnownNames.Agent}}","ovim.io/vdc":"dev"}""" : "{}")}}} },
        "spec":{"podSelector":{},"policyTypes":["Ingress","Egress"],"ingress":[{}],"egress":[{}]} }
        """)!.AsObject();

    private static JsonObject Binding(string name) => JsonNode.Parse($$$"""
        {"metadata":{"name":"{{{name}}}","namespace":"acme-dev"},
        "subjects":[{"kind":"Group","apiGroup":"rbac.authorization.k8s.io","name":"mallory"}],
        "roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole","name":"admin"} }
        """)!.AsObject();
}
