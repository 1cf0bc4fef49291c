using OvimSpokeAgent.Configuration;
using OvimSpokeAgent.Supervision;

namespace OvimSpokeAgent.VirtualDataCenters;

/// <summary>
/// What closed VDCs must know of the cluster: where its DNS is, and the namespaces of KubeVirt and CDI. Sorted and without
/// repetitions, so that the same makes the same policies; compared by value.
/// </summary>
internal sealed record ClusterNetwork
{
    public ClusterNetwork(IEnumerable<DnsRule> dns, IEnumerable<string> kubeVirtNamespaces, IEnumerable<string> cdiNamespaces)
    {
        Dns = [.. dns.Distinct().OrderBy(rule => rule.ToString(), StringComparer.Ordinal)];
        KubeVirtNamespaces = [.. kubeVirtNamespaces.Distinct().Order(StringComparer.Ordinal)];
        CdiNamespaces = [.. cdiNamespaces.Distinct().Order(StringComparer.Ordinal)];
    }

    public IReadOnlyList<DnsRule> Dns { get; }

    public IReadOnlyList<string> KubeVirtNamespaces { get; }

    public IReadOnlyList<string> CdiNamespaces { get; }

    /// <summary>The namespaces that closed VDCs trust: none of them can be a VDC.</summary>
    public IEnumerable<string> TrustedNamespaces =>
        [.. KubeVirtNamespaces, .. CdiNamespaces, .. Dns.Where(rule => rule.Cidr is null).Select(rule => rule.Namespace)];

    /// <summary>What holds while nothing was found: the usual places, and what the settings name.</summary>
    public static ClusterNetwork Usual(VdcSettings settings)
    {
        IReadOnlyList<string> kubeVirts = settings.KubeVirtNamespace is { } kubeVirt ? [kubeVirt] : VdcNames.KubeVirtNamespaces;
        return new(DnsRule.WellKnown, kubeVirts, settings.CdiNamespace is { } cdi ? [cdi] : UsualOfCdi(kubeVirts));
    }

    /// <summary>Where CDI is while nobody says it: operators that install KubeVirt and CDI together put both into one namespace.</summary>
    public static IReadOnlyList<string> UsualOfCdi(IEnumerable<string> kubeVirts) => [.. VdcNames.CdiNamespaces, .. kubeVirts];

    /// <summary>What both allow.</summary>
    public ClusterNetwork Intersect(ClusterNetwork other) => new(
        Dns.Intersect(other.Dns), KubeVirtNamespaces.Intersect(other.KubeVirtNamespaces), CdiNamespaces.Intersect(other.CdiNamespaces));

    public bool Equals(ClusterNetwork? other) => other is not null && Dns.SequenceEqual(other.Dns)
        && KubeVirtNamespaces.SequenceEqual(other.KubeVirtNamespaces) && CdiNamespaces.SequenceEqual(other.CdiNamespaces);

    public override int GetHashCode() => HashCode.Combine(Dns.Count, string.Join(',', KubeVirtNamespaces), string.Join(',', CdiNamespaces));

    public override string ToString() =>
        $"DNS {string.Join(", ", Dns)}; KubeVirt {Names(KubeVirtNamespaces)}; CDI {Names(CdiNamespaces)}";

    private static string Names(IReadOnlyList<string> namespaces) => namespaces.Count == 0 ? "nowhere" : string.Join(", ", namespaces);
}

/// <summary>What is known of the cluster's network now; kept by <see cref="ClusterNetworkDiscovery"/>.</summary>
internal sealed class ClusterNetworkView(AgentSettings settings)
{
    private readonly AsyncSignal _changed = new();
    private volatile ClusterNetwork _current = ClusterNetwork.Usual(settings.Vdc);
    private volatile bool _isKnown;
    private volatile Action _onChange = () => { };

    public ClusterNetwork Current => _current;

    /// <summary>Tells of every change; for one listener.</summary>
    public void Subscribe(Action onChange) => _onChange = onChange;

    public void Set(ClusterNetwork network)
    {
        var isChange = !_current.Equals(network);
        (_current, _isKnown) = (network, true);
        _changed.Set();
        if (isChange) _onChange();
    }

    /// <summary>Completes when it was looked for.</summary>
    public Task WaitForFirstAnswerAsync(CancellationToken cancellationToken) =>
        _changed.WaitUntilAsync(() => _isKnown, cancellationToken);
}
