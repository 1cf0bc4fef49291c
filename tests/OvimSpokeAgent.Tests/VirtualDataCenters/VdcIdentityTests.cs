using System.Text.Json.Nodes;
using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Tests.Cluster;
using OvimSpokeAgent.Tests.VirtualMachines;

namespace OvimSpokeAgent.Tests.VirtualDataCenters;

/// <summary>What makes a namespace a VDC is taken off it: a tenant loses neither isolation nor access by that.</summary>
public sealed class VdcIdentityTests
{
    private const string Whole =
        """ "quota":{"cpu":8},"limit_range":{"max_cpu":4},"network_policy":"isolated","admin_groups":["admins"] """;

    private static readonly NamespacedName Ns = NamespacedName.ClusterScoped("acme-dev");

    [Theory]
    [InlineData("labels", WellKnownNames.VdcLabel, null)]
    [InlineData("labels", WellKnownNames.VdcLabel, "another")]
    [InlineData("labels", WellKnownNames.OrganizationLabel, null)]
    [InlineData("annotations", WellKnownNames.CreatedByAnnotation, null)]
    [InlineData("annotations", WellKnownNames.DeclaredAnnotation, null)]
    [InlineData("annotations", WellKnownNames.DeclaredAnnotation, "{}")]
    [InlineData("annotations", WellKnownNames.DeclaredAnnotation, """{"vdc_name":5}""")]
    public async Task What_is_taken_off_is_put_back_and_nothing_else_is_touched(string map, string key, string? value)
    {
        var time = new TestTime();
        var cluster = new FakeKubernetesApi(time);
        await using var host = await VdcHost.StartAsync(cluster, time);
        await SettleAsync(host);
        var (before, made) = (Objects(cluster), (string?)host.Namespace()!["metadata"]![map]![key]);

        cluster.Change(KubernetesKinds.Namespace, Ns, ns => Set(ns, map, key, value));
        await host.PassesUntilAsync(() => (string?)host.Namespace()!["metadata"]![map]?[key] == made);
        await host.PassesUntilAsync(host.IsAllAsDeclared);

        Assert.Equal(before, Objects(cluster));
        Assert.Equal("dev", host.Status().Name);
    }

    [Fact]
    public async Task Label_that_was_taken_off_while_no_agent_was_there_is_put_back()
    {
        var time = new TestTime();
        var cluster = new FakeKubernetesApi(time);
        await using (var host = await VdcHost.StartAsync(cluster, time)) await SettleAsync(host);
        var before = Objects(cluster);
        cluster.Change(KubernetesKinds.Namespace, Ns, ns => Set(ns, "labels", WellKnownNames.VdcLabel, null));

        await using var next = await VdcHost.StartAsync(cluster, time);
        await next.PassesUntilAsync(() => (string?)next.Namespace()!["metadata"]!["labels"]![WellKnownNames.VdcLabel] == "dev");

        Assert.Equal(before, Objects(cluster));
        Assert.True((await next.RunAsync("create_vdc", Whole)).IsCompleted);
    }

    [Fact]
    public async Task Namespace_of_which_nobody_can_tell_any_more_who_made_it_is_left_as_closed_as_it_is()
    {
        var time = new TestTime();
        var cluster = new FakeKubernetesApi(time);
        await using (var host = await VdcHost.StartAsync(cluster, time)) await SettleAsync(host);
        var before = Objects(cluster);
        cluster.Change(KubernetesKinds.Namespace, Ns, ns => Set(ns, "annotations", WellKnownNames.CreatedByAnnotation, null));

        await using var next = await VdcHost.StartAsync(cluster, time);
        Assert.Contains("not made by this agent", (await next.RunAsync("delete_vdc")).FailureOf(), StringComparison.Ordinal);
        Assert.True((await next.RunAsync("create_resource_quota", """ "namespace":"acme-dev","quota":{"cpu":9} """)).IsCompleted);
        cluster.Remove(KubernetesKinds.LimitRange, new("acme-dev", "vdc-limits"));
        await next.PassesUntilAsync(() => next.Find(KubernetesKinds.LimitRange, "vdc-limits") is not null);

        Assert.Equal(before.Where(IsOfAccess), Objects(cluster).Where(IsOfAccess));
    }

    private static async Task SettleAsync(VdcHost host)
    {
        Assert.True((await host.RunAsync("create_vdc", Whole)).IsCompleted);
        await host.PassesUntilAsync(host.IsAllAsDeclared);
    }

    // With their uids: an object that was made anew is another one.
    private static List<string> Objects(FakeKubernetesApi cluster) =>
    [
        .. cluster.ObjectsIn("acme-dev").Where(item => item.Kind != KubernetesKinds.Event)
            .Select(item => $"{item.Kind} {item.Name.Name} {cluster.Find(item.Kind, item.Name)!["metadata"]!["uid"]}"),
    ];

    private static bool IsOfAccess(string item) =>
        item.StartsWith("networkpolicies", StringComparison.Ordinal) || item.StartsWith("rolebindings", StringComparison.Ordinal);

    private static void Set(JsonObject ns, string map, string key, string? value)
    {
        if (value is null) ns["metadata"]![map]!.AsObject().Remove(key);
        else ns["metadata"]![map]![key] = value;
    }
}
