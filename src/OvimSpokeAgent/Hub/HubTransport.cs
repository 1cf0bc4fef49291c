using System.Net.Security;
using OvimSpokeAgent.Configuration;
using OvimSpokeAgent.Networking;
using OvimSpokeAgent.Operations;
using OvimSpokeAgent.Tls;

namespace OvimSpokeAgent.Hub;

/// <summary>
/// The connections to the hub. When the client certificate or the CAs change, new requests get new connections, and the
/// old ones close as soon as the requests on them are answered: none is cut off.
/// </summary>
internal sealed partial class HubTransport(
    HubCredentials credentials, HubMetrics metrics, AgentSettings settings, TimeProvider time, ILogger<HubTransport> logger)
    : HttpMessageHandler
{
    /// <summary>After this long a name is looked up again.</summary>
    public static readonly TimeSpan ConnectionLifetime = TimeSpan.FromMinutes(5);

    /// <summary>Limit of making a connection, TLS included.</summary>
    public static readonly TimeSpan ConnectLimit = TimeSpan.FromSeconds(8);

    private readonly Lock _lock = new();
    private Generation? _current;

    protected override async Task<HttpResponseMessage> SendAsync(
        HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var generation = Enter();
        try
        {
            return await generation.Invoker.SendAsync(request, cancellationToken);
        }
        catch (OperationCanceledException e) when (e.InnerException is TimeoutException && !cancellationToken.IsCancellationRequested)
        {
            // The library's way to say that no connection came about in time: the request was not sent.
            throw new HttpRequestException(
                HttpRequestError.ConnectionError, $"none came about within {ConnectLimit.TotalSeconds:0} s");
        }
        finally
        {
            Leave(generation);
        }
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing) _current?.Invoker.Dispose();
        base.Dispose(disposing);
    }

    private Generation Enter()
    {
        lock (_lock)
        {
            var version = credentials.ConnectionVersion;
            if (_current is null || _current.Version != version)
            {
                if (_current is { Requests: 0 } old) old.Invoker.Dispose();
                _current = new Generation(version, new HttpMessageInvoker(CreateHandler()));
            }
            _current.Requests++;
            return _current;
        }
    }

    // The handler lets answers that are still read come to their end.
    private void Leave(Generation generation)
    {
        lock (_lock)
        {
            generation.Requests--;
            if (generation.Requests == 0 && generation != _current) generation.Invoker.Dispose();
        }
    }

    /// <summary>Connections with the credentials as they are now.</summary>
    internal SocketsHttpHandler CreateHandler()
    {
        metrics.IsInsecure = settings.Hub.TlsInsecure;
        if (settings.Hub.TlsInsecure) LogInsecure(SettingsTable.HubTlsInsecure.Name, settings.Hub.Endpoint);
        var handler = new SocketsHttpHandler
        {
            AllowAutoRedirect = false, // the token must not follow to another host
            PooledConnectionLifetime = ConnectionLifetime,
            PooledConnectionIdleTimeout = TimeSpan.FromSeconds(90), // over the heartbeat's interval
            ConnectTimeout = ConnectLimit,
            MaxConnectionsPerServer = DeliveryPace.MaxOnTheWay + 4, // results, beside heartbeat and poll
            EnableMultipleHttp2Connections = true,
            KeepAlivePingDelay = TimeSpan.FromSeconds(30),
            KeepAlivePingTimeout = TimeSpan.FromSeconds(10),
            MaxResponseHeadersLength = 64, // KiB
            UseCookies = false,
            Proxy = EnvironmentProxy.OfProcess,
        };
        HappyEyeballs.Use(handler);
        var validation = new HubCertificateValidation(settings.Hub, credentials.Authorities, time);
#pragma warning disable CA5359 // it throws what it says of a certificate that it does not accept
        handler.SslOptions.RemoteCertificateValidationCallback = validation.Validate;
#pragma warning restore CA5359
        handler.SslOptions.CertificateChainPolicy = CertificateTrust.ForConnections();
        if (credentials.Certificate is { } pair)
        {
            handler.SslOptions.ClientCertificateContext =
                SslStreamCertificateContext.Create(pair.Certificate, pair.Intermediates, offline: true);
        }
        return handler;
    }

    [LoggerMessage(3101, LogLevel.Warning,
        "{Setting} IS ON: ANY CERTIFICATE OF {Endpoint} IS ACCEPTED; whoever is in between reads the token and gives orders")]
    private partial void LogInsecure(string setting, Uri endpoint);

    private sealed class Generation(long version, HttpMessageInvoker invoker)
    {
        public long Version { get; } = version;

        public HttpMessageInvoker Invoker { get; } = invoker;

        /// <summary>Requests without an answer.</summary>
        public int Requests { get; set; }
    }
}
