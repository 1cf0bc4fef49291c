using System.Text.Json.Nodes;
using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Tests.Cluster;
using OvimSpokeAgent.Tests.VirtualMachines;
using OvimSpokeAgent.VirtualDataCenters;
using OvimSpokeAgent.VirtualMachines;

namespace OvimSpokeAgent.Tests.VirtualDataCenters;

/// <summary>What VDC operations leave behind when requests fail, answers are lost and the agent dies in between.</summary>
public sealed class VdcOperationTests
{
    private const string Whole =
        """ "quota":{"cpu":8,"memory":16},"limit_range":{"max_cpu":4},"network_policy":"isolated","admin_groups":["admins"] """;

    private const string AllPolicies =
        "NetworkPolicy vdc-isolation-policy, NetworkPolicy vdc-cdi-policy, NetworkPolicy vdc-kubevirt-policy, NetworkPolicy vdc-export-policy";

    private static readonly string[] WholeObjects =
    [
        "namespaces acme-dev", "networkpolicies.networking.k8s.io acme-dev/vdc-isolation-policy",
        "networkpolicies.networking.k8s.io acme-dev/vdc-cdi-policy", "networkpolicies.networking.k8s.io acme-dev/vdc-kubevirt-policy",
        "networkpolicies.networking.k8s.io acme-dev/vdc-export-policy", "resourcequotas acme-dev/vdc-quota",
        "limitranges acme-dev/vdc-limits", "rolebindings.rbac.authorization.k8s.io acme-dev/vdc-admin-admins",
    ];

    public static TheoryData<string> EachObject => [.. WholeObjects];

    [Fact]
    public async Task Objects_are_made_isolation_first_and_access_last()
    {
        await using var host = await VdcHost.StartAsync();

        Assert.True((await host.RunAsync("create_vdc", Whole)).IsCompleted);

        Assert.Equal(WholeObjects, Writes(host).Select(request => $"{request.Kind} {request.Name}"));
    }

    [Theory]
    [InlineData("networkpolicies", "nothing", "NetworkPolicy vdc-isolation-policy")]
    [InlineData("resourcequotas", AllPolicies, "ResourceQuota vdc-quota")]
    public async Task Refused_object_ends_it_before_access_and_is_named_and_the_next_attempt_completes_it(
        string refused, string made, string notMade)
    {
        await using var host = await VdcHost.StartAsync();
        host.Cluster.Fault = request => request.Verb == "apply" && request.Kind.Plural == refused
            ? new KubernetesApiException(ApiErrorReason.Forbidden, "admission says no")
            : null;

        var error = (await host.RunAsync("create_vdc", Whole)).FailureOf();

        Assert.StartsWith($"namespace acme-dev: made: {made}; not made: {notMade}", error, StringComparison.Ordinal);
        Assert.EndsWith("admission says no", error, StringComparison.Ordinal);
        Assert.Null(host.Find(KubernetesKinds.RoleBinding, "vdc-admin-admins"));
        host.Cluster.Fault = null;
        Assert.True((await host.RunAsync("create_vdc", Whole)).IsCompleted);
        Assert.NotNull(host.Find(KubernetesKinds.RoleBinding, "vdc-admin-admins"));
    }

    [Fact]
    public async Task Attempt_that_was_not_completed_can_be_made_with_another_declaration()
    {
        await using var host = await VdcHost.StartAsync();
        host.Cluster.Fault = request => request.Kind == KubernetesKinds.ResourceQuota && request.Verb == "apply"
            ? new KubernetesApiException(ApiErrorReason.Invalid, "no")
            : null;
        Assert.False((await host.RunAsync("create_vdc", Whole)).IsCompleted);
        host.Cluster.Fault = null;

        Assert.True((await host.RunAsync("create_vdc", """ "quota":{"cpu":2} """)).IsCompleted);

        Assert.Equal("2", (string?)host.Find(KubernetesKinds.ResourceQuota, "vdc-quota")!["spec"]!["hard"]!["requests.cpu"]);
        Assert.Null(host.Find(KubernetesKinds.NetworkPolicy, "vdc-isolation-policy"));
    }

    [Fact]
    public async Task Vdc_that_someone_changed_a_moment_ago_is_not_made_anew_with_another_declaration()
    {
        await using var host = await VdcHost.StartAsync();
        Assert.True((await host.RunAsync("create_vdc", Whole)).IsCompleted);
        host.Cluster.Remove(KubernetesKinds.NetworkPolicy, new("acme-dev", "vdc-isolation-policy"));

        var error = (await host.RunAsync("create_vdc", """ "quota":{"cpu":2} """)).FailureOf();

        Assert.Equal("VDC dev exists already in namespace acme-dev, with another declaration; update_vdc changes it", error);
        Assert.True((await host.RunAsync("create_vdc", Whole)).IsCompleted);
        AssertWhole(host);
    }

    [Theory]
    [InlineData("create_vdc", Whole)]
    [InlineData("update_vdc", """ "quota":{"cpu":8} """)]
    public async Task Vdc_that_was_completed_after_a_failure_is_changed_by_update_alone(string completes, string payload)
    {
        await using var host = await VdcHost.StartAsync();
        host.Cluster.Fault = request => request.Kind == KubernetesKinds.LimitRange && request.Verb == "apply"
            ? new KubernetesApiException(ApiErrorReason.Invalid, "no")
            : null;
        Assert.False((await host.RunAsync("create_vdc", Whole)).IsCompleted);
        host.Cluster.Fault = null;
        Assert.True((await host.RunAsync(completes, payload)).IsCompleted);

        Assert.Contains("update_vdc changes it", (await host.RunAsync("create_vdc", """ "quota":{"cpu":2} """)).FailureOf(), StringComparison.Ordinal);

        AssertWhole(host);
    }

    [Theory]
    [MemberData(nameof(EachObject))]
    public async Task Request_that_fails_or_whose_answer_is_lost_is_made_again_to_the_same_end(string which)
    {
        foreach (var isLost in (bool[])[false, true])
        {
            await using var host = await VdcHost.StartAsync();
            var faults = 0;
            Exception? Once(FakeRequest request) =>
                IsWrite(request) && $"{request.Kind} {request.Name}" == which && faults++ < 2
                    ? new KubernetesApiException(ApiErrorReason.Unavailable, "gone")
                    : null;
            if (isLost) host.Cluster.LostAnswer = Once;
            else host.Cluster.Fault = Once;

            Assert.True((await host.Of("create_vdc", Whole).RunUntilDoneAsync()).IsCompleted);

            AssertWhole(host);
        }
    }

    [Theory]
    [MemberData(nameof(EachObject))]
    public async Task Agent_that_dies_after_any_step_completes_it_when_it_comes_back(string last)
    {
        var time = new TestTime();
        var cluster = new FakeKubernetesApi(time);
        const string Key = "ovim-op-00000000000000000042";
        await using (var host = await VdcHost.StartAsync(cluster, time))
        {
            var isDead = false;
            cluster.Fault = request => isDead && IsWrite(request) ? new KubernetesApiException(ApiErrorReason.Unavailable, "dead") : null;
            cluster.LostAnswer = request =>
            {
                isDead |= IsWrite(request) && $"{request.Kind} {request.Name}" == last;
                return isDead ? new KubernetesApiException(ApiErrorReason.Unavailable, "dead") : null;
            };
            await Assert.ThrowsAsync<KubernetesApiException>(() => host.Of("create_vdc", Whole, Key).RunAsync());
        }
        (cluster.Fault, cluster.LostAnswer) = (null, null);

        await using var next = await VdcHost.StartAsync(cluster, time);
        Assert.True((await next.Of("create_vdc", Whole, Key).RunUntilDoneAsync()).IsCompleted);

        AssertWhole(next);
        Assert.Equal(Key, (string?)next.Namespace()!["metadata"]!["annotations"]![WellKnownNames.CreatedByAnnotation]);
    }

    [Fact]
    public async Task What_timed_out_is_told_as_it_is()
    {
        await using var host = await VdcHost.StartAsync();
        host.Cluster.Fault = request => request.Kind == KubernetesKinds.LimitRange && request.Verb == "apply"
            ? new KubernetesApiException(ApiErrorReason.Unavailable, "away")
            : null;
        var execution = host.Of("create_vdc", Whole);
        await Assert.ThrowsAsync<KubernetesApiException>(execution.RunAsync);

        var told = (await execution.ReadBackAsync())!.FailureOf();

        Assert.Contains($"made: {AllPolicies}, ResourceQuota vdc-quota; not made: LimitRange vdc-limits", told, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Namespace_that_is_still_being_deleted_is_no_new_vdc()
    {
        await using var host = await VdcHost.StartAsync();
        await host.RunAsync("create_vdc", Whole);
        HoldNamespace(host);
        await host.Cluster.DeleteAsync(KubernetesKinds.Namespace, NamespacedName.ClusterScoped("acme-dev"), new(), default);

        Assert.Contains("still being deleted", (await host.RunAsync("create_vdc", Whole)).FailureOf(), StringComparison.Ordinal);
        Assert.Contains("is being deleted", (await host.RunAsync("update_vdc", Whole)).FailureOf(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Update_takes_access_first_and_the_old_policy_last()
    {
        await using var host = await VdcHost.StartAsync();
        await host.RunAsync("create_vdc", Whole);
        host.Cluster.ForgetRequests();

        Assert.True((await host.RunAsync("update_vdc", """
            "network_policy":"custom","custom_network_config":{"deny_all_ingress":true},"admin_groups":["ops"]
            """)).IsCompleted);

        var writes = Writes(host).Select(request => $"{request.Verb} {request.Name.Name}").ToList();
        Assert.Equal(
            ["patch acme-dev", "delete vdc-admin-admins", "apply vdc-custom-policy", "apply vdc-quota", "apply vdc-limits", "apply vdc-admin-ops"],
            writes[..^4]);
        Assert.Equal(["delete vdc-cdi-policy", "delete vdc-export-policy", "delete vdc-isolation-policy", "delete vdc-kubevirt-policy"], writes[^4..].Order());
    }

    [Fact]
    public async Task Vdc_is_not_given_to_another_organization()
    {
        await using var host = await VdcHost.StartAsync();
        await host.RunAsync("create_vdc", Whole);

        var error = (await host.RunAsync("update_vdc", """ "organization":"globex","quota":{"cpu":4} """)).FailureOf();

        Assert.Equal("organization: \"acme-dev\" is a VDC of \"acme\" and stays one, it cannot be given to \"globex\"", error);
        AssertWhole(host);
    }

    [Fact]
    public async Task Foreign_quota_under_the_agents_name_is_not_taken_over()
    {
        await using var host = await VdcHost.StartAsync();
        host.Cluster.HasNamespace("theirs");
        host.Cluster.Has(KubernetesKinds.ResourceQuota, new JsonObject
        {
            ["metadata"] = new JsonObject { ["name"] = "vdc-quota", ["namespace"] = "theirs" },
            ["spec"] = new JsonObject { ["hard"] = new JsonObject { ["pods"] = "1" } },
        });

        var error = (await host.RunAsync("create_resource_quota", """ "namespace":"theirs","quota":{"cpu":1} """)).FailureOf();

        Assert.Contains("ResourceQuota vdc-quota exists already in namespace theirs and is not the agent's", error, StringComparison.Ordinal);
        Assert.Equal("1", (string?)host.Cluster.Find(KubernetesKinds.ResourceQuota, new("theirs", "vdc-quota"))!["spec"]!["hard"]!["pods"]);
        Assert.Null(host.Cluster.Find(KubernetesKinds.Namespace, NamespacedName.ClusterScoped("theirs"))!["metadata"]!["annotations"]);
    }

    [Fact]
    public async Task Room_in_the_quota_is_made_before_the_vm()
    {
        await using var host = await VdcHost.StartAsync();
        await host.RunAsync("create_vdc", Whole);
        host.Cluster.ForgetRequests();

        Assert.True((await host.CreateVmAsync("web", 2, "4Gi")).IsCompleted);

        Assert.Equal(["apply vdc-quota", "create web"], Writes(host).Select(request => $"{request.Verb} {request.Name.Name}"));
        var hard = host.Find(KubernetesKinds.ResourceQuota, "vdc-quota")!["spec"]!["hard"]!;
        Assert.Equal(("12", "24Gi"), ((string?)hard["requests.cpu"], (string?)hard["requests.memory"]));
        Assert.Equal((8000, 16L << 30), (host.Status().ResourceUsage.CpuCapacity, host.Status().ResourceUsage.MemoryCapacity));
    }

    [Fact]
    public async Task Operations_of_before_take_their_room_back_in_their_order_before_any_new_one()
    {
        await using var host = await VdcHost.StartAsync();
        await host.RunAsync("create_vdc", Whole);
        foreach (var (key, vm) in ((string, string)[])[("op-1", "first"), ("op-2", "second"), ("op-3", "no-room-for-it")])
        {
            host.Admission.Restore(new(
                new("acme-dev", vm), new() { Vcpus = 3, MemoryBytes = 1L << 30 }, ClaimKind.Create, new(key)));
        }

        Assert.Equal("quota.cpu: asked 3 vCPUs, used 6 vCPUs, allowed 8", (await host.CreateVmAsync("new", 3)).FailureOf());
        Assert.True((await host.CreateVmAsync("small", 2)).IsCompleted);
    }

    private static void HoldNamespace(VdcHost host) => host.Cluster.Change(
        KubernetesKinds.Namespace,
        NamespacedName.ClusterScoped("acme-dev"),
        ns => ns["metadata"]!["finalizers"] = new JsonArray("example.com/hold"));

    private static void AssertWhole(VdcHost host)
    {
        foreach (var manifest in VdcManifests.Objects("acme-dev", Declared.Parse($"{{\"vdc_name\":\"dev\",{Whole}}}"), QuotaHeadroom.None, ClusterNetwork.Usual(Declared.Settings), Declared.Settings))
        {
            var found = host.Cluster.Find(manifest.Kind, manifest.Name);
            Assert.True(found is not null && OwnedFingerprint.Of(found) == manifest.Fingerprint, manifest.ToString());
        }
    }

    private static bool IsWrite(FakeRequest request) =>
        request.Verb is "create" or "patch" or "apply" or "delete" && request.Kind != KubernetesKinds.Event;

    private static IEnumerable<FakeRequest> Writes(VdcHost host) => host.Cluster.Requests.Where(IsWrite);
}
