using System.Globalization;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using OvimSpokeAgent.Configuration;

namespace OvimSpokeAgent.VirtualDataCenters;

/// <summary>
/// The network policies of a VDC by what is declared. Namespaces are selected by <c>kubernetes.io/metadata.name</c>, which
/// the API server sets itself (1.21 and later) and nobody can forge; pods of other namespaces by labels only where no tenant
/// makes pods, and own pods only where a forged label gives a tenant nothing but the Internet. Every way that they open is in
/// docs/isolation.md. Pure.
/// </summary>
internal static class NetworkPolicyManifests
{
    public const string NamespaceNameLabel = "kubernetes.io/metadata.name";

    private const string CdiLabel = "cdi.kubevirt.io";
    private const string KubeVirtLabel = "kubevirt.io";

    // KubeVirt puts it on the pods that serve an export, with the export's name.
    private const string ExportLabel = "kubevirt.io.virt-export-service";
    private const int WorkerPort = 8443;

    /// <summary>The specs, by the names of their policies; none for <see cref="NetworkMode.Default"/>.</summary>
    public static IEnumerable<(string Name, JsonObject Spec)> Build(NetworkDeclaration declared, ClusterNetwork network, VdcSettings settings)
    {
        if (declared.Mode is NetworkMode.Isolated)
        {
            yield return (VdcNames.IsolationPolicy, Isolation(network));
            yield return (VdcNames.CdiPolicy, Cdi(network, settings));
            yield return (VdcNames.KubeVirtPolicy, PortForward(network));
            yield return (VdcNames.ExportPolicy, Export(network));
        }
        else if (declared.Custom is { } custom && (custom.RestrictsIngress || custom.RestrictsEgress))
        {
            // What it does not say stays closed, KubeVirt and CDI as well: who wants these in lists their namespaces.
            yield return (VdcNames.CustomPolicy, Custom(custom, network));
        }
    }

    private static JsonObject Isolation(ClusterNetwork network) => Spec(
        AllPods(),
        ingress: [Rule("from", OwnNamespace())],
        egress: [Rule("to", OwnNamespace()), .. Dns(network)]);

    // Uploads come through CDI's proxy, and its controller reads the workers' progress; sources of images are outside of the
    // cluster. A pod that a tenant gives CDI's label gets no further than CDI would.
    private static JsonObject Cdi(ClusterNetwork network, VdcSettings settings) => Spec(
        Select(CdiLabel, "importer", "cdi-upload-server"),
        ingress: FromPlatform(
            network.CdiNamespaces,
            [("TCP", WorkerPort)],
            Select(CdiLabel, "cdi-uploadproxy", "cdi-deployment"),
            // The controller of older releases.
            Select("app", "containerized-data-importer")),
        egress: [Rule(
            "to",
            Outside("0.0.0.0/0", AddressFamily.InterNetwork, settings),
            Outside("::/0", AddressFamily.InterNetworkV6, settings))]);

    // virt-api connects to the port of the guest that is asked for, for who may port-forward there.
    private static JsonObject PortForward(ClusterNetwork network) => Spec(
        Select(KubeVirtLabel, "virt-launcher"),
        ingress: FromPlatform(network.KubeVirtNamespaces, [], Select(KubeVirtLabel, "virt-api")));

    private static JsonObject Export(ClusterNetwork network) => Spec(
        HasLabel(ExportLabel),
        ingress: FromPlatform(network.KubeVirtNamespaces, [("TCP", WorkerPort)], Select(KubeVirtLabel, "virt-exportproxy")));

    private static JsonNode[] FromPlatform(
        IReadOnlyList<string> namespaces, IReadOnlyList<(string Protocol, int Port)> ports, params ReadOnlySpan<JsonObject> pods)
    {
        // A rule without anybody in it would let in everybody.
        if (namespaces.Count == 0) return [];
        var peers = new JsonArray();
        foreach (var selector in pods) peers.Add((JsonNode)Peer(Namespaces(namespaces), selector));
        var rule = new JsonObject { ["from"] = peers };
        return [ports.Count == 0 ? rule : WithPorts(rule, [.. ports])];
    }

    private static JsonObject Custom(CustomNetwork custom, ClusterNetwork network) => Spec(
        AllPods(),
        custom.RestrictsIngress ? [.. CustomIngress(custom)] : null,
        custom.RestrictsEgress ? [.. CustomEgress(custom, network)] : null);

    private static IEnumerable<JsonNode> CustomIngress(CustomNetwork custom)
    {
        if (custom.TakesFromSameNamespace) yield return Rule("from", OwnNamespace());
        if (custom.IngressNamespaces.Count > 0) yield return Rule("from", Peer(Namespaces(custom.IngressNamespaces), null));
    }

    private static IEnumerable<JsonNode> CustomEgress(CustomNetwork custom, ClusterNetwork network)
    {
        if (custom.ReachesSameNamespace) yield return Rule("to", OwnNamespace());
        foreach (var rule in custom.ReachesDns ? Dns(network) : []) yield return rule;
        if (custom.EgressPorts.Count > 0)
        {
            var ports = custom.EgressPorts.SelectMany(port => (IEnumerable<(string, int)>)[("TCP", port), ("UDP", port)]);
            yield return WithPorts(new JsonObject(), [.. ports]);
        }
    }

    private static IEnumerable<JsonObject> Dns(ClusterNetwork network)
    {
        foreach (var rules in network.Dns.GroupBy(rule => rule.Peer))
        {
            var (first, ports) = (rules.First(), new JsonArray());
            foreach (var (_, _, _, protocol, port) in rules)
            {
                JsonNode target = int.TryParse(port, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : port;
                ports.Add((JsonNode)new JsonObject { ["protocol"] = protocol, ["port"] = target });
            }
            var peer = first.Cidr is { } cidr
                ? new JsonObject { ["ipBlock"] = new JsonObject { ["cidr"] = cidr } }
                : Peer(Namespaces([first.Namespace]), first.Labels.Length == 0 ? null : SelectAll(first.Labels));
            yield return new JsonObject { ["to"] = new JsonArray(peer), ["ports"] = ports };
        }
    }

    // Rules come as arrays: a collection expression of JsonObjects fills a JsonArray by its generic Add, which native AOT cannot compile.
    private static JsonObject Spec(JsonObject pods, JsonNode[]? ingress = null, JsonNode[]? egress = null)
    {
        var types = new JsonArray();
        var spec = new JsonObject { ["podSelector"] = pods, ["policyTypes"] = types };
        Restrict("Ingress", "ingress", ingress);
        Restrict("Egress", "egress", egress);
        return spec;

        void Restrict(string type, string field, JsonNode[]? rules)
        {
            if (rules is null) return;
            types.Add((JsonNode)type);
            if (rules.Length > 0) spec[field] = new JsonArray(rules);
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

    private static JsonObject HasLabel(string label) => new()
    {
        ["matchExpressions"] = new JsonArray(new JsonObject { ["key"] = label, ["operator"] = "Exists" }),
    };

    // KEY=VALUE,KEY=VALUE
    private static JsonObject SelectAll(string labels)
    {
        var all = new JsonObject();
        foreach (var label in labels.Split(',')) all[label[..label.IndexOf('=')]] = label[(label.IndexOf('=') + 1)..];
        return new JsonObject { ["matchLabels"] = all };
    }

    private static JsonObject Outside(string all, AddressFamily family, VdcSettings settings) => new()
    {
        ["ipBlock"] = new JsonObject
        {
            ["cidr"] = all,
            ["except"] = new JsonArray([.. ClusterRanges.Of(settings, family).Select(network => network.ToString())]),
        },
    };
}
