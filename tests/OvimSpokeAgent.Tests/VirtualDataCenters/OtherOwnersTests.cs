using System.Text.Json.Nodes;
using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Tests.Cluster;
using OvimSpokeAgent.Tests.VirtualMachines;
using OvimSpokeAgent.VirtualDataCenters;
using OvimSpokeAgent.VirtualMachines;

namespace OvimSpokeAgent.Tests.VirtualDataCenters;

/// <summary>Namespaces that are there already: of former agents, of the hub's own controller, of anyone else.</summary>
public sealed class OtherOwnersTests
{
    private const string Isolated = """ "quota":{"cpu":8,"memory":16},"network_policy":"isolated","admin_groups":["admins"] """;

    private const string Former = """{"ovim.io/managed-by":"ovim-spoke-agent","ovim.io/vdc":"true","ovim.io/vdc-name":"dev"}""";
    private const string Older = """{"ovim.io/managed-by":"spoke-agent","ovim.io/vdc":"dev"}""";
    private const string Hubs = """{"app.kubernetes.io/managed-by":"ovim","ovim.io/vdc":"dev"}""";

    private static readonly NamespacedName Ns = NamespacedName.ClusterScoped("acme-dev");

    [Theory]
    [InlineData(Former)]
    [InlineData(Older)]
    public async Task Vdc_of_a_former_agent_is_taken_over_and_what_that_one_made_under_other_names_goes(string labels)
    {
        await using var host = await VdcHost.StartAsync();
        HasFormer(host.Cluster, labels);

        Assert.True((await host.RunAsync("create_vdc", Isolated)).IsCompleted);

        await AssertTakenOverAsync(host);
        // It is like any other now.
        Assert.True((await host.RunAsync("create_vdc", Isolated)).IsCompleted);
        Assert.True((await host.RunAsync("update_vdc", """ "quota":{"cpu":4} """)).IsCompleted);
        Assert.True((await host.RunAsync("delete_vdc")).IsCompleted);
        Assert.Null(host.Namespace());
    }

    // Wherever the agent dies or is refused, the next attempt, or the repair by itself, ends it.
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Takeover_that_was_cut_off_at_any_write_is_ended(bool isRefused)
    {
        for (var step = 1; step <= 14; step++)
        {
            var time = new TestTime();
            var cluster = new FakeKubernetesApi(time);
            HasFormer(cluster, Former);
            var writes = 0;
            await using (var host = await VdcHost.StartAsync(cluster, time))
            {
                cluster.Fault = request => request.Kind != KubernetesKinds.Event && request.Verb is "create" or "apply" or "patch" or "delete" && ++writes >= step
                    ? FakeKubernetesApi.Error(isRefused ? ApiErrorReason.Forbidden : ApiErrorReason.Unavailable, "cut off")
                    : null;
                await Record.ExceptionAsync(() => host.RunAsync("create_vdc", Isolated));
            }
            cluster.Fault = null;

            await using var next = await VdcHost.StartAsync(cluster, time);
            // What is declared on the namespace is enough; before that, only the operation itself knows.
            if (cluster.Find(KubernetesKinds.Namespace, Ns)!["metadata"]!["annotations"]?[WellKnownNames.DeclaredAnnotation] is null)
                Assert.True((await next.RunAsync("create_vdc", Isolated)).IsCompleted);
            await AssertTakenOverAsync(next);
        }
    }

    [Fact]
    public async Task Vdc_of_a_former_agent_is_deleted_with_its_guests_first_also_after_the_operations_end()
    {
        await using var host = await VdcHost.StartAsync();
        HasFormer(host.Cluster, Former);
        VmWorld.HasVm(host.Cluster, new("acme-dev", "web"), change: vm => vm["metadata"]!["finalizers"] = new JsonArray("test/hold"));
        using var timeout = new CancellationTokenSource();
        var execution = host.Of("delete_vdc", """ "vm_count":1 """);
        var deleting = execution.RunAsync(timeout.Token);
        await host.PassesUntilAsync(() => execution.WaitsForOthers);
        await timeout.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => deleting);
        Assert.Contains("the deletion goes on", (await execution.ReadBackAsync())!.FailureOf(), StringComparison.Ordinal);

        Assert.Null(host.Namespace()!["metadata"]!["deletionTimestamp"]);
        host.Cluster.Remove(KubeVirtKinds.VirtualMachine, new("acme-dev", "web"));
        await host.PassesUntilAsync(() => host.Namespace() is null);
        Assert.True((await host.RunAsync("delete_vdc")).IsCompleted);
    }

    [Theory]
    [InlineData("""{"ovim.io/managed-by":"spoke-agent","ovim.io/vdc":"prod"}""", "was not made by this agent")]
    [InlineData("""{"ovim.io/managed-by":"spoke-agent"}""", "was not made by this agent")]
    [InlineData("""{"ovim.io/managed-by":"someone","ovim.io/vdc":"dev"}""", "was not made by this agent")]
    [InlineData("""{"app.kubernetes.io/managed-by":"ovim","ovim.io/vdc":"prod"}""", "is kept by the hub's own controller")]
    [InlineData("{}", "was not made by this agent")]
    public async Task Namespace_of_anyone_else_or_of_another_vdc_is_refused(string labels, string reason)
    {
        await using var host = await VdcHost.StartAsync();
        Has(host.Cluster, labels);

        foreach (var type in (string[])["create_vdc", "update_vdc", "delete_vdc"])
            Assert.Contains(reason, (await host.RunAsync(type, Isolated)).FailureOf(), StringComparison.Ordinal);

        Assert.DoesNotContain(host.Cluster.Requests, request => request.Verb is "patch" or "apply" or "delete");
    }

    [Fact]
    public async Task Namespace_of_a_former_agent_is_not_updated_before_it_is_taken_over()
    {
        await using var host = await VdcHost.StartAsync();
        HasFormer(host.Cluster, Former);

        Assert.Contains("was not made by this agent", (await host.RunAsync("update_vdc", Isolated)).FailureOf(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task In_a_namespace_of_the_hubs_own_controller_the_agent_answers_and_reports_and_owns_nothing()
    {
        await using var host = await VdcHost.StartAsync();
        Has(host.Cluster, Hubs);
        host.Cluster.ForgetRequests();

        var made = await host.RunAsync("create_vdc", Isolated);
        Assert.Equal(("acme-dev", "Active"), (made.Result!.Value.GetProperty("namespace").GetString(), made.Result!.Value.GetProperty("status").GetString()));
        await host.PassesUntilAsync(() => host.Statuses().Any(vdc => vdc is { Name: "dev", Namespace: "acme-dev", Status: "Active" }));
        Assert.Contains("is kept by the hub's own controller", (await host.RunAsync("update_vdc", Isolated)).FailureOf(), StringComparison.Ordinal);
        Assert.Contains("is not managed by this agent", (await host.CreateVmAsync("web", 1)).FailureOf(), StringComparison.Ordinal);

        using var timeout = new CancellationTokenSource();
        var execution = host.Of("delete_vdc", """ "vm_count":3 """);
        var deleting = execution.RunAsync(timeout.Token);
        await host.PassesUntilAsync(() => execution.WaitsForOthers);
        await timeout.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => deleting);
        Assert.Equal(
            "namespace acme-dev is kept by the hub's own controller and is not gone yet; this agent deletes nothing in it",
            (await execution.ReadBackAsync())!.FailureOf());

        deleting = host.RunAsync("delete_vdc");
        host.Cluster.Remove(KubernetesKinds.Namespace, Ns);
        Assert.Equal("deleted", (await deleting).Result!.Value.GetProperty("status").GetString());
        Assert.DoesNotContain(host.Cluster.Requests, request => request.Verb is "patch" or "apply" or "delete" && request.Kind != KubernetesKinds.Event);
        await host.PassesUntilAsync(() => host.Statuses().Count == 0);
    }

    [Fact]
    public async Task Changed_zone_of_the_agent_is_no_drift_of_its_vdcs()
    {
        var time = new TestTime();
        var cluster = new FakeKubernetesApi(time);
        await using (var host = await VdcHost.StartAsync(cluster, time, ("OVIM_ZONE_ID", "old-zone")))
        {
            Assert.True((await host.RunAsync("create_vdc", Isolated)).IsCompleted);
            Assert.True((await host.Of("create_vdc", """ "vdc_name":"prod","target_namespace":"acme-prod","zone_id":"its-own" """).RunAsync()).IsCompleted);
            await host.PassesUntilAsync(host.IsAllAsDeclared);
        }
        cluster.ForgetRequests();

        await using var next = await VdcHost.StartAsync(cluster, time, ("OVIM_ZONE_ID", "new-zone"));
        await next.PassesUntilAsync(() => next.Statuses().Count == 2 && next.IsAllAsDeclared());
        Assert.True((await next.RunAsync("update_vdc", """ "quota":{"cpu":4} """)).IsCompleted);
        Assert.True((await next.RunAsync("create_vdc", """ "quota":{"cpu":4,"memory":16},"network_policy":"isolated","admin_groups":["admins"] """)).IsCompleted);
        Assert.Equal("old-zone", Zone("acme-dev"));
        Assert.Equal("its-own", Zone("acme-prod"));
        Assert.DoesNotContain(cluster.Requests, request => request.Kind == KubernetesKinds.Event);
        // What is declared is put back as before.
        cluster.Change(KubernetesKinds.Namespace, NamespacedName.ClusterScoped("acme-prod"), ns => ns["metadata"]!["labels"]![WellKnownNames.ZoneLabel] = "x");
        await next.PassesUntilAsync(() => Zone("acme-prod") == "its-own");

        string? Zone(string ns) =>
            (string?)cluster.Find(KubernetesKinds.Namespace, NamespacedName.ClusterScoped(ns))!["metadata"]!["labels"]![WellKnownNames.ZoneLabel];
    }

    private static async Task AssertTakenOverAsync(VdcHost host)
    {
        await host.PassesUntilAsync(() => host.Statuses() is [{ Name: "dev", Status: "Active", Warnings: null }]
            && host.Namespace()!["metadata"]!["labels"]![OtherOwners.FormerLabel] is null);
        Assert.Equal(
            [
                "NetworkPolicy vdc-cdi-policy", "NetworkPolicy vdc-export-policy", "NetworkPolicy vdc-isolation-policy",
                "NetworkPolicy vdc-kubevirt-policy", "ResourceQuota vdc-quota", "RoleBinding own", "RoleBinding vdc-admin-admins",
            ],
            host.Cluster.ObjectsIn("acme-dev").Where(item => item.Kind != KubernetesKinds.Event && item.Kind != KubernetesKinds.LimitRange)
                .Select(item => $"{item.Kind.Kind} {item.Name.Name}").Order(StringComparer.Ordinal));
        var quota = host.Find(KubernetesKinds.ResourceQuota, "vdc-quota")!["spec"]!["hard"]!;
        Assert.Equal(("8", null), ((string?)quota["requests.cpu"], (string?)quota["persistentvolumeclaims"]));
        var labels = host.Namespace()!["metadata"]!["labels"]!;
        Assert.Equal(("dev", WellKnownNames.Agent), ((string?)labels[WellKnownNames.VdcLabel], (string?)labels[WellKnownNames.ManagedByLabel]));
        Assert.StartsWith("ovim-op-", (string?)host.Namespace()!["metadata"]!["annotations"]![WellKnownNames.CreatedByAnnotation], StringComparison.Ordinal);
    }

    // As a former agent left it: a quota of the same name with more in it, and a binding that lets an account write almost anything.
    private static void HasFormer(FakeKubernetesApi cluster, string labels)
    {
        Has(cluster, labels);
        const string Marks = """{"ovim.io/vdc":"true","ovim.io/managed-by":"ovim-spoke-agent"}""";
        Add(KubernetesKinds.ResourceQuota, "vdc-quota", Marks, """ "spec":{"hard":{"requests.cpu":"64","persistentvolumeclaims":"10"} } """);
        Add(KubernetesKinds.NetworkPolicy, "vdc-network-policy", Marks, """ "spec":{"podSelector":{},"ingress":[{}]} """);
        Add(KubernetesKinds.RoleBinding, "vdc-operator", Marks, """ "roleRef":{"kind":"Role","name":"vdc-operator"} """);
        Add(KubernetesKinds.RoleBinding, "own", "{}", """ "roleRef":{"kind":"ClusterRole","name":"view"} """);

        void Add(ResourceKind kind, string name, string marks, string more) => cluster.Has(kind, JsonNode.Parse(
            $$$"""{"metadata":{"name":"{{{name}}}","namespace":"acme-dev","labels":{{{marks}}} },{{{more}}} }""")!.AsObject());
    }

    private static void Has(FakeKubernetesApi cluster, string labels) => cluster.Has(KubernetesKinds.Namespace, new JsonObject
    {
        ["metadata"] = new JsonObject
        {
            ["name"] = "acme-dev",
            ["labels"] = JsonNode.Parse(labels),
            ["annotations"] = new JsonObject { [WellKnownNames.CreatedByAnnotation] = "spoke-vdc-controller" },
        },
    });
}
