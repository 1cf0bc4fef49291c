using System.Text.Json.Nodes;
using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Tests.Cluster;
using OvimSpokeAgent.VirtualDataCenters;
using OvimSpokeAgent.VirtualMachines;

namespace OvimSpokeAgent.Tests.VirtualDataCenters;

/// <summary>
/// Who reaches whom through the policies that the agent writes, on a cluster where nothing is in its usual place: a DNS cache at a
/// link-local address of the nodes, DNS pods of another namespace, label and port, IPv6 beside IPv4, KubeVirt and CDI together
/// in one namespace.
/// </summary>
public sealed class ClosedVdcFlowTests : IAsyncLifetime
{
    private const string NodeCache = "169.254.20.10";
    private const string DnsAddress = "10.96.0.10";
    private const string DnsAddress6 = "fd00:10:96::a";
    private const string Platform = "kubevirt-hyperconverged";

    // The VDCs, each its own namespace.
    private const string Isolated = "isolated";
    private const string Other = "other-tenant";
    private const string Ports = "custom-ports";
    private const string From = "custom-from";
    private const string WithPlatform = "custom-platform";
    private const string Unsaid = "custom-unsaid";
    private const string Closed = "custom-closed";

    private static readonly string[] Vdcs = [Isolated, Other, Ports, From, WithPlatform, Unsaid, Closed];

    private static readonly Endpoint Dns = OfPlace("dns-system", "10.244.7.1", ("app", "coredns"), ("tier", "dns"));
    private static readonly Endpoint Dns6 = OfPlace("dns-system", "fd00:244::7", ("app", "coredns"), ("tier", "dns"));
    private static readonly Endpoint DnsOther = OfPlace("dns-system", "10.244.7.2", ("app", "metrics"));
    private static readonly Endpoint FalseDns = OfPlace(Other, "10.244.9.9", ("app", "coredns"), ("tier", "dns"));
    private static readonly Endpoint VirtApi = OfPlace(Platform, "10.244.7.3", ("kubevirt.io", "virt-api"));
    private static readonly Endpoint VirtApi6 = OfPlace(Platform, "fd00:244::3", ("kubevirt.io", "virt-api"));
    private static readonly Endpoint VirtController = OfPlace(Platform, "10.244.7.4", ("kubevirt.io", "virt-controller"));
    private static readonly Endpoint ExportProxy = OfPlace(Platform, "10.244.7.5", ("kubevirt.io", "virt-exportproxy"));
    private static readonly Endpoint UploadProxy = OfPlace(Platform, "10.244.7.6", ("cdi.kubevirt.io", "cdi-uploadproxy"));
    private static readonly Endpoint Controller = OfPlace(Platform, "10.244.7.7", ("cdi.kubevirt.io", "cdi-deployment"));
    private static readonly Endpoint FormerVirtApi = OfPlace("kubevirt", "10.244.7.8", ("kubevirt.io", "virt-api"));
    private static readonly Endpoint FormerUploadProxy = OfPlace("cdi", "10.244.7.9", ("cdi.kubevirt.io", "cdi-uploadproxy"));
    private static readonly Endpoint FalseVirtApi = OfPlace(Other, "10.244.9.8", ("kubevirt.io", "virt-api"));
    private static readonly Endpoint Monitoring = OfPlace("monitoring", "10.244.7.10");
    private static readonly Endpoint Internet = Endpoint.Outside("203.0.113.7");
    private static readonly Endpoint Internet6 = Endpoint.Outside("2001:db8::7");
    private static readonly Endpoint Cache = Endpoint.Outside(NodeCache);
    private static readonly Endpoint Address = Endpoint.Outside(DnsAddress);
    private static readonly Endpoint Address6 = Endpoint.Outside(DnsAddress6);
    private static readonly Endpoint AnotherAddress = Endpoint.Outside("10.96.0.11");
    private static readonly Endpoint Metadata = Endpoint.Outside("169.254.169.254");
    private static readonly Endpoint Metadata6 = Endpoint.Outside("fd00:ec2::254");
    private static readonly Endpoint MetadataBehindNat64 = Endpoint.Outside("64:ff9b::a9fe:a9fe");
    private static readonly Endpoint ClusterBehindNat64 = Endpoint.Outside("64:ff9b::a60:1");
    private static readonly Endpoint InternetBehindNat64 = Endpoint.Outside("64:ff9b::cb00:7107");

    private VdcHost _host = null!;

    internal static IReadOnlyList<(Endpoint From, Endpoint To, string Protocol, int Port, bool Allowed)> Rows =>
    [
        // DNS, as the nodes' cache, as the Service's addresses and as the pods behind them.
        (Vm(Isolated), Cache, "UDP", 53, true),
        (Vm(Isolated), Cache, "TCP", 53, true),
        (Vm(Isolated), Cache, "TCP", 80, false),
        (Vm(Isolated), Cache, "UDP", 5353, false),
        (Vm(Isolated), Address, "UDP", 53, true),
        (Vm(Isolated), Address, "TCP", 443, false),
        (Vm6(Isolated), Address6, "UDP", 53, true),
        (Vm6(Isolated), Address6, "TCP", 53, true),
        (Vm6(Isolated), Address6, "TCP", 22, false),
        (Vm(Isolated), AnotherAddress, "UDP", 53, false),
        (Vm(Isolated), Dns, "UDP", 5353, true),
        (Vm(Isolated), Dns, "TCP", 5353, true),
        (Vm6(Isolated), Dns6, "UDP", 5353, true),
        (Vm(Isolated), Dns, "UDP", 53, false),
        (Vm(Isolated), Dns, "TCP", 9153, false),
        (Vm(Isolated), DnsOther, "UDP", 5353, false),
        (Vm(Isolated), FalseDns, "UDP", 5353, false),
        (Vm(Isolated), FalseDns, "UDP", 53, false),
        (Vm(Isolated), Metadata, "TCP", 80, false),
        (Vm(Isolated), Metadata, "UDP", 53, false),
        (Vm6(Isolated), Metadata6, "TCP", 80, false),
        (Dns, Vm(Isolated), "UDP", 40000, false),

        // Port-forward: KubeVirt's API alone, to VMs alone, to any port of theirs.
        (VirtApi, Vm(Isolated), "TCP", 22, true),
        (VirtApi, Vm(Isolated), "UDP", 5000, true),
        (VirtApi6, Vm6(Isolated), "TCP", 22, true),
        (VirtApi, Importer(Isolated), "TCP", 8443, false),
        (VirtController, Vm(Isolated), "TCP", 22, false),
        (FormerVirtApi, Vm(Isolated), "TCP", 22, false),
        (FalseVirtApi, Vm(Isolated), "TCP", 22, false),
        (Vm(Isolated), VirtApi, "TCP", 8443, false),

        // Uploads and exports.
        (UploadProxy, Uploads(Isolated), "TCP", 8443, true),
        (UploadProxy, Uploads(Isolated), "TCP", 22, false),
        (UploadProxy, Vm(Isolated), "TCP", 8443, false),
        (FormerUploadProxy, Uploads(Isolated), "TCP", 8443, false),
        (Controller, Importer(Isolated), "TCP", 8443, true),
        (ExportProxy, Exporter(Isolated), "TCP", 8443, true),
        (ExportProxy, Exporter(Isolated), "TCP", 80, false),
        (ExportProxy, Vm(Isolated), "TCP", 8443, false),
        (UploadProxy, Exporter(Isolated), "TCP", 8443, false),
        (Internet, Exporter(Isolated), "TCP", 8443, false),

        // Imports: the Internet, not the cluster, under none of its addresses.
        (Importer(Isolated), Internet, "TCP", 443, true),
        (Importer6(Isolated), Internet6, "TCP", 443, true),
        (Importer6(Isolated), InternetBehindNat64, "TCP", 443, true),
        (Importer(Isolated), Metadata, "TCP", 80, false),
        (Importer6(Isolated), MetadataBehindNat64, "TCP", 80, false),
        (Importer6(Isolated), ClusterBehindNat64, "TCP", 443, false),
        (Importer(Isolated), Vm(Other), "TCP", 80, false),
        (Importer6(Isolated), Vm6(Other), "TCP", 80, false),

        // Tenants, both ways and both families.
        (Vm(Isolated), Second(Isolated), "TCP", 5432, true),
        (Vm6(Isolated), Second(Isolated), "TCP", 5432, true),
        (Vm(Isolated), Vm(Other), "UDP", 53, false),
        (Vm6(Isolated), Vm6(Other), "TCP", 22, false),
        (Vm6(Other), Vm6(Isolated), "TCP", 22, false),
        (Internet6, Vm6(Isolated), "TCP", 22, false),
        (Vm6(Isolated), Internet6, "TCP", 443, false),

        // custom, ports: what is listed, DNS, the own namespace; ingress is open, and stays so.
        (Vm(Ports), Cache, "UDP", 53, true),
        (Vm6(Ports), Address6, "UDP", 53, true),
        (Vm(Ports), Dns, "UDP", 5353, true),
        (Vm(Ports), FalseDns, "UDP", 5353, false),
        (Vm(Ports), Internet, "TCP", 443, true),
        (Vm6(Ports), Internet6, "TCP", 443, true),
        (Vm6(Ports), Internet6, "TCP", 80, false),
        (Vm(Ports), Metadata, "TCP", 80, false),
        (VirtApi, Vm(Ports), "TCP", 22, true),
        (Monitoring, Vm(Ports), "TCP", 22, true),

        // custom, ingress: who is listed; the platform only if it is.
        (Monitoring, Vm(From), "TCP", 9100, true),
        (Second(From), Vm(From), "TCP", 5432, true),
        (VirtApi, Vm(From), "TCP", 22, false),
        (VirtApi6, Vm6(From), "TCP", 22, false),
        (UploadProxy, Uploads(From), "TCP", 8443, false),
        (ExportProxy, Exporter(From), "TCP", 8443, false),
        (FalseVirtApi, Vm(From), "TCP", 22, false),
        (Vm(Other), Vm(From), "TCP", 22, false),
        (Vm6(Other), Vm6(From), "TCP", 22, false),
        (VirtApi, Vm(WithPlatform), "TCP", 22, true),
        (VirtApi6, Vm6(WithPlatform), "TCP", 22, true),
        (UploadProxy, Uploads(WithPlatform), "TCP", 8443, true),
        (ExportProxy, Exporter(WithPlatform), "TCP", 8443, true),
        (Monitoring, Vm(WithPlatform), "TCP", 9100, false),

        // custom, of which nothing is said: within the namespace, and DNS.
        (Second(Unsaid), Vm(Unsaid), "TCP", 5432, true),
        (Vm6(Unsaid), Second(Unsaid), "TCP", 22, true),
        (Vm(Unsaid), Cache, "UDP", 53, true),
        (Vm6(Unsaid), Dns6, "UDP", 5353, true),
        (VirtApi, Vm(Unsaid), "TCP", 22, false),
        (VirtApi6, Vm6(Unsaid), "TCP", 22, false),
        (UploadProxy, Uploads(Unsaid), "TCP", 8443, false),
        (Controller, Importer(Unsaid), "TCP", 8443, false),
        (ExportProxy, Exporter(Unsaid), "TCP", 8443, false),
        (Importer(Unsaid), Internet, "TCP", 443, false),
        (Importer6(Unsaid), Internet6, "TCP", 443, false),
        (Monitoring, Vm(Unsaid), "TCP", 22, false),
        (Vm(Other), Vm(Unsaid), "TCP", 22, false),
        (Vm(Unsaid), Vm(Other), "TCP", 22, false),
        (Vm(Unsaid), Metadata, "TCP", 80, false),

        // custom, both closed: nothing, the platform neither.
        (VirtApi, Vm(Closed), "TCP", 22, false),
        (UploadProxy, Uploads(Closed), "TCP", 8443, false),
        (ExportProxy, Exporter(Closed), "TCP", 8443, false),
        (Vm(Closed), Cache, "UDP", 53, false),
        (Vm(Closed), Dns, "UDP", 5353, false),
        (Vm6(Closed), Address6, "UDP", 53, false),
        (Vm6(Closed), Second(Closed), "TCP", 22, false),
    ];

    public async Task InitializeAsync()
    {
        var time = new TestTime();
        var cluster = new FakeKubernetesApi(time);
        HasPlatform(cluster);
        _host = await VdcHost.StartAsync([NodeCache, DnsAddress, DnsAddress6], cluster, time);
        await MakeAsync(Isolated, """ "network_policy":"isolated" """);
        await MakeAsync(Other, """ "network_policy":"isolated" """);
        await MakeAsync(Ports, """ "network_policy":"custom","custom_network_config":{"allow_egress_to_ports":[443]} """);
        await MakeAsync(From, """ "network_policy":"custom","custom_network_config":{"allow_ingress_from_namespaces":["monitoring"]} """);
        await MakeAsync(WithPlatform, $$""" "network_policy":"custom","custom_network_config":{"allow_ingress_from_namespaces":["{{Platform}}"]} """);
        await MakeAsync(Unsaid, """ "network_policy":"custom" """);
        await MakeAsync(Closed, """ "network_policy":"custom","custom_network_config":{"deny_all_ingress":true,"deny_all_egress":true} """);
        await _host.PassesUntilAsync(_host.IsAllAsDeclared);
        await _host.PassesUntilAsync(() => Policies().Any(policy => policy.ToJsonString().Contains("dns-system", StringComparison.Ordinal)));
        await _host.PassesUntilAsync(_host.IsAllAsDeclared);
    }

    public async Task DisposeAsync() => await _host.DisposeAsync();

    [Fact]
    public void Exactly_the_documented_flows_are_let_through()
    {
        var evaluator = new NetworkEvaluator(Policies());

        var wrong = Rows.Where(row => evaluator.Allows(row.From, row.To, row.Protocol, row.Port) != row.Allowed)
            .Select(row => $"{Show(row.From)} → {Show(row.To)} {row.Protocol}/{row.Port}: expected {(row.Allowed ? "allowed" : "refused")}");

        Assert.Empty(wrong);
        Assert.True(Rows.Count(row => row.Allowed) >= 20 && Rows.Count(row => !row.Allowed) >= 20);
    }

    [Fact]
    public void The_namespaces_that_are_trusted_can_be_no_vdc() => Assert.All((string[])["dns-system", Platform], ns =>
        Assert.Equal(
            [$"target_namespace: \"{ns}\" belongs to KubeVirt, CDI or the cluster's DNS and can be no VDC"],
            _host.ErrorsOf("create_vdc", $""" "target_namespace":"{ns}" """)));

    private static void HasPlatform(FakeKubernetesApi cluster)
    {
        cluster.Has(PlatformKinds.Service, ClusterNetworkDiscoveryTests.Service("dns-system", "cluster-dns", DnsAddress, DnsAddress6));
        cluster.Has(PlatformKinds.EndpointSlice, ClusterNetworkDiscoveryTests.Slice("dns-system", "cluster-dns", 5353));
        cluster.Has(KubeVirtKinds.KubeVirt, ClusterNetworkDiscoveryTests.Named(Platform, "kubevirt"));
        cluster.Has(PlatformKinds.ApiService, ClusterNetworkDiscoveryTests.CdiApi(Platform));
    }

    private async Task MakeAsync(string ns, string declared)
    {
        var outcome = await _host.RunAsync("create_vdc", $""" "vdc_name":"{ns}","target_namespace":"{ns}",{declared} """);
        Assert.Null(outcome.Error);
    }

    private IEnumerable<JsonObject> Policies() =>
        from ns in Vdcs
        from item in _host.Cluster.ObjectsIn(ns)
        where item.Kind == KubernetesKinds.NetworkPolicy
        select _host.Cluster.Find(item.Kind, item.Name)!;

    private static Endpoint Vm(string vdc) => OfPlace(vdc, "10.244.1.1", ("kubevirt.io", "virt-launcher"));

    private static Endpoint Second(string vdc) => OfPlace(vdc, "10.244.1.2", ("kubevirt.io", "virt-launcher"));

    private static Endpoint Vm6(string vdc) => OfPlace(vdc, "fd00:244::1", ("kubevirt.io", "virt-launcher"));

    private static Endpoint Importer(string vdc) => OfPlace(vdc, "10.244.1.3", ("cdi.kubevirt.io", "importer"));

    private static Endpoint Importer6(string vdc) => OfPlace(vdc, "fd00:244::13", ("cdi.kubevirt.io", "importer"));

    private static Endpoint Uploads(string vdc) => OfPlace(vdc, "10.244.1.4", ("cdi.kubevirt.io", "cdi-upload-server"));

    private static Endpoint Exporter(string vdc) => OfPlace(vdc, "10.244.1.5", ("kubevirt.io.virt-export-service", "my-export"));

    private static Endpoint OfPlace(string ns, string address, params (string Key, string Value)[] labels) =>
        Endpoint.Pod(ns, labels) with { Address = address };

    private static string Show(Endpoint endpoint) =>
        $"{endpoint.Namespace} {endpoint.Address} {string.Join(',', endpoint.Labels.Select(label => $"{label.Key}={label.Value}"))}";
}
