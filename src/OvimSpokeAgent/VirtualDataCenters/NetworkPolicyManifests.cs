using System.Net.Sockets;
using System.Text.Json.Nodes;
using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Configuration;

namespace OvimSpokeAgent.VirtualDataCenters;

/// <summary>
/// The network policies of a VDC by what is declared. Namespaces are selected by <c>kubernetes.io/metadata.name</c>, which
/// the API server sets itself (1.21 and later) and nobody can forge; pods by labels only where a forged label gives a
/// tenant nothing but the Internet. Pure.
/// </summary>
internal static class NetworkPolicyManifests
{
    public const string NamespaceNameLabel = "kubernetes.io/metadata.name";

    private const string CdiLabel = "cdi.kubevirt.io";
    private const int CdiPort = 8443;

    /// <summary>The specs, by the names of their policies; none for <see cref="NetworkMode.Default"/>.</summary>
    public static IEnumerable<(string Name, JsonObject Spec)> Build(NetworkDeclaration network, VdcSettings settings)
    {
        switch (network.Mode)
        {
            case NetworkMode.Isolated:
                yield return (VdcNames.IsolationPolicy, Isolation());
                yield return (VdcNames.CdiPolicy, Cdi(settings));
                break;
            case NetworkMode.Custom:
                yield return (VdcNames.CustomPolicy, Custom(network.Custom!));
                break;
        }
    }

    private static JsonObject Isolation() => Spec(
        AllPods(),
        ingress: [Rule("from", OwnNamespace())],
        egress: [Rule("to", OwnNamespace()), .. Dns()]);

    // CDI's own components upload, and read an importer's progress; sources of images are outside of the cluster. A pod
    // that a tenant gives CDI's label gets no further than CDI would.
    private static JsonObject Cdi(VdcSettings settings) => Spec(
        Select(CdiLabel, "importer", "cdi-upload-server"),
        ingress: [WithPorts(Rule("from", Peer(Namespaces(VdcNames.CdiNamespaces), null)), ("TCP", CdiPort))],
        egress: [Rule(
            "to",
            Outside("0.0.0.0/0", AddressFamily.InterNetwork, settings),
            Outside("::/0", AddressFamily.InterNetworkV6, settings))]);

    private static JsonObject Custom(CustomNetwork custom) => Spec(
        AllPods(),
        custom.RestrictsIngress ? [.. CustomIngress(custom)] : null,
        custom.RestrictsEgress ? [.. CustomEgress(custom)] : null);

    private static IEnumerable<JsonNode> CustomIngress(CustomNetwork custom)
    {
        if (!custom.DenyAllIngress) yield return Rule("from", OwnNamespace());
        if (custom.IngressNamespaces.Count > 0) yield return Rule("from", Peer(Namespaces(custom.IngressNamespaces), null));
    }

    private static IEnumerable<JsonNode> CustomEgress(CustomNetwork custom)
    {
        if (!custom.DenyAllEgress)
        {
            yield return Rule("to", OwnNamespace());
            foreach (var rule in Dns()) yield return rule;
        }
        if (custom.EgressPorts.Count > 0)
        {
            var ports = custom.EgressPorts.SelectMany(port => (IEnumerable<(string, int)>)[("TCP", port), ("UDP", port)]);
            yield return WithPorts(new JsonObject(), [.. ports]);
        }
    }

    // The cluster's DNS where upstream Kubernetes has it, and where OpenShift has it; nobody else can make these namespaces.
    private static IEnumerable<JsonObject> Dns()
    {
        yield return WithPorts(Rule("to", Peer(Namespaces(["kube-system"]), Select("k8s-app", "kube-dns"))), ("UDP", 53), ("TCP", 53));
        yield return WithPorts(Rule("to", Peer(Namespaces(["openshift-dns"]), null)), ("UDP", 5353), ("TCP", 5353));
    }

    private static JsonObject Spec(JsonObject pods, JsonArray? ingress = null, JsonArray? egress = null)
    {
        var types = new JsonArray();
        var spec = new JsonObject { ["podSelector"] = pods, ["policyTypes"] = types };
        Restrict("Ingress", "ingress", ingress);
        Restrict("Egress", "egress", egress);
        return spec;

        void Restrict(string type, string field, JsonArray? rules)
        {
            if (rules is null) return;
            types.Add((JsonNode)type);
            if (rules.Count > 0) spec[field] = rules;
        }
    }

    private static JsonObject Rule(string field, params ReadOnlySpan<JsonNode> peers) => new() { [field] = new JsonArray([.. peers]) };

    private static JsonObject WithPorts(JsonObject rule, params ReadOnlySpan<(string Protocol, int Port)> ports)
    {
        var list = new JsonArray();
        foreach (var (protocol, port) in ports) list.Add((JsonNode)new JsonObject { ["protocol"] = protocol, ["port"] = port });
        rule["ports"] = list;
        return rule;
    }

    private static JsonObject OwnNamespace() => new() { ["podSelector"] = AllPods() };

    private static JsonObject Peer(JsonObject namespaces, JsonObject? pods)
    {
        var peer = new JsonObject { ["namespaceSelector"] = namespaces };
        if (pods is not null) peer["podSelector"] = pods;
        return peer;
    }

    private static JsonObject AllPods() => [];

    private static JsonObject Namespaces(IReadOnlyList<string> names) => Select(NamespaceNameLabel, names);

    private static JsonObject Select(string label, params IReadOnlyList<string> values) => values.Count == 1
        ? new() { ["matchLabels"] = new JsonObject { [label] = values[0] } }
        : new()
        {
            ["matchExpressions"] = new JsonArray(new JsonObject
            {
                ["key"] = label,
                ["operator"] = "In",
                ["values"] = new JsonArray([.. values]),
            }),
        };

    private static JsonObject Outside(string all, AddressFamily family, VdcSettings settings)
    {
        var except = settings.ClusterCidrs.Where(network => network.BaseAddress.AddressFamily == family);
        return new JsonObject
        {
            ["ipBlock"] = new JsonObject { ["cidr"] = all, ["except"] = new JsonArray([.. except.Select(network => network.ToString())]) },
        };
    }
}
