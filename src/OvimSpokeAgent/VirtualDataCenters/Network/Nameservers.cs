using System.Net;
using OvimSpokeAgent.Validation;

namespace OvimSpokeAgent.VirtualDataCenters;

/// <summary>Who answers the names that this machine asks for.</summary>
internal delegate IReadOnlyList<IPAddress> Nameservers();

/// <summary>
/// The nameservers of the agent's own pod. The kubelet writes the same into every pod whose DNS policy is
/// <c>ClusterFirst</c>, those of VMs among them.
/// </summary>
internal static class ResolvConf
{
    private const string File = "/etc/resolv.conf";

    /// <summary>More are no use to a resolver (glibc's takes 3); these are read.</summary>
    private const int Most = 8;

    /// <summary>None where the file cannot be read.</summary>
    public static IReadOnlyList<IPAddress> Read()
    {
        try
        {
            return Parse(System.IO.File.ReadAllText(File));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    /// <summary>The addresses of <c>nameserver</c> lines (resolv.conf(5)); what is no address is passed over, as resolvers do.</summary>
    public static IReadOnlyList<IPAddress> Parse(string text)
    {
        var servers = new List<IPAddress>();
        foreach (var line in text.Split('\n'))
        {
            var words = line.Split((char[])[' ', '\t', '\r'], StringSplitOptions.RemoveEmptyEntries);
            if (words is ["nameserver", var server, ..] && IPAddress.TryParse(server, out var address) && servers.Count < Most)
                servers.Add(address.Unmapped());
        }
        return [.. servers.Distinct()];
    }
}
