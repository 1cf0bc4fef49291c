using System.Globalization;
using System.Net;
using OvimSpokeAgent.Validation;

namespace OvimSpokeAgent.Networking;

/// <summary>
/// <c>NO_PROXY</c> as clusters write it, and as Go's programs read it (golang.org/x/net/http/httpproxy): addresses and CIDRs of both
/// families, names with all their subdomains, <c>.name</c> and <c>*.name</c> for subdomains alone, <c>*</c> for all; each but a CIDR may end
/// in a port. Names are not looked up.
/// </summary>
internal sealed class NoProxyRules
{
    // ::ffff:0:0/96 (RFC 4291, 2.5.5.2)
    private const int MappedLength = 96;

    private readonly List<Func<string, IPAddress?, int, bool>> _rules = [];

    private NoProxyRules()
    {
    }

    /// <summary>Entries that are nothing of that, e.g. a CIDR with an impossible length.</summary>
    public List<string> Unreadable { get; } = [];

    public static NoProxyRules Parse(string? text)
    {
        var rules = new NoProxyRules();
        foreach (var entry in (text ?? "").Split([',', ' ', '\t', '\r', '\n'], StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            if (ParseEntry(entry) is { } rule) rules._rules.Add(rule);
            else rules.Unreadable.Add(entry);
        }
        return rules;
    }

    /// <summary>Whether a request goes past the proxy.</summary>
    public bool Match(Uri destination)
    {
        var host = destination.IdnHost.TrimEnd('.');
        var address = IPAddress.TryParse(host, out var parsed) ? parsed.Unmapped() : null;
        return _rules.Exists(rule => rule(host, address, destination.Port));
    }

    private static Func<string, IPAddress?, int, bool>? ParseEntry(string entry)
    {
        if (entry == "*") return (_, _, _) => true;
        if (entry.Contains('/', StringComparison.Ordinal)) return ParseNetwork(entry);
        if (ParseAddress(entry) is { } whole) return OfAddress(whole, null);
        int? port = null;
        if (entry.LastIndexOf(':') is >= 0 and var colon)
        {
            if (!int.TryParse(entry.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var number)) return null;
            (entry, port) = (entry[..colon], number);
        }
        return ParseAddress(entry) is { } address ? OfAddress(address, port) : OfName(entry, port);
    }

    private static IPAddress? ParseAddress(string text) =>
        IPAddresses.TryParse(text.Trim('[', ']'), out var address) ? address : null;

    // A CIDR may have bits beyond its length, which IPNetwork does not take.
    private static Func<string, IPAddress?, int, bool>? ParseNetwork(string entry)
    {
        var slash = entry.IndexOf('/', StringComparison.Ordinal);
        if (!IPAddresses.TryParse(entry[..slash], out var start)
            || !int.TryParse(entry.AsSpan(slash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var length))
        {
            return null;
        }
        var bytes = start.GetAddressBytes();
        if (length > bytes.Length * 8) return null;
        // As the addresses that are compared with it.
        if (start.IsIPv4MappedToIPv6 && length >= MappedLength) (bytes, length) = (bytes[^4..], length - MappedLength);
        for (var bit = length; bit < bytes.Length * 8; bit++) bytes[bit / 8] &= (byte)~(0x80 >> (bit % 8));
        var network = new IPNetwork(new IPAddress(bytes), length);
        return (_, address, _) => address is not null && network.Contains(address);
    }

    private static Func<string, IPAddress?, int, bool> OfAddress(IPAddress wanted, int? wantedPort)
    {
        wanted = wanted.Unmapped();
        return (_, address, port) => wanted.Equals(address) && (wantedPort is null || wantedPort == port);
    }

    private static Func<string, IPAddress?, int, bool>? OfName(string name, int? wantedPort)
    {
        var isSuffix = name.StartsWith('.') || name.StartsWith("*.", StringComparison.Ordinal);
        var bare = name.TrimStart('*').Trim('.');
        if (bare.Length == 0 || Uri.CheckHostName(bare) is UriHostNameType.Unknown) return null;
        return (host, address, port) => address is null && (wantedPort is null || wantedPort == port)
            && ((!isSuffix && host.Equals(bare, StringComparison.OrdinalIgnoreCase))
                || host.EndsWith("." + bare, StringComparison.OrdinalIgnoreCase));
    }
}
