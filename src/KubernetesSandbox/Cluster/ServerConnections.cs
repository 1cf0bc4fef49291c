using System.Collections.Concurrent;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;

namespace KubernetesSandbox.Cluster;

/// <summary>Where a server is that the API server calls.</summary>
/// <param name="ServerName">By which name its certificate is checked.</param>
/// <param name="Host">Where it is dialled.</param>
/// <param name="Port">And on which port.</param>
/// <param name="CaBundle">Whose certificates are taken, PEM in base64; null: all.</param>
internal sealed record RemoteServer(string ServerName, string Host, int Port, string? CaBundle)
{
    /// <summary>As messages name it.</summary>
    public string Url => $"https://{Host}:{Port}";

    public Uri UriOf(string pathAndQuery) => new($"https://{ServerName}:{Port}{pathAndQuery}");
}

/// <summary>The TLS connections to the servers of aggregated APIs and to webhooks.</summary>
internal sealed class ServerConnections(ObjectStore store) : IDisposable
{
    private const int DefaultPort = 443;

    private static readonly TimeSpan DialLimit = TimeSpan.FromSeconds(10);

    private readonly ConcurrentDictionary<RemoteServer, HttpMessageInvoker> _clients = [];

    /// <summary>The server behind a reference to a Service of type ExternalName; null if that is not there or leads nowhere.</summary>
    /// <param name="reference">Has <c>namespace</c>, <c>name</c> and perhaps <c>port</c>.</param>
    /// <param name="caBundle">Whose certificates are taken; null: all.</param>
    public RemoteServer? Behind(JsonNode? reference, string? caBundle)
    {
        var key = new ObjectKey(reference.Text("namespace") ?? "", reference.Text("name") ?? "");
        if (store.Get(BuiltInKinds.Service.Resource, key)?.Content.Text("spec", "externalName") is not { Length: > 0 } host) return null;
        return new($"{key.Name}.{key.Namespace}.svc", host, (int)(reference.Number("port") ?? DefaultPort), caBundle);
    }

    /// <exception cref="HttpRequestException">The server is not reached, or shows a wrong certificate.</exception>
    public Task<HttpResponseMessage> SendAsync(RemoteServer server, HttpRequestMessage request, CancellationToken cancellationToken) =>
        _clients.GetOrAdd(server, Connect).SendAsync(request, cancellationToken);

    public void Dispose()
    {
        foreach (var client in _clients.Values) client.Dispose();
    }

    private static HttpMessageInvoker Connect(RemoteServer server)
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
            Encoding.ASCII.GetString(Convert.FromBase64String(caBundle)));
        using var leaf = X509CertificateLoader.LoadCertificate(certificate.GetRawCertData());
        return chain.Build(leaf);
    }
}
