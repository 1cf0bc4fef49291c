using System.Text.Json.Nodes;
using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Supervision;
using OvimSpokeAgent.Tests.Cluster;
using OvimSpokeAgent.VirtualDataCenters;
using OvimSpokeAgent.VirtualMachines;

namespace OvimSpokeAgent.Tests.VirtualDataCenters;

/// <summary>How the agent finds the cluster's DNS, KubeVirt and CDI, and what a change of them does to closed VDCs.</summary>
public sealed class ClusterNetworkDiscoveryTests
{
    private const string DnsAddress = "10.96.0.10";

    private static readonly NamespacedName Policy = new("acme-dev", "vdc-isolation-policy");

    internal static JsonObject Service(string ns, string name, params string[] addresses) => JsonNode.Parse($$$"""
        {"metadata":{"namespace":"{{{ns}}}","name":"{{{name}}}"},"spec":{"clusterIP":"{{{addresses[0]}}}",
        "clusterIPs":[{{{string.Join(',', addresses.Select(address => $"\"{address}\""))}}}],"selector":{"tier":"dns","app":"coredns"},
        "ports":[{"name":"dns","port":53,"protocol":"UDP","targetPort":"dns-udp"},{"name":"dns-tcp","port":53,"protocol":"TCP","targetPort":"dns-tcp"},
        {"name":"metrics","port":9153,"protocol":"TCP","targetPort":9153}]}}
        """)!.AsObject();

    internal static JsonObject Slice(string ns, string service, int port) => JsonNode.Parse($$$"""
        {"metadata":{"namespace":"{{{ns}}}","name":"{{{service}}}-1","labels":{"kubernetes.io/service-name":"{{{service}}}"}},"addressType":"IPv4",
        "endpoints":[{"addresses":["10.244.7.1"],"targetRef":{"kind":"Pod","name":"x"}}],
        "ports":[{"name":"dns","port":{{{port}}},"protocol":"UDP"},{"name":"dns-tcp","port":{{{port}}},"protocol":"TCP"},
        {"name":"metrics","port":9153,"protocol":"TCP"}]}
        """)!.AsObject();

    internal static JsonObject Named(string ns, string name) =>
        new() { ["metadata"] = new JsonObject { ["namespace"] = ns, ["name"] = name } };

    internal static JsonObject CdiApi(string ns) => new()
    {
        ["metadata"] = new JsonObject { ["name"] = "v1beta1.upload.cdi.kubevirt.io" },
        ["spec"] = new JsonObject { ["service"] = new JsonObject { ["namespace"] = ns, ["name"] = "cdi-api" } },
    };

    [Fact]
    public async Task Dns_that_moves_is_followed_in_place_without_news_of_drift_however_often()
    {
        await using var host = await OpenAsync(cluster =>
        {
            cluster.Has(PlatformKinds.Service, Service("dns-system", "cluster-dns", DnsAddress));
            cluster.Has(PlatformKinds.EndpointSlice, Slice("dns-system", "cluster-dns", 5353));
        });
        await host.PassesUntilAsync(() => Egress(host).Contains("""{"protocol":"UDP","port":5353}""", StringComparison.Ordinal));
        await host.PassesUntilAsync(host.IsAllAsDeclared);
        // What the operation wrote may be from before the agent's term, of which it remembers nothing.
        await MoveAsync(853);
        var (uid, before) = (Uid(host), Events(host).Count());
        host.Cluster.ForgetRequests();

        foreach (var port in (int[])[1053, 2053, 3053, 4053]) await MoveAsync(port);

        Assert.Equal(uid, Uid(host));
        Assert.DoesNotContain("\"port\":1053", Egress(host), StringComparison.Ordinal);
        Assert.DoesNotContain(host.Cluster.Requests, request => request.Verb == "delete");
        // Where opening must wait, what moved away is closed first.
        Assert.InRange(host.Cluster.Requests.Count(request => request.Verb == "apply" && request.Kind == KubernetesKinds.NetworkPolicy), 4, 8);
        Assert.Null(host.Status().Warnings);
        Assert.Equal(HealthStatus.Healthy, host.Health().Status);
        Assert.Equal(before, Events(host).Count());

        async Task MoveAsync(int port)
        {
            host.Cluster.Change(
                PlatformKinds.EndpointSlice, new("dns-system", "cluster-dns-1"), slice => slice["ports"] = Slice("x", "y", port)["ports"]!.DeepClone());
            await host.PassesUntilAsync(() => Egress(host).Contains($"\"port\":{port}", StringComparison.Ordinal), TimeSpan.FromSeconds(5));
            await host.PassesUntilAsync(host.IsAllAsDeclared);
        }
    }

    // Tenants make Services of any size.
    [Fact]
    public void Of_a_service_no_more_is_kept_than_dns_needs()
    {
        var ports = Enumerable.Range(1, 60_000).Select(port => new ServicePort { Name = $"p{port}", Port = port }).ToList();
        var selector = Enumerable.Range(0, 5_000).ToDictionary(i => $"key-{i}", _ => "value");
        var spec = new ServiceSpec { ClusterIP = DnsAddress, Selector = selector, Ports = ports };

        var kept = DnsService.From(new ServiceObject { Spec = spec }, default)!;

        Assert.Equal("p53", Assert.Single(kept.Ports).Name);
        Assert.Empty(kept.Selector);
        Assert.Equal(2, DnsService.From(new ServiceObject { Spec = spec with { Selector = selector.Take(2).ToDictionary() } }, default)!.Selector.Count);
    }

    [Fact]
    public async Task Agent_that_starts_again_writes_nothing_where_nothing_moved()
    {
        var host = await OpenAsync(cluster => cluster.Has(PlatformKinds.Service, Service("dns-system", "cluster-dns", DnsAddress)));
        await host.PassesUntilAsync(() => Egress(host).Contains("dns-system", StringComparison.Ordinal));
        await host.PassesUntilAsync(host.IsAllAsDeclared);
        await host.DisposeAsync();
        host.Cluster.ForgetRequests();

        await using var again = await VdcHost.StartAsync([DnsAddress], host.Cluster, host.Time);
        await again.PassesUntilAsync(again.IsAllAsDeclared);

        Assert.DoesNotContain(host.Cluster.Requests, request => request.Verb is "apply" or "patch" or "delete");
    }

    [Fact]
    public async Task Address_that_a_tenant_got_hold_of_is_no_dns()
    {
        await using var host = await OpenAsync(cluster => cluster.Has(PlatformKinds.Service, Service("dns-system", "cluster-dns", DnsAddress)));
        await host.PassesUntilAsync(() => Egress(host).Contains(DnsAddress, StringComparison.Ordinal));
        host.Cluster.HasNamespace("globex");

        host.Cluster.Remove(PlatformKinds.Service, new("dns-system", "cluster-dns"));
        host.Cluster.Has(PlatformKinds.Service, Service("globex", "mine", DnsAddress));
        await host.PassesUntilAsync(() => !Egress(host).Contains(DnsAddress, StringComparison.Ordinal));

        Assert.DoesNotContain("globex", Egress(host), StringComparison.Ordinal);
        Assert.DoesNotContain("dns-system", Egress(host), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Metadata_and_loopback_addresses_are_never_opened()
    {
        await using var host = await OpenAsync(_ => { }, "169.254.169.254", "127.0.0.53", "fd00:ec2::254", "169.254.20.10");
        await host.PassesUntilAsync(() => Egress(host).Contains("169.254.20.10/32", StringComparison.Ordinal));

        Assert.DoesNotContain("169.254.169.254", Egress(host), StringComparison.Ordinal);
        Assert.DoesNotContain("127.0.0.53", Egress(host), StringComparison.Ordinal);
        Assert.DoesNotContain("ec2", Egress(host), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Settings_say_where_it_is_instead()
    {
        await using var host = await OpenAsync(
            cluster => cluster.Has(KubeVirtKinds.KubeVirt, Named("elsewhere", "kubevirt")),
            [DnsAddress],
            ("OVIM_DNS_TARGETS", "169.254.20.10, [fd00::35]:5353, dns-system/app=coredns:1053"),
            ("OVIM_KUBEVIRT_NAMESPACE", "virt"),
            ("OVIM_CDI_NAMESPACE", "images"));
        await host.PassesUntilAsync(() => Egress(host).Contains("dns-system", StringComparison.Ordinal));

        Assert.DoesNotContain(DnsAddress, Egress(host), StringComparison.Ordinal);
        Assert.Contains("169.254.20.10/32", Egress(host), StringComparison.Ordinal);
        Assert.Contains("fd00::35/128", Egress(host), StringComparison.Ordinal);
        Assert.Contains("1053", Egress(host), StringComparison.Ordinal);
        Assert.Contains("\"virt\"", Spec(host, "vdc-kubevirt-policy"), StringComparison.Ordinal);
        Assert.DoesNotContain("elsewhere", Spec(host, "vdc-kubevirt-policy"), StringComparison.Ordinal);
        Assert.Contains("\"images\"", Spec(host, "vdc-cdi-policy"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Kubevirt_that_is_installed_later_is_found()
    {
        await using var host = await OpenAsync(cluster => cluster.LosesKind(KubeVirtKinds.KubeVirt));
        await host.PassesUntilAsync(() => Spec(host, "vdc-kubevirt-policy").Contains("\"kubevirt\"", StringComparison.Ordinal));

        host.Cluster.GetsKind(KubeVirtKinds.KubeVirt);
        host.Cluster.Has(KubeVirtKinds.KubeVirt, Named("virtualization", "kubevirt"));
        await host.PassesUntilAsync(
            () => Spec(host, "vdc-kubevirt-policy").Contains("\"virtualization\"", StringComparison.Ordinal), TimeSpan.FromSeconds(1));
    }

    [Fact]
    public async Task Without_the_right_to_look_vdcs_are_kept_as_the_settings_say()
    {
        var (cluster, time) = NewCluster();
        cluster.Fault = request => request.Kind == PlatformKinds.Service ? FakeKubernetesApi.Error(ApiErrorReason.Forbidden) : null;
        await using var host = await VdcHost.StartAsync([DnsAddress], cluster, time, notAnswered: PlatformKinds.Service);

        var creation = host.RunAsync("create_vdc", """ "network_policy":"isolated" """);
        await host.PassesUntilAsync(() => creation.IsCompleted, TimeSpan.FromSeconds(1));
        Assert.Null((await creation).Error);
        host.Cluster.Delete(KubernetesKinds.NetworkPolicy, Policy);
        await host.PassesUntilAsync(() => host.Find(KubernetesKinds.NetworkPolicy, Policy.Name) is not null, TimeSpan.FromSeconds(1));

        Assert.Contains("kube-dns", Egress(host), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Flapping_dns_opens_ever_more_rarely_and_closes_at_once()
    {
        await using var host = await OpenAsync(cluster => cluster.Has(PlatformKinds.Service, Service("dns-system", "cluster-dns", DnsAddress)));
        await host.PassesUntilAsync(() => Egress(host).Contains("dns-system", StringComparison.Ordinal));
        await host.PassesUntilAsync(host.IsAllAsDeclared);
        host.Cluster.ForgetRequests();

        for (var i = 0; i < 120; i++)
        {
            host.Cluster.Change(PlatformKinds.Service, new("dns-system", "cluster-dns"), service =>
                service["spec"]!["selector"]!["app"] = $"coredns-{i % 2}");
            var until = host.Time.GetUtcNow() + TimeSpan.FromSeconds(10);
            await host.PassesUntilAsync(() => host.Time.GetUtcNow() >= until, TimeSpan.FromSeconds(1));
            await host.PassesUntilAsync(() => !Egress(host).Contains($"coredns-{(i + 1) % 2}", StringComparison.Ordinal));
        }

        var writes = host.Cluster.Requests.Count(request => request.Verb == "apply" && request.Name == Policy);
        Assert.InRange(writes, 4, 24);
        Assert.Null(host.Status().Warnings);
    }

    private static Task<VdcHost> OpenAsync(Action<FakeKubernetesApi> prepare, params string[] nameservers) =>
        OpenAsync(prepare, nameservers.Length > 0 ? nameservers : [DnsAddress], []);

    private static async Task<VdcHost> OpenAsync(
        Action<FakeKubernetesApi> prepare, string[] nameservers, params (string Name, string Value)[] settings)
    {
        var (cluster, time) = NewCluster();
        prepare(cluster);
        var host = await VdcHost.StartAsync(nameservers, cluster, time, null, settings);
        Assert.Null((await host.RunAsync("create_vdc", """ "network_policy":"isolated" """)).Error);
        return host;
    }

    private static (FakeKubernetesApi Cluster, TestTime Time) NewCluster()
    {
        var time = new TestTime();
        return (new FakeKubernetesApi(time), time);
    }

    private static string Egress(VdcHost host) => host.Find(KubernetesKinds.NetworkPolicy, Policy.Name)!["spec"]!["egress"]!.ToJsonString();

    private static string Spec(VdcHost host, string policy) => host.Find(KubernetesKinds.NetworkPolicy, policy)!["spec"]!.ToJsonString();

    private static string Uid(VdcHost host) => (string)host.Find(KubernetesKinds.NetworkPolicy, Policy.Name)!["metadata"]!["uid"]!;

    private static IEnumerable<string?> Events(VdcHost host) => host.Cluster.ObjectsIn("acme-dev")
        .Where(item => item.Kind == KubernetesKinds.Event)
        .Select(item => (string?)host.Cluster.Find(item.Kind, item.Name)!["reason"]);
}
