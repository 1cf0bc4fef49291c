using OvimSpokeAgent.Configuration;
using OvimSpokeAgent.VirtualDataCenters;

namespace OvimSpokeAgent.Tests.VirtualDataCenters;

/// <summary>Who may talk to whom on which port, by what the policies do and not by how they are written.</summary>
public sealed class NetworkPolicyTests
{
    private static readonly Endpoint Own = Endpoint.Pod("acme", ("app", "web"));
    private static readonly Endpoint OwnOther = Endpoint.Pod("acme", ("app", "db"));
    private static readonly Endpoint Tenant = Endpoint.Pod("globex", ("app", "web"));
    private static readonly Endpoint Dns = Endpoint.Pod("kube-system", ("k8s-app", "kube-dns"));
    private static readonly Endpoint OpenShiftDns = Endpoint.Pod("openshift-dns");
    private static readonly Endpoint KubeSystemOther = Endpoint.Pod("kube-system", ("k8s-app", "metrics"));
    private static readonly Endpoint FakeDns = Endpoint.Pod("globex", ("k8s-app", "kube-dns"));
    private static readonly Endpoint Importer = Endpoint.Pod("acme", ("cdi.kubevirt.io", "importer"));
    private static readonly Endpoint UploadServer = Endpoint.Pod("acme", ("cdi.kubevirt.io", "cdi-upload-server"));
    private static readonly Endpoint Controller = Endpoint.Pod("cdi", ("cdi.kubevirt.io", "cdi-deployment"));
    private static readonly Endpoint OlderController = Endpoint.Pod("cdi", ("cdi.kubevirt.io", ""), ("app", "containerized-data-importer"));
    private static readonly Endpoint OtherOfCdi = Endpoint.Pod("cdi", ("cdi.kubevirt.io", "cdi-apiserver"));
    private static readonly Endpoint UploadProxy = Endpoint.Pod("cdi", ("cdi.kubevirt.io", "cdi-uploadproxy"));
    private static readonly Endpoint FakeProxy = Endpoint.Pod("globex", ("cdi.kubevirt.io", "cdi-uploadproxy"));
    private static readonly Endpoint Internet = Endpoint.Outside("203.0.113.7");
    private static readonly Endpoint Internet6 = Endpoint.Outside("2001:db8::7");
    private static readonly Endpoint Service = Endpoint.Outside("10.96.0.1");
    private static readonly Endpoint CloudMetadata = Endpoint.Outside("169.254.169.254");
    private static readonly Endpoint ClusterV6 = Endpoint.Outside("fd00::1");
    private static readonly Endpoint Monitoring = Endpoint.Pod("monitoring");
    private static readonly Endpoint Backup = Endpoint.Pod("backup");

    private const string Default = "{}";
    private const string Isolated = """{"network_policy":"isolated"}""";
    private const string From = """{"network_policy":"custom","custom_network_config":{"allow_ingress_from_namespaces":["monitoring"]}}""";
    private const string FromTwo =
        """{"network_policy":"custom","custom_network_config":{"allow_ingress_from_namespaces":["monitoring","backup"]}}""";
    private const string DenyIn = """{"network_policy":"custom","custom_network_config":{"deny_all_ingress":true}}""";
    private const string DenyInFrom =
        """{"network_policy":"custom","custom_network_config":{"deny_all_ingress":true,"allow_ingress_from_namespaces":["monitoring"]}}""";
    private const string DenyOut = """{"network_policy":"custom","custom_network_config":{"deny_all_egress":true}}""";
    private const string Ports = """{"network_policy":"custom","custom_network_config":{"allow_egress_to_ports":[443,8443]}}""";
    private const string DenyOutPorts =
        """{"network_policy":"custom","custom_network_config":{"deny_all_egress":true,"allow_egress_to_ports":[443]}}""";
    private const string DenyBoth =
        """{"network_policy":"custom","custom_network_config":{"deny_all_ingress":true,"deny_all_egress":true}}""";

    private const string NoConfig = """{"network_policy":"custom"}""";
    private const string NothingClosed =
        """{"network_policy":"custom","custom_network_config":{"deny_all_ingress":"false","deny_all_egress":"false"}}""";
    private const string AllowAll = """{"network_policy":"custom","custom_network_config":{"policy_type":"allow-all"}}""";
    private const string AllowAllButDns =
        """{"network_policy":"custom","custom_network_config":{"policy_type":"allow-all","allow_dns":"false"}}""";
    private const string IsolatePorts =
        """{"network_policy":"custom","custom_network_config":{"policy_type":"isolate","allow_egress_to_ports":"443"}}""";
    private const string IsolateAlone =
        """{"network_policy":"custom","custom_network_config":{"policy_type":"isolate","allow_same_namespace":"false","allow_dns":"0"}}""";
    private const string DenyBothButDns =
        """{"network_policy":"custom","custom_network_config":{"deny_all_ingress":"1","deny_all_egress":"1","allow_dns":"1"}}""";

    internal static IEnumerable<(string Declared, Endpoint From, Endpoint To, string Protocol, int Port, bool Allowed)> Rows =>
    [
        (Default, Own, Internet, "TCP", 80, true),
        (Default, Tenant, Own, "TCP", 22, true),
        (Default, Own, Tenant, "TCP", 22, true),

        (Isolated, Own, OwnOther, "TCP", 5432, true),
        (Isolated, OwnOther, Own, "UDP", 9, true),
        (Isolated, Tenant, Own, "TCP", 22, false),
        (Isolated, Own, Tenant, "TCP", 22, false),
        (Isolated, Internet, Own, "TCP", 443, false),
        (Isolated, Own, Internet, "TCP", 443, false),
        (Isolated, Own, Internet6, "TCP", 443, false),
        (Isolated, Own, Dns, "UDP", 53, true),
        (Isolated, Own, Dns, "TCP", 53, true),
        (Isolated, Own, Dns, "TCP", 443, false),
        (Isolated, Own, OpenShiftDns, "UDP", 5353, true),
        (Isolated, Own, OpenShiftDns, "TCP", 5353, true),
        (Isolated, Own, OpenShiftDns, "TCP", 8080, false),
        (Isolated, Own, KubeSystemOther, "UDP", 53, false),
        (Isolated, Own, FakeDns, "UDP", 53, false),
        (Isolated, Own, Service, "TCP", 443, false),
        (Isolated, Dns, Own, "UDP", 53, false),
        (Isolated, UploadProxy, UploadServer, "TCP", 8443, true),
        (Isolated, UploadProxy, UploadServer, "TCP", 22, false),
        (Isolated, UploadProxy, Own, "TCP", 8443, false),
        (Isolated, FakeProxy, UploadServer, "TCP", 8443, false),
        (Isolated, Controller, Importer, "TCP", 8443, true),
        (Isolated, OlderController, Importer, "TCP", 8443, true),
        (Isolated, OtherOfCdi, Importer, "TCP", 8443, false),
        (Isolated, OtherOfCdi, UploadServer, "TCP", 8443, false),
        (Isolated, Importer, Internet, "TCP", 443, true),
        (Isolated, Importer, Internet6, "TCP", 443, true),
        (Isolated, Importer, Dns, "UDP", 53, true),
        (Isolated, Importer, Tenant, "TCP", 443, false),
        (Isolated, Importer, Service, "TCP", 443, false),
        (Isolated, Importer, CloudMetadata, "TCP", 80, false),
        (Isolated, Importer, ClusterV6, "TCP", 443, false),
        (Isolated, Internet, Importer, "TCP", 8443, false),

        (From, Monitoring, Own, "TCP", 9100, true),
        (From, Backup, Own, "TCP", 9100, false),
        (From, Tenant, Own, "TCP", 9100, false),
        (From, OwnOther, Own, "TCP", 9100, true),
        (From, Internet, Own, "TCP", 443, false),
        (From, Own, Internet, "TCP", 443, true),
        (From, Own, Tenant, "TCP", 443, true),
        (FromTwo, Monitoring, Own, "TCP", 1, true),
        (FromTwo, Backup, Own, "TCP", 1, true),
        (FromTwo, Tenant, Own, "TCP", 1, false),

        (DenyIn, OwnOther, Own, "TCP", 80, false),
        (DenyIn, Monitoring, Own, "TCP", 80, false),
        (DenyIn, Internet, Own, "TCP", 80, false),
        (DenyIn, Own, Internet, "TCP", 80, true),
        (DenyInFrom, Monitoring, Own, "TCP", 80, true),
        (DenyInFrom, OwnOther, Own, "TCP", 80, false),
        (DenyInFrom, Tenant, Own, "TCP", 80, false),

        (DenyOut, Own, OwnOther, "TCP", 80, false),
        (DenyOut, Own, Dns, "UDP", 53, false),
        (DenyOut, Own, Internet, "TCP", 443, false),
        (DenyOut, Tenant, Own, "TCP", 443, true),
        (Ports, Own, Internet, "TCP", 443, true),
        (Ports, Own, Internet, "UDP", 443, true),
        (Ports, Own, Internet, "TCP", 8443, true),
        (Ports, Own, Internet, "TCP", 80, false),
        (Ports, Own, Tenant, "TCP", 443, true),
        (Ports, Own, Tenant, "TCP", 22, false),
        (Ports, Own, OwnOther, "TCP", 22, true),
        (Ports, Own, Dns, "UDP", 53, true),
        (Ports, Tenant, Own, "TCP", 22, true),
        (DenyOutPorts, Own, Internet, "TCP", 443, true),
        (DenyOutPorts, Own, Internet, "TCP", 53, false),
        (DenyOutPorts, Own, OwnOther, "TCP", 22, false),
        (DenyOutPorts, Own, OwnOther, "TCP", 443, true),
        (DenyOutPorts, Own, Dns, "UDP", 53, false),
        (DenyBoth, Own, OwnOther, "TCP", 443, false),
        (DenyBoth, Internet, Own, "TCP", 443, false),

        .. new[] { NoConfig, NothingClosed, AllowAllButDns }.SelectMany(declared => (IEnumerable<(string, Endpoint, Endpoint, string, int, bool)>)
        [
            (declared, OwnOther, Own, "TCP", 80, true),
            (declared, Own, Dns, "UDP", 53, declared != AllowAllButDns),
            (declared, Own, OpenShiftDns, "TCP", 5353, declared != AllowAllButDns),
            (declared, Own, KubeSystemOther, "TCP", 53, false),
            (declared, Own, Internet, "TCP", 443, false),
            (declared, Own, Internet6, "TCP", 443, false),
            (declared, Importer, Internet, "TCP", 443, false),
            (declared, Own, Tenant, "TCP", 443, false),
            (declared, Tenant, Own, "TCP", 22, false),
            (declared, Internet, Own, "TCP", 443, false),
            (declared, UploadProxy, UploadServer, "TCP", 8443, false),
        ]),
        (AllowAll, Tenant, Own, "TCP", 22, true),
        (AllowAll, Own, Internet, "TCP", 443, true),
        (IsolatePorts, Own, Internet, "TCP", 443, true),
        (IsolatePorts, Own, Internet, "TCP", 80, false),
        (IsolatePorts, Own, OwnOther, "TCP", 80, true),
        (IsolatePorts, Tenant, Own, "TCP", 443, false),
        (IsolateAlone, OwnOther, Own, "TCP", 80, false),
        (IsolateAlone, Own, Dns, "UDP", 53, false),
        (DenyBothButDns, Own, Dns, "UDP", 53, true),
        (DenyBothButDns, Own, OwnOther, "TCP", 80, false),
    ];

    public static TheoryData<int> RowNumbers => [.. Enumerable.Range(0, Rows.Count())];

    [Theory]
    [MemberData(nameof(RowNumbers))]
    public void Traffic_is_allowed_exactly_as_declared(int row)
    {
        var (declared, from, to, protocol, port, allowed) = Rows.ElementAt(row);

        var evaluator = new NetworkEvaluator(Policies(declared, Declared.Settings));

        Assert.True(
            evaluator.Allows(from, to, protocol, port) == allowed, $"{declared}: {from} → {to} {protocol}/{port}: expected {allowed}");
    }

    [Fact]
    public void The_clusters_own_ranges_are_those_of_the_setting()
    {
        var settings = Declared.Settings with { ClusterCidrs = [System.Net.IPNetwork.Parse("203.0.112.0/22")] };
        var evaluator = new NetworkEvaluator(Policies(Isolated, settings));

        Assert.False(evaluator.Allows(Importer, Internet, "TCP", 443));
        Assert.True(evaluator.Allows(Importer, Service, "TCP", 443));
    }

    private static IEnumerable<System.Text.Json.Nodes.JsonObject> Policies(string declared, VdcSettings settings) =>
        VdcManifests.Objects("acme", Declared.Parse(declared), QuotaHeadroom.None, ClusterNetwork.Usual(settings), settings)
            .Where(manifest => manifest.Kind.Kind == "NetworkPolicy")
            .Select(manifest => manifest.Body);
}
