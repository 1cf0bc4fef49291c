using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using k8s;
using OvimSpokeAgent.Configuration;

namespace OvimSpokeAgent.Cluster;

/// <summary>
/// The CAs and the client certificate of connections to the API server, read anew for connections that are made, at most once in
/// 10 s: they may be replaced while the agent runs. Where they cannot be read, those that were read last count.
/// </summary>
internal sealed class ClusterTls(KubernetesClientConfiguration configuration, AgentSettings settings, TimeProvider time)
{
    private static readonly TimeSpan MinAge = TimeSpan.FromSeconds(10);

    private readonly Lock _lock = new();
    private KubernetesClientConfiguration _current = configuration;
    private X509Certificate2? _certificate = CertificateOf(configuration);
    private long _readAt = time.GetTimestamp();

    public void Use(SslClientAuthenticationOptions options)
    {
        if (_current.SkipTlsVerify)
        {
#pragma warning disable CA5359 // the kubeconfig asks for it: insecure-skip-tls-verify
            options.RemoteCertificateValidationCallback = (_, _, _, _) => true;
#pragma warning restore CA5359
        }
        else if (_current.SslCaCerts is not null)
        {
            options.RemoteCertificateValidationCallback = (sender, certificate, chain, errors) => certificate is not null && chain is not null
                && Kubernetes.CertificateValidationCallBack(sender, Read().Configuration.SslCaCerts, certificate, chain, errors);
        }
        if (_certificate is not null) options.LocalCertificateSelectionCallback = (_, _, _, _, _) => Read().Certificate;
    }

    /// <summary>The client certificate with its key; null: there is none.</summary>
    /// <exception cref="CryptographicException">It is none.</exception>
    public static X509Certificate2? CertificateOf(KubernetesClientConfiguration configuration) =>
        Pem(configuration.ClientCertificateData, configuration.ClientCertificateFilePath) is { } certificate
        && Pem(configuration.ClientCertificateKeyData, configuration.ClientKeyFilePath) is { } key
            ? X509Certificate2.CreateFromPem(certificate, key)
            : null;

    private static string? Pem(string? data, string? file) => !string.IsNullOrEmpty(data)
        ? Encoding.UTF8.GetString(Convert.FromBase64String(data))
        : string.IsNullOrEmpty(file) ? null : File.ReadAllText(file);

    private (KubernetesClientConfiguration Configuration, X509Certificate2 Certificate) Read()
    {
        lock (_lock)
        {
            if (time.GetElapsedTime(_readAt) < MinAge) return (_current, _certificate!);
            _readAt = time.GetTimestamp();
            try
            {
                var read = KubernetesConnection.ReadConfiguration(settings);
                (_certificate, _current) = (CertificateOf(read) ?? _certificate, read);
            }
            catch (Exception e) when (KubernetesConnection.IsUnusable(e))
            {
                // It may be half written: the server says what it thinks of the old ones, and the next connection reads again.
            }
            return (_current, _certificate!);
        }
    }
}
