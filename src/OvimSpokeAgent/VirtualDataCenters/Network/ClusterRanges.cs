using System.Net;
using System.Net.Sockets;
using OvimSpokeAgent.Configuration;

namespace OvimSpokeAgent.VirtualDataCenters;

/// <summary>
/// The addresses that no importer of a closed VDC reaches: the cluster's own, the metadata services of clouds, and of IPv6
/// also those under which NAT64 (RFC 6052) leads to such an IPv4 address. Pure.
/// </summary>
internal static class ClusterRanges
{
    private const int Nat64Length = 96;

    private static readonly byte[] Nat64 = IPAddress.Parse("64:ff9b::").GetAddressBytes();

    public static IReadOnlyList<IPNetwork> Of(VdcSettings settings, AddressFamily family)
    {
        var named = settings.ClusterCidrs;
        var all = named.Concat(DnsTarget.Metadata
            .Where(address => !named.Any(network => network.Contains(address)))
            .Select(address => new IPNetwork(address, address.GetAddressBytes().Length * 8))).ToList();
        if (family is AddressFamily.InterNetworkV6) all.AddRange(all.Where(IsV4).Select(BehindNat64).ToList());
        return [.. all.Where(network => network.BaseAddress.AddressFamily == family)];
    }

    private static bool IsV4(IPNetwork network) => network.BaseAddress.AddressFamily is AddressFamily.InterNetwork;

    private static IPNetwork BehindNat64(IPNetwork network)
    {
        var bytes = Nat64.ToArray();
        network.BaseAddress.GetAddressBytes().CopyTo(bytes, Nat64Length / 8);
        return new IPNetwork(new IPAddress(bytes), Nat64Length + network.PrefixLength);
    }
}
