using System.Text.Json.Nodes;
using CsCheck;
using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Configuration;
using OvimSpokeAgent.VirtualDataCenters;

namespace OvimSpokeAgent.Tests.VirtualDataCenters;

public sealed class VdcManifestsTests
{
    private const string Whole = """
        {"vdc_name":"dev","quota":{"cpu":20,"memory":64,"storage":500,"vms":7},"limit_range":{"min_cpu":1,"max_cpu":8,"max_memory":32},
        "network_policy":"isolated","admin_groups":["acme-admins","Acme Admins"]}
        """;

    [Fact]
    public void Isolation_comes_first_and_access_last()
    {
        var order = Objects(Whole).Select(manifest => manifest.ToString());

        Assert.Equal(
            [
                "NetworkPolicy vdc-isolation-policy", "NetworkPolicy vdc-cdi-policy", "NetworkPolicy vdc-kubevirt-policy",
                "NetworkPolicy vdc-export-policy", "ResourceQuota vdc-quota", "LimitRange vdc-limits",
                "RoleBinding vdc-admin-acme-admins", $"RoleBinding {VdcNames.BindingOf("Acme Admins")}",
            ],
            order);
    }

    [Fact]
    public void The_quota_is_what_is_declared_and_limits_no_limits()
    {
        var hard = Spec(Whole, "ResourceQuota")["hard"]!.AsObject();

        Assert.Equal("20", (string?)hard["requests.cpu"]);
        Assert.Equal("64Gi", (string?)hard["requests.memory"]);
        Assert.Equal("500Gi", (string?)hard["requests.storage"]);
        Assert.Equal("7", (string?)hard["count/virtualmachines.kubevirt.io"]);
        Assert.DoesNotContain(hard, entry => entry.Key.StartsWith("limits.", StringComparison.Ordinal));
    }

    [Fact]
    public void Headroom_is_added_to_what_is_declared_and_to_nothing_else()
    {
        var hard = Objects(Whole, new QuotaHeadroom(2.5m, 3L << 30)).Single(manifest => manifest.Kind.Kind == "ResourceQuota")
            .Body["spec"]!["hard"]!;

        Assert.Equal("22500m", (string?)hard["requests.cpu"]);
        Assert.Equal("67Gi", (string?)hard["requests.memory"]);
        Assert.Equal("500Gi", (string?)hard["requests.storage"]);
    }

    // A guest in huge pages requests nearly no other memory.
    [Fact]
    public void Memory_of_huge_pages_is_limited_like_any_other()
    {
        var hard = Objects(Whole, new QuotaHeadroom(2.5m, 3L << 30)).Single(manifest => manifest.Kind.Kind == "ResourceQuota").Body["spec"]!["hard"]!;

        foreach (var size in (string[])["64Ki", "1Mi", "2Mi", "32Mi", "512Mi", "1Gi", "16Gi"])
            Assert.Equal("67Gi", (string?)hard[$"requests.hugepages-{size}"]);
        Assert.DoesNotContain(
            Spec("""{"vdc_name":"dev","quota":{"cpu":20}}""", "ResourceQuota")["hard"]!.AsObject(),
            entry => entry.Key.Contains("hugepages", StringComparison.Ordinal));
    }

    [Fact]
    public void The_limit_range_is_a_net_that_fits_around_a_VM_of_the_maximum()
    {
        var limits = Spec(Whole, "LimitRange")["limits"]!.AsArray();

        var container = Assert.Single(limits)!.AsObject();
        Assert.False(container.ContainsKey("min"), "a minimum would refuse the small containers of a VM's pod");
        Assert.True(Cores(container["max"]!["cpu"]) >= 9);
        Assert.True(Cores(container["max"]!["memory"]) > 33L << 30);
        Assert.Equal(("10m", "32Mi"), ((string?)container["defaultRequest"]!["cpu"], (string?)container["defaultRequest"]!["memory"]));
    }

    [Fact]
    public void With_a_quota_alone_containers_get_small_requests_and_no_maximum()
    {
        var container = Spec("""{"vdc_name":"dev","quota":{"cpu":1}}""", "LimitRange")["limits"]![0]!.AsObject();

        Assert.False(container.ContainsKey("max"));
        Assert.True(container.ContainsKey("defaultRequest"));
    }

    [Fact]
    public void Another_ones_namespace_gets_what_is_declared_and_no_more()
    {
        Assert.Equal(["LimitRange vdc-limits"], Objects("""{"limit_range":{"max_cpu":2}}""").Select(manifest => manifest.ToString()));
    }

    [Theory]
    [InlineData("acme-admins", "vdc-admin-acme-admins")]
    [InlineData("team.ops", "vdc-admin-team.ops")]
    public void A_group_that_can_stand_in_a_name_does(string group, string binding) =>
        Assert.Equal(binding, VdcNames.BindingOf(group));

    [Fact]
    public void Two_groups_never_share_a_binding_and_every_name_is_valid() =>
        Gen.Select(Gen.String[1, 60], Gen.String[1, 60]).Sample((one, other) =>
        {
            Assert.Equal(one == other, VdcNames.BindingOf(one) == VdcNames.BindingOf(other));
            Assert.True(Validation.KubernetesNames.IsDnsSubdomain(VdcNames.BindingOf(one)));
            var hash = VdcNames.BindingOf(one)[VdcNames.BindingPrefix.Length..];
            Assert.False(hash != one && VdcNames.BindingOf(hash) == VdcNames.BindingOf(one), "a group named like another's hash");
        });

    [Theory]
    [InlineData(null, "baseline")]
    [InlineData("restricted", "restricted")]
    [InlineData("privileged", "privileged")]
    public void Pod_security_is_that_of_the_setting_and_warns_of_what_is_not_restricted(string? setting, string enforced)
    {
        var environment = new Configuration.TestEnvironment();
        if (setting is not null) environment = environment.With("OVIM_VDC_POD_SECURITY", setting);

        var labels = VdcManifests.NamespaceLabels("acme-dev", Declared.Parse("""{"vdc_name":"dev"}"""), environment.LoadClean());

        Assert.Equal(
            (enforced, "restricted"), (labels["pod-security.kubernetes.io/enforce"], labels["pod-security.kubernetes.io/warn"]));
    }

    [Fact]
    public void The_hubs_labels_do_not_stand_above_the_agents()
    {
        var labels = VdcManifests.NamespaceLabels(
            "ns",
            Declared.Parse("""{"vdc_name":"dev","organization":"acme","labels":{"tier":"1"}}""") with
            {
                Labels = new Dictionary<string, string> { ["tier"] = "1", ["pod-security.kubernetes.io/enforce"] = "privileged" },
            },
            Settings);

        Assert.Equal("baseline", labels["pod-security.kubernetes.io/enforce"]);
        Assert.Equal("restricted", labels["pod-security.kubernetes.io/warn"]);
        Assert.Equal(("dev", "acme", "zone", "1"), (labels[WellKnownNames.VdcLabel], labels[WellKnownNames.OrganizationLabel], labels[WellKnownNames.ZoneLabel], labels["tier"]));
    }

    [Theory]
    [InlineData("""{"spec":{"hard":{"a":"1024Mi"}}}""", """{"spec":{"hard":{"a":"1Gi"}}}""", true)]
    [InlineData("""{"spec":{"hard":{"a":"1","b":"2"}}}""", """{"spec":{"hard":{"b":"2000m","a":1}}}""", true)]
    [InlineData("""{"spec":{"hard":{"a":"1"}}}""", """{"spec":{"hard":{"a":"1","limits.cpu":"2"}}}""", false)]
    [InlineData("""{"spec":{"podSelector":{}}}""", """{"spec":{"podSelector":{"matchLabels":{}},"ingress":[]}}""", true)]
    [InlineData("""{"spec":{"podSelector":{}}}""", """{"spec":{"podSelector":{"matchLabels":{"a":"b"}}}}""", false)]
    [InlineData("""{"spec":{"ingress":[{}]}}""", """{"spec":{"ingress":[]}}""", false)]
    [InlineData("""{"spec":{"ingress":[{"from":[{"podSelector":{}}]}]}}""", """{"spec":{"ingress":[{"from":[{"namespaceSelector":{}}]}]}}""", false)]
    [InlineData("""{"spec":{},"status":{"x":1},"metadata":{"y":2}}""", """{"spec":{}}""", true)]
    [InlineData("""{"subjects":[{"name":"a"}]}""", """{"subjects":[{"name":"b"}]}""", false)]
    [InlineData("""{"roleRef":{"name":"a"}}""", """{"roleRef":{"name":"cluster-admin"}}""", false)]
    public void Objects_are_the_same_exactly_if_they_mean_the_same(string one, string other, bool same) => Assert.Equal(
        same,
        OwnedFingerprint.Of(JsonNode.Parse(one)!.AsObject()) == OwnedFingerprint.Of(JsonNode.Parse(other)!.AsObject()));

    private static AgentSettings Settings { get; } =
        SettingsLoader.Load(new Dictionary<string, string>
        {
            ["OVIM_CLUSTER_ID"] = "cluster",
            ["OVIM_ZONE_ID"] = "zone",
            ["OVIM_HUB_ENDPOINT"] = "http://hub",
            ["OVIM_HUB_TOKEN"] = "token",
        }).Settings!;

    private static IReadOnlyList<OwnedManifest> Objects(string declared, QuotaHeadroom padding = default) =>
        VdcManifests.Objects("ns", Declared.Parse(declared), padding, ClusterNetwork.Usual(Declared.Settings), Declared.Settings);

    private static JsonObject Spec(string declared, string kind) =>
        Objects(declared).Single(manifest => manifest.Kind.Kind == kind).Body["spec"]!.AsObject();

    private static decimal Cores(JsonNode? quantity) => Quantity.TryParse((string?)quantity, out var parsed) ? parsed.Value : 0;
}
