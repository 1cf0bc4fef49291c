using System.Collections.Concurrent;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;

namespace OvimSpokeAgent.Sandbox.Cluster;

/// <summary>Where the server of an aggregated API is.</summary>
/// <param name="ServerName">By which name its certificate is checked.</param>
/// <param name="Host">Where it is dialled.</param>
/// <param name="Port">And on which port.</param>
/// <param name="CaBundle">Whose certificates are taken, PEM; null: all.</param>
internal sealed record AggregatedServer(string ServerName, string Host, int Port, string? CaBundle)
{
    /// <summary>As messages name it.</summary>
    public string Url => $"https://{Host}:{Port}";

    public Uri UriOf(string pathAndQuery) => new($"https://{ServerName}:{Port}{pathAndQuery}");
}

/// <summary>
/// The APIs that other servers serve: an APIService names a group, a version and a Service of type ExternalName, which leads to
/// the server. Reached over TLS, checked against the <c>caBundle</c> unless <c>insecureSkipTLSVerify</c>.
/// </summary>
internal sealed class AggregatedApis(ObjectStore store) : IDisposable
{
    private const int DefaultPort = 443;

    private static readonly TimeSpan DialLimit = TimeSpan.FromSeconds(10);

    private readonly ConcurrentDictionary<AggregatedServer, HttpMessageInvoker> _clients = [];

    /// <summary>The APIService of a version that another server serves, or null.</summary>
    public StoredObject? Find(string group, string version) =>
        store.Get(BuiltInKinds.ApiService.Resource, new("", $"{version}.{group}")) is { } service && IsRemote(service) ? service : null;

    public IEnumerable<(string Group, string Version)> Versions() =>
        store.Read(BuiltInKinds.ApiService.Resource).Objects.Values
            .Where(IsRemote)
            .Select(service => (service.Content.Text("spec", "group") ?? "", service.Content.Text("spec", "version") ?? ""));

    public static bool IsRemote(StoredObject service) => service.Content.Map("spec", "service") is not null;

    /// <summary>The server behind an APIService; null if its Service is not there or leads nowhere.</summary>
    public AggregatedServer? ServerOf(StoredObject apiService)
    {
        var reference = apiService.Content.At("spec", "service");
        var key = new ObjectKey(reference.Text("namespace") ?? "", reference.Text("name") ?? "");
        if (store.Get(BuiltInKinds.Service.Resource, key)?.Content.Text("spec", "externalName") is not { Length: > 0 } host) return null;
        var isUnchecked = apiService.Content.Flag("spec", "insecureSkipTLSVerify") is true;
        return new(
            $"{key.Name}.{key.Namespace}.svc",
            host,
            (int)(reference.Number("port") ?? DefaultPort),
            isUnchecked ? null : apiService.Content.Text("spec", "caBundle") ?? "");
    }

    /// <exception cref="HttpRequestException">The server is not reached, or shows a wrong certificate.</exception>
    public Task<HttpResponseMessage> SendAsync(
        AggregatedServer server, HttpRequestMessage request, CancellationToken cancellationToken) =>
        _clients.GetOrAdd(server, Connect).SendAsync(request, cancellationToken);

    public void Dispose()
    {
        foreach (var client in _clients.Values) client.Dispose();
    }

    private static HttpMessageInvoker Connect(AggregatedServer server)
    {
        var handler = new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            AutomaticDecompression = DecompressionMethods.None,
            UseCookies = false,
            UseProxy = false,
            ConnectTimeout = DialLimit,
            ConnectCallback = async (_, cancellationToken) =>
            {
                var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
                try
                {
                    await socket.ConnectAsync(server.Host, server.Port, cancellationToken);
                    return new NetworkStream(socket, ownsSocket: true);
                }
                catch
                {
                    socket.Dispose();
                    throw;
                }
            },
        };
#pragma warning disable CA5359 // insecureSkipTLSVerify asks for just that
        handler.SslOptions.RemoteCertificateValidationCallback = server.CaBundle is null
            ? (_, _, _, _) => true
            : (_, certificate, _, errors) => IsTrusted(server.CaBundle, certificate, errors);
#pragma warning restore CA5359
        return new HttpMessageInvoker(handler);
    }

    private static bool IsTrusted(string caBundle, X509Certificate? certificate, SslPolicyErrors errors)
    {
        if (certificate is null || errors.HasFlag(SslPolicyErrors.RemoteCertificateNameMismatch)) return false;
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.CustomTrustStore.ImportFromPem(
            System.Text.Encoding.ASCII.GetString(Convert.FromBase64String(caBundle)));
        using var leaf = X509CertificateLoader.LoadCertificate(certificate.GetRawCertData());
        return chain.Build(leaf);
    }
}
