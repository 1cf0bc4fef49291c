using System.Text.Json.Nodes;
using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Supervision;
using OvimSpokeAgent.Tests.Cluster;
using OvimSpokeAgent.Tests.VirtualMachines;
using OvimSpokeAgent.VirtualDataCenters;
using OvimSpokeAgent.VirtualMachines;

namespace OvimSpokeAgent.Tests.VirtualDataCenters;

/// <summary>When drift is repaired, when it is not drift, and what happens where it cannot be.</summary>
public sealed class VdcRepairTests
{
    private const string Whole =
        """ "quota":{"cpu":8,"memory":16},"limit_range":{"max_cpu":4},"network_policy":"isolated","admin_groups":["admins"] """;

    private static readonly NamespacedName Quota = new("acme-dev", "vdc-quota");
    private static readonly NamespacedName Policy = new("acme-dev", "vdc-isolation-policy");

    [Fact]
    public async Task What_the_agent_itself_did_is_no_drift()
    {
        await using var host = await OpenAsync();
        await host.CreateVmAsync("web", 2, "4Gi");
        await host.RunAsync("update_vdc", """ "quota":{"cpu":20},"network_policy":"default" """);
        await host.PassesUntilAsync(() => host.Status().Status == "Active" && host.Find(KubernetesKinds.NetworkPolicy, "vdc-isolation-policy") is null);

        Assert.Equal(0, Events(host));
    }

    [Fact]
    public async Task Vms_that_come_and_go_cost_no_request_while_the_padding_covers_them()
    {
        await using var host = await OpenAsync();
        await host.CreateVmAsync("web", 2, "4Gi");
        await SettleAsync(host);
        host.Cluster.ForgetRequests();

        for (var i = 0; i < 20; i++)
            host.Cluster.Change(KubeVirtKinds.VirtualMachine, new("acme-dev", "web"), vm => vm["status"] = new JsonObject { ["printableStatus"] = $"S{i}" });
        host.Cluster.Has(KubeVirtKinds.VirtualMachine, QuotaVm("small"));
        await host.PassesUntilAsync(() => host.Status().ResourceUsage.VmCount == 2);
        await SettleAsync(host);

        Assert.DoesNotContain(host.Cluster.Requests, request => request.Name.Namespace == "acme-dev");
    }

    [Fact]
    public async Task Quota_is_raised_for_vms_of_tenants_and_lowered_after_a_while_without_an_alarm()
    {
        await using var host = await OpenAsync();
        for (var i = 0; i < 3; i++) host.Cluster.Has(KubeVirtKinds.VirtualMachine, QuotaVm($"vm-{i}"));
        await host.PassesUntilAsync(() => HardMemory(host) == "20Gi");

        for (var i = 0; i < 3; i++) host.Cluster.Remove(KubeVirtKinds.VirtualMachine, new("acme-dev", $"vm-{i}"));
        await host.PassesUntilAsync(() => host.Status().ResourceUsage.VmCount == 0);
        await SettleAsync(host);
        Assert.Equal("20Gi", HardMemory(host));
        host.Time.Advance(HeadroomTracker.LowerAfter);
        await host.PassesUntilAsync(() => HardMemory(host) == "16Gi");

        Assert.Equal(0, Events(host));
    }

    [Fact]
    public async Task Tenant_that_changes_sizes_again_and_again_has_the_quota_written_a_few_times_only()
    {
        await using var host = await OpenAsync();
        host.Cluster.Has(KubeVirtKinds.VirtualMachine, QuotaVm("web"));
        var most = HeadroomCalculator.Most(Declared.Parse("{" + Whole + "}").Quota);
        await SettleAsync(host);
        host.Cluster.ForgetRequests();

        for (var i = 0; i < 100; i++)
        {
            var size = i % 2 == 0 ? 4 * (i + 1) : 1;
            host.Cluster.Change(KubeVirtKinds.VirtualMachine, new("acme-dev", "web"), vm =>
                vm["spec"]!["template"]!["spec"]!["domain"]!["memory"]!["guest"] = $"{size}Gi");
            await host.PassesUntilAsync(() => host.Status().ResourceUsage.MemoryUsed == (long)size << 30);
        }
        await SettleAsync(host);

        Assert.InRange(
            host.Cluster.Requests.Count(request => request.Verb == "apply" && request.Kind == KubernetesKinds.ResourceQuota),
            1,
            (int)((most.Cpu / 2) + (most.Memory / (4L << 30))));
        Assert.Equal(0, Events(host));
    }

    [Fact]
    public async Task Quota_that_someone_raised_within_the_steps_of_padding_is_put_back_too()
    {
        await using var host = await OpenAsync();

        host.Cluster.Change(KubernetesKinds.ResourceQuota, Quota, quota => quota["spec"]!["hard"]!["requests.memory"] = "20Gi");
        await host.PassesUntilAsync(() => HardMemory(host) == "16Gi");

        await host.PassesUntilAsync(() => Events(host) == 1);
    }

    [Fact]
    public async Task Agent_that_starts_again_takes_a_padded_quota_over_as_it_is()
    {
        var time = new TestTime();
        var cluster = new FakeKubernetesApi(time);
        await using (var host = await VdcHost.StartAsync(cluster, time))
        {
            await host.RunAsync("create_vdc", Whole);
            await host.CreateVmAsync("web", 2, "4Gi");
            cluster.Remove(KubeVirtKinds.VirtualMachine, new("acme-dev", "web"));
            await host.PassesUntilAsync(() => host.Status().ResourceUsage.VmCount == 0);
        }
        cluster.ForgetRequests();

        await using var next = await VdcHost.StartAsync(cluster, time);
        await next.PassesUntilAsync(() => next.Status().Status == "Active");
        await SettleAsync(next);

        Assert.DoesNotContain(cluster.Requests, request => request.Verb is not ("list" or "watch"));
    }

    [Fact]
    public async Task Server_that_asks_to_come_back_at_once_is_not_asked_without_end()
    {
        await using var host = await OpenAsync();
        host.Cluster.ForgetRequests();
        host.Cluster.Fault = request => request.Verb == "apply"
            ? new KubernetesApiException(ApiErrorReason.TooManyRequests, "too busy", retryAfter: TimeSpan.Zero)
            : null;
        host.Cluster.Remove(KubernetesKinds.NetworkPolicy, Policy);
        await host.PassesUntilAsync(() => host.Cluster.RequestsWith("apply").Any());

        var since = host.Time.GetUtcNow();
        await host.PassesUntilAsync(() => host.Cluster.RequestsWith("apply").Count() >= 6);

        Assert.True(host.Time.GetUtcNow() - since > TimeSpan.FromSeconds(20), $"five tries within {host.Time.GetUtcNow() - since}");
    }

    [Fact]
    public async Task Repair_that_is_refused_is_tried_again_ever_more_rarely_and_shown_everywhere()
    {
        await using var host = await OpenAsync();
        host.Cluster.ForgetRequests();
        host.Cluster.Fault = request => request.Verb == "apply" ? FakeKubernetesApi.Error(ApiErrorReason.Forbidden, "no rights") : null;
        host.Cluster.Remove(KubernetesKinds.NetworkPolicy, Policy);
        await host.PassesUntilAsync(() => host.Cluster.RequestsWith("apply").Any());

        foreach (var seconds in (int[])[1, 2, 4, 8, 16, 32, 60, 60])
        {
            var (tries, since) = (host.Cluster.RequestsWith("apply").Count(), host.Time.GetUtcNow());
            await host.PassesUntilAsync(() => host.Cluster.RequestsWith("apply").Count() > tries, TimeSpan.FromSeconds(seconds / 16.0));
            Assert.True(host.Time.GetUtcNow() - since > TimeSpan.FromSeconds(seconds * 0.7), $"the try after {seconds} s"); // chance takes a quarter
        }

        const string Problem = "NetworkPolicy vdc-isolation-policy: no rights";
        Assert.Contains($"not as declared: {Problem}", host.Status().Warnings!);
        Assert.Equal((HealthStatus.Degraded, $"VDC dev (acme-dev): {Problem}"), (host.Health().Status, host.Health().Message));
        Assert.Contains("ovim_agent_vdc_drift_repair_failures_total", await host.MetricsAsync(), StringComparison.Ordinal);

        host.Cluster.Fault = null;
        await host.PassesUntilAsync(() => host.Status() is { Status: "Active", Warnings: null });
        Assert.Equal(HealthStatus.Healthy, host.Health().Status);
    }

    [Fact]
    public async Task Object_that_the_cluster_itself_changes_is_not_replaced_over_and_over()
    {
        await using var host = await VdcHost.StartAsync();
        host.Cluster.Mutate = (kind, body) =>
        {
            if (kind == KubernetesKinds.LimitRange) body["spec"]!["limits"]!.AsArray().Add((JsonNode)new JsonObject { ["type"] = "Pod" });
        };

        Assert.Contains("does not stay as declared", (await host.RunAsync("create_vdc", Whole)).FailureOf(), StringComparison.Ordinal);
        await host.PassesUntilAsync(() => host.Status().Status == "Failed");
        for (var i = 0; i < 30; i++) host.Time.Advance(TimeSpan.FromSeconds(1));
        await SettleAsync(host);

        Assert.Empty(host.Cluster.RequestsWith("delete"));
    }

    [Fact]
    public async Task What_an_apply_does_not_put_back_is_put_back_when_it_comes_again()
    {
        await using var host = await OpenAsync();
        var began = host.Time.GetUtcNow();

        for (var i = 0; i < 3; i++)
        {
            host.Cluster.Change(KubernetesKinds.ResourceQuota, new("acme-dev", "vdc-quota"), quota => quota["spec"]!["hard"]!["pods"] = "0");
            await host.PassesUntilAsync(() => host.Find(KubernetesKinds.ResourceQuota, "vdc-quota")?["spec"]!["hard"]!["pods"] is null
                && host.Find(KubernetesKinds.ResourceQuota, "vdc-quota") is not null);
        }

        Assert.True(host.Time.GetUtcNow() - began < TimeSpan.FromMinutes(2), $"three times took {host.Time.GetUtcNow() - began}");
    }

    [Fact]
    public async Task Unreadable_declaration_holds_as_it_was_remembered()
    {
        await using var host = await OpenAsync();

        host.Cluster.Change(
            KubernetesKinds.Namespace,
            NamespacedName.ClusterScoped("acme-dev"),
            ns => ns["metadata"]!["annotations"]!.AsObject().Remove(WellKnownNames.DeclaredAnnotation));

        await host.PassesUntilAsync(() => host.Namespace()!["metadata"]!["annotations"]![WellKnownNames.DeclaredAnnotation] is not null);
        await host.PassesUntilAsync(() => host.Status() is { Status: "Active", Warnings: null });
        Assert.NotNull(host.Find(KubernetesKinds.NetworkPolicy, "vdc-isolation-policy"));
    }

    [Fact]
    public async Task Declaration_that_nobody_can_read_is_told_and_nothing_is_touched()
    {
        var time = new TestTime();
        var cluster = new FakeKubernetesApi(time);
        await using (var host = await VdcHost.StartAsync(cluster, time)) await host.RunAsync("create_vdc", Whole);
        cluster.Change(
            KubernetesKinds.Namespace,
            NamespacedName.ClusterScoped("acme-dev"),
            ns => ns["metadata"]!["annotations"]![WellKnownNames.DeclaredAnnotation] = """{"quota":{"cpu":"lots"}}""");
        cluster.ForgetRequests();

        await using var next = await VdcHost.StartAsync(cluster, time);
        await SettleAsync(next);

        Assert.Equal("Failed", next.Status().Status);
        Assert.Contains("quota.cpu", Assert.Single(next.Status().Warnings!), StringComparison.Ordinal);
        Assert.Contains("cannot be read", (await next.RunAsync("update_vdc", Whole)).Error, StringComparison.Ordinal);
        Assert.DoesNotContain(cluster.Requests, request => request.Verb is "apply" or "patch" or "delete");
        Assert.True((await next.RunAsync("create_vdc", Whole)).IsCompleted);
    }

    [Fact]
    public async Task Deleted_vdc_leaves_no_metrics_and_no_state()
    {
        await using var host = await OpenAsync();
        Assert.Contains("ovim_agent_vdc_quota{vdc=\"dev\",namespace=\"acme-dev\",resource=\"cpu\"} 8", await host.MetricsAsync(), StringComparison.Ordinal);

        await host.RunAsync("delete_vdc");
        await Eventually.HoldsAsync(() => host.States.Get("acme-dev") == VdcCondition.Unknown);

        Assert.DoesNotContain("acme-dev", await host.MetricsAsync(), StringComparison.Ordinal);
        Assert.Contains("ovim_agent_vdcs{status=\"Active\"} 0", await host.MetricsAsync(), StringComparison.Ordinal);
    }

    private static async Task<VdcHost> OpenAsync()
    {
        var host = await VdcHost.StartAsync();
        Assert.True((await host.RunAsync("create_vdc", Whole)).IsCompleted);
        await host.PassesUntilAsync(() => host.Status().Status == "Active");
        return host;
    }

    // Whatever was about to happen has happened: another namespace's object was looked at after it.
    private static async Task SettleAsync(VdcHost host)
    {
        for (var i = 0; i < 20; i++)
        {
            host.Time.Advance(TimeSpan.FromMilliseconds(500));
            await Task.Yield();
        }
        var last = host.Cluster.Requests.Count;
        host.Cluster.Has(KubernetesKinds.Namespace, new JsonObject
        {
            ["metadata"] = new JsonObject
            {
                ["name"] = $"settle-{Guid.NewGuid():N}",
                ["labels"] = new JsonObject { [WellKnownNames.ManagedByLabel] = WellKnownNames.Agent },
                ["annotations"] = new JsonObject { [WellKnownNames.DeclaredAnnotation] = """{"quota":{"vms":1}}""" },
            },
        });
        await host.PassesUntilAsync(() => host.Cluster.Requests.Skip(last).Any(request =>
            request.Verb == "apply" && request.Name.Namespace.StartsWith("settle-", StringComparison.Ordinal)));
        host.Cluster.ForgetRequestsOf("settle-");
    }

    private static JsonObject QuotaVm(string name)
    {
        var vm = QuotaWorld.Vm(name, 1, 1);
        vm["metadata"]!["namespace"] = "acme-dev";
        return vm;
    }

    private static string? HardMemory(VdcHost host) =>
        (string?)host.Find(KubernetesKinds.ResourceQuota, "vdc-quota")?["spec"]!["hard"]!["requests.memory"];

    private static int Events(VdcHost host) => host.Cluster.Requests.Count(request =>
        request.Kind == KubernetesKinds.Event && request.Name.Namespace is ("acme-dev" or "default") && request.Detail.Contains("DriftRepaired", StringComparison.Ordinal));
}
