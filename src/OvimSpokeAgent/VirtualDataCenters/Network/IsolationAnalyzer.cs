using System.Globalization;
using System.Text.Json;

namespace OvimSpokeAgent.VirtualDataCenters;

/// <summary>
/// Whether someone else's network policy opens what is declared closed: policies add up, so that one that allows more
/// than the declaration weakens it. What cannot be seen to be within the declaration counts as more. Pure.
/// </summary>
internal static class IsolationAnalyzer
{
    /// <summary>What a policy opens, e.g. <c>ingress from everywhere</c>; null: nothing beyond the declaration.</summary>
    /// <param name="ns">The namespace of both.</param>
    /// <param name="declared">What is declared.</param>
    /// <param name="network">Where the cluster's DNS is.</param>
    /// <param name="policy">Someone else's policy.</param>
    public static string? Opens(string ns, NetworkDeclaration declared, ClusterNetwork network, NetworkPolicySpec policy)
    {
        var (closesIngress, closesEgress) = declared.Mode switch
        {
            NetworkMode.Isolated => (true, true),
            NetworkMode.Custom => (declared.Custom!.RestrictsIngress, declared.Custom.RestrictsEgress),
            _ => (false, false),
        };
        var opened = new List<string>();
        if (closesIngress && AppliesTo(policy, "Ingress", true))
            opened.AddRange((policy.Ingress ?? []).Select(rule => Ingress(ns, declared, rule)).OfType<string>());
        if (closesEgress && AppliesTo(policy, "Egress", policy.Egress is { Count: > 0 }))
            opened.AddRange((policy.Egress ?? []).Select(rule => Egress(ns, declared, network, rule)).OfType<string>());
        return opened.Count == 0 ? null : string.Join(", ", opened.Distinct());
    }

    private static bool AppliesTo(NetworkPolicySpec policy, string type, bool byDefault) =>
        policy.PolicyTypes is { Count: > 0 } types ? types.Contains(type) : byDefault;

    private static string? Ingress(string ns, NetworkDeclaration declared, NetworkPolicyRule rule)
    {
        if (rule.Peers.Count == 0) return "ingress from everywhere";
        var beyond = rule.Peers.FirstOrDefault(peer => NamespacesOf(ns, peer) is not { } names || names.Any(name => !MayEnter(name)));
        return beyond is null ? null : $"ingress from {Show(ns, beyond)}";

        bool MayEnter(string name) => declared.Custom is { } custom
            ? (name == ns && custom.TakesFromSameNamespace) || custom.IngressNamespaces.Contains(name)
            : name == ns;
    }

    private static string? Egress(string ns, NetworkDeclaration declared, ClusterNetwork network, NetworkPolicyRule rule)
    {
        if (declared.Custom is { EgressPorts.Count: > 0 } custom && HasOnly(rule, custom.EgressPorts)) return null;
        if (rule.Peers.Count == 0) return "egress to everywhere";
        var reachesOwn = declared.Custom?.ReachesSameNamespace ?? true;
        var dnsRules = declared.Custom is { ReachesDns: false } ? [] : network.Dns;
        var beyond = rule.Peers.FirstOrDefault(peer => !MayReach(peer));
        return beyond is null ? null : $"egress to {Show(ns, beyond)}";

        bool MayReach(NetworkPolicyPeer peer) => peer.IpBlock is { } block
            ? HasOnly(rule, PortsOf(dns => dns.Cidr == block.Cidr))
            : NamespacesOf(ns, peer) is { } names
                && names.All(name => (reachesOwn && name == ns) || HasOnly(rule, PortsOf(dns => dns.Cidr is null && dns.Namespace == name)));

        IReadOnlyList<int> PortsOf(Func<DnsRule, bool> isMeant) =>
            [.. dnsRules.Where(isMeant).Select(dns => int.TryParse(dns.Port, NumberStyles.None, CultureInfo.InvariantCulture, out var port) ? port : 0)];
    }

    private static bool HasOnly(NetworkPolicyRule rule, IReadOnlyList<int> ports) => rule.Ports is { Count: > 0 } list
        && list.All(entry => entry.EndPort is null && entry.Port is { ValueKind: JsonValueKind.Number } port
            && port.TryGetInt32(out var number) && ports.Contains(number));

    // The namespaces that a peer is in; null: any, or something else than pods.
    private static IReadOnlyList<string>? NamespacesOf(string ns, NetworkPolicyPeer peer)
    {
        if (peer.IpBlock is not null) return null;
        if (peer.NamespaceSelector is not { } selector) return [ns];
        if (selector.MatchLabels?.GetValueOrDefault(NetworkPolicyManifests.NamespaceNameLabel) is { } name) return [name];
        return selector.MatchExpressions?
            .FirstOrDefault(r => r.Key == NetworkPolicyManifests.NamespaceNameLabel && r.Operator == "In")?.Values;
    }

    private static string Show(string ns, NetworkPolicyPeer peer)
    {
        if (peer.IpBlock is { } block) return block.Cidr;
        return NamespacesOf(ns, peer) is { } names
            ? string.Create(CultureInfo.InvariantCulture, $"namespace {string.Join(", ", names)}")
            : peer.NamespaceSelector!.SelectsAll ? "all namespaces" : "namespaces by label";
    }
}
