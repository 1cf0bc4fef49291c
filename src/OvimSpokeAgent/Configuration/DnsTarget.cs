using System.Globalization;
using System.Net;
using System.Net.Sockets;
using OvimSpokeAgent.Validation;

namespace OvimSpokeAgent.Configuration;

/// <summary>
/// Where DNS is, as the setting says it: <c>ADDRESS</c>, <c>ADDRESS:PORT</c>, <c>[IPV6]:PORT</c>, or pods as
/// <c>NAMESPACE/LABEL=VALUE</c> with or without <c>:PORT</c>. The port is 53 unless it is given: of pods their own, of an
/// address the one that is asked.
/// </summary>
public sealed record DnsTarget
{
    public const int DefaultPort = 53;

    /// <summary>As many as anybody needs; each is a rule in every VDC.</summary>
    public const int Most = 16;

    public const string Expected =
        "at most 16 addresses (ADDRESS[:PORT], [IPV6]:PORT) or pods (NAMESPACE/LABEL=VALUE[:PORT]), separated by commas, "
        + "such as 169.254.20.10,dns-system/app=coredns:5353; no metadata, loopback or multicast address";

    // Where clouds hand out credentials to whoever asks: all of them, AWS (IPv6), Google (IPv6), Alibaba, AWS EKS and ECS.
    private static readonly IPAddress[] MetadataAddresses =
    [
        IPAddress.Parse("169.254.169.254"), IPAddress.Parse("fd00:ec2::254"), IPAddress.Parse("fd20:ce::254"),
        IPAddress.Parse("100.100.100.200"), IPAddress.Parse("169.254.170.23"), IPAddress.Parse("fd00:ec2::23"),
        IPAddress.Parse("169.254.170.2"),
    ];

    private static readonly byte[] Nat64Prefix = IPAddress.Parse("64:ff9b::").GetAddressBytes()[..12];

    /// <summary>Null: pods are meant.</summary>
    public IPAddress? Address { get; init; }

    public string Namespace { get; init; } = "";

    public string Label { get; init; } = "";

    public string LabelValue { get; init; } = "";

    public int Port { get; init; } = DefaultPort;

    /// <summary>The metadata services of clouds: no VDC gets there, whatever the settings say.</summary>
    public static IReadOnlyList<IPAddress> Metadata => MetadataAddresses;

    /// <summary>
    /// Whether DNS can be at an address for pods everywhere: not at one that hands out credentials, and not at one that means
    /// something else on every machine or link.
    /// </summary>
    public static bool IsPossible(IPAddress address)
    {
        var plain = ReachedBy(address);
        return !MetadataAddresses.Contains(plain) && !IPAddress.IsLoopback(plain) && !plain.IsIPv6LinkLocal && !plain.IsIPv6Multicast
            && !plain.Equals(IPAddress.Any) && !plain.Equals(IPAddress.IPv6Any)
            && (plain.AddressFamily is not AddressFamily.InterNetwork || plain.GetAddressBytes()[0] is > 0 and < 224);
    }

    // ::ffff:A.B.C.D, and what NAT64 leads to (RFC 6052).
    private static IPAddress ReachedBy(IPAddress address)
    {
        var bytes = address.GetAddressBytes();
        return bytes.AsSpan().StartsWith(Nat64Prefix) ? new IPAddress(bytes[^4..]) : address.Unmapped();
    }

    /// <summary>Reads a list of targets.</summary>
    public static bool TryParse(string text, out IReadOnlyList<DnsTarget> targets)
    {
        var list = new List<DnsTarget>();
        targets = list;
        foreach (var part in text.Split(',', StringSplitOptions.TrimEntries))
        {
            var target = part.Contains('/', StringComparison.Ordinal) ? ParsePods(part) : ParseAddress(part);
            if (target is null) return false;
            list.Add(target);
        }
        return list.Count <= Most;
    }

    private static DnsTarget? ParseAddress(string text)
    {
        var address = text;
        var port = DefaultPort;
        // Without brackets the last group of an IPv6 address would be a port.
        var end = text.StartsWith('[') ? text.IndexOf(']', StringComparison.Ordinal) : text.IndexOf(':', StringComparison.Ordinal);
        if (text.StartsWith('['))
        {
            if (end < 0) return null;
            address = text[1..end];
            if (end + 1 < text.Length && (text[end + 1] != ':' || !TryPort(text[(end + 2)..], out port))) return null;
        }
        else if (end >= 0 && text.LastIndexOf(':') == end)
        {
            address = text[..end];
            if (!TryPort(text[(end + 1)..], out port)) return null;
        }
        return IPAddresses.TryParse(address, out var parsed) && IsPossible(parsed)
            ? new DnsTarget { Address = parsed.Unmapped(), Port = port }
            : null;
    }

    private static DnsTarget? ParsePods(string text)
    {
        // The label's key may have a prefix with a '/' of its own, and neither a namespace nor a value has a ':'.
        var port = DefaultPort;
        var colon = text.LastIndexOf(':');
        if (colon >= 0 && !TryPort(text[(colon + 1)..], out port)) return null;
        var pods = colon >= 0 ? text[..colon] : text;
        var (slash, equals) = (pods.IndexOf('/', StringComparison.Ordinal), pods.IndexOf('=', StringComparison.Ordinal));
        if (equals < slash) return null;
        var (ns, label, value) = (pods[..slash], pods[(slash + 1)..equals], pods[(equals + 1)..]);
        return KubernetesNames.IsDnsLabel(ns) && KubernetesNames.IsQualifiedName(label) && KubernetesNames.IsLabelValue(value)
            ? new DnsTarget { Namespace = ns, Label = label, LabelValue = value, Port = port }
            : null;
    }

    private static bool TryPort(string text, out int port) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out port) && port is > 0 and <= 65535;
}
