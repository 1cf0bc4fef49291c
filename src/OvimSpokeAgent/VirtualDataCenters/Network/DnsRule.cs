using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace OvimSpokeAgent.VirtualDataCenters;

/// <summary>One way to the cluster's DNS. Compared by value.</summary>
/// <param name="Cidr">A single address as a network; null: pods are meant.</param>
/// <param name="Namespace">Of the pods.</param>
/// <param name="Labels">Of the pods, as <c>KEY=VALUE,KEY=VALUE</c>, sorted; empty: all of the namespace.</param>
/// <param name="Protocol"><c>UDP</c> or <c>TCP</c>.</param>
/// <param name="Port">The pods' own port, or the one that is asked at the address: a number, or the name of a container's port.</param>
internal sealed record DnsRule(string? Cidr, string Namespace, string Labels, string Protocol, string Port)
{
    public static readonly IReadOnlyList<string> Protocols = ["TCP", "UDP"];

    /// <summary>Where upstream Kubernetes and OpenShift have it; nobody but the cluster's owner makes these namespaces.</summary>
    public static readonly IReadOnlyList<DnsRule> WellKnown =
    [
        .. Protocols.Select(protocol => OfPods("kube-system", "k8s-app=kube-dns", protocol, "53")),
        .. Protocols.Select(protocol => OfPods("openshift-dns", "", protocol, "5353")),
    ];

    /// <summary>Whom it leads to, for messages: one rule has one protocol and port of it.</summary>
    public string Peer => Cidr ?? (Labels.Length == 0 ? Namespace : $"{Namespace}/{Labels}");

    public static DnsRule OfPods(string ns, string labels, string protocol, string port) => new(null, ns, labels, protocol, port);

    public static DnsRule OfPods(string ns, IReadOnlyDictionary<string, string> labels, string protocol, string port) => OfPods(
        ns,
        string.Join(',', labels.OrderBy(label => label.Key, StringComparer.Ordinal).Select(label => $"{label.Key}={label.Value}")),
        protocol,
        port);

    public static DnsRule OfAddress(IPAddress address, string protocol, int port) => new(
        $"{address}/{(address.AddressFamily is AddressFamily.InterNetwork ? 32 : 128)}",
        "",
        "",
        protocol,
        port.ToString(CultureInfo.InvariantCulture));

    public override string ToString() => $"{Peer} {Protocol}/{Port}";
}
