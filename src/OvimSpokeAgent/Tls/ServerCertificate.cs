using System.Net.Security;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using OvimSpokeAgent.Configuration;
using OvimSpokeAgent.Validation;

namespace OvimSpokeAgent.Tls;

/// <summary>
/// The certificate of the agent's own endpoints. A new one is used for new connections as soon as it is read; those that
/// are there go on.
/// </summary>
internal sealed class ServerCertificate : IReloadableFileSource
{
    private readonly ReloadableFile<CertificatePair>? _pair;
    private volatile Context? _context;

    public ServerCertificate(AgentSettings settings, SettingsFileReader? read = null)
    {
        if (settings.Http is not { CertFile: { } certFile, KeyFile: { } keyFile }) return;
        _pair = new(
            "certificate of the agent's endpoints",
            [(SettingsTable.HttpCertFile.Name, certFile), (SettingsTable.HttpKeyFile.Name, keyFile)],
            texts => PemCertificates.Pair(texts[0], texts[1]),
            pair => pair.Intermediates.Prepend(pair.Certificate),
            read ?? SettingsFiles.Read);
        _pair.Refresh();
        ReloadableFiles = [_pair];
    }

    public IReadOnlyList<IReloadableFile> ReloadableFiles { get; } = [];

    /// <summary>
    /// Has a listener speak TLS if a certificate is configured. Clients are asked for a certificate and need not have one,
    /// the kubelet has none; who needs one is the endpoint's to say.
    /// </summary>
    public void Use(ListenOptions listener)
    {
        if (_pair is null) return;
        listener.UseHttps(new TlsHandshakeCallbackOptions
        {
            OnConnection = connecting => ValueTask.FromResult(new SslServerAuthenticationOptions
            {
                ServerCertificateContext = CurrentContext(_pair),
                ClientCertificateRequired = true, // asked for
                CertificateChainPolicy = CertificateTrust.ForConnections(),
#pragma warning disable CA5359 // judged where it counts, by the push endpoints
                RemoteCertificateValidationCallback = (_, _, chain, _) =>
                {
                    connecting.Connection.Features.Set(ClientIntermediates.Of(chain));
                    return true;
                },
#pragma warning restore CA5359
            }),
        });
    }

    private SslStreamCertificateContext CurrentContext(ReloadableFile<CertificatePair> pair)
    {
        var version = pair.Version;
        if (_context is { } known && known.Version == version) return known.Certificate;
        var current = pair.Current ?? throw new InvalidOperationException($"there is no server certificate: {pair.Problem}");
        var made = SslStreamCertificateContext.Create(current.Certificate, current.Intermediates, offline: true);
        _context = new Context(version, made);
        return made;
    }

    private sealed record Context(int Version, SslStreamCertificateContext Certificate);
}
