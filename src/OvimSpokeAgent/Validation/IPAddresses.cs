using System.Diagnostics.CodeAnalysis;
using System.Net;

namespace OvimSpokeAgent.Validation;

/// <summary>IP addresses as people write them and as sockets show them.</summary>
internal static class IPAddresses
{
    /// <summary>Reads an IP address as people write it; <see cref="IPAddress.TryParse(string, out IPAddress)"/> takes <c>8080</c> too.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out IPAddress? address) =>
        IPAddress.TryParse(text, out address) && (text.Contains(':', StringComparison.Ordinal) || text.Count(c => c == '.') == 3);

    /// <summary>The IPv4 address of <c>::ffff:A.B.C.D</c> (RFC 4291, 2.5.5.2), as which sockets of both families show it; else the address itself.</summary>
    public static IPAddress Unmapped(this IPAddress address) => address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
}
