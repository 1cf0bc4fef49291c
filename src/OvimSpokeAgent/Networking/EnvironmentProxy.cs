using System.Net;
using OvimSpokeAgent.Configuration;
using OvimSpokeAgent.Validation;

namespace OvimSpokeAgent.Networking;

/// <summary>
/// The proxy that the environment names (<c>HTTPS_PROXY</c>, <c>HTTP_PROXY</c>, <c>ALL_PROXY</c>, as .NET reads them), but for what
/// <c>NO_PROXY</c> lets past it: .NET takes addresses and suffixes only, and clusters put CIDRs there.
/// </summary>
/// <param name="proxy">Says which proxy a request takes.</param>
/// <param name="exceptions">What takes none.</param>
internal sealed class EnvironmentProxy(IWebProxy proxy, NoProxyRules exceptions) : IWebProxy
{
    /// <summary>Of the process.</summary>
    public static EnvironmentProxy OfProcess { get; } = new(
        HttpClient.DefaultProxy,
        NoProxyRules.Parse(Exceptions(name => ProcessEnvironment.Variables.GetValueOrDefault(name))));

    /// <summary>What <c>no_proxy</c> says, or where that says nothing <c>NO_PROXY</c>.</summary>
    internal static string? Exceptions(Func<string, string?> variable) =>
        variable("no_proxy") is { Length: > 0 } exceptions ? exceptions : variable("NO_PROXY");

    /// <summary>What <c>NO_PROXY</c> says in vain.</summary>
    public IEnumerable<string> Warnings => exceptions.Unreadable.Select(entry =>
        $"NO_PROXY: {JsonText.Show(entry)} is left out, expected an address, a CIDR, a name, .name or *, each but a CIDR with or without a port");

    public ICredentials? Credentials
    {
        get => proxy.Credentials;
        set => proxy.Credentials = value;
    }

    public Uri? GetProxy(Uri destination) => exceptions.Match(destination) ? null : proxy.GetProxy(destination);

    public bool IsBypassed(Uri host) => exceptions.Match(host) || proxy.IsBypassed(host);
}
