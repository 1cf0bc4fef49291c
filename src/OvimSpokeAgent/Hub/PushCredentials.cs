using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using OvimSpokeAgent.Configuration;
using OvimSpokeAgent.Tls;
using OvimSpokeAgent.Validation;

namespace OvimSpokeAgent.Hub;

/// <summary>By what a push proves that it comes from the hub: a bearer token, or a client certificate of a known CA.</summary>
internal sealed class PushCredentials : IReloadableFileSource
{
    private const string Scheme = "Bearer ";

    private readonly ReloadableFile<byte[]>? _tokenHash;
    private readonly ReloadableFile<X509Certificate2Collection>? _authorities;

    public PushCredentials(AgentSettings settings, SettingsFileReader? read = null)
    {
        read ??= SettingsFiles.Read;
        if (settings.Push.TokenFile is { } tokenFile)
        {
            _tokenHash = new(
                "push token", [(SettingsTable.PushTokenFile.Name, tokenFile)], texts => ParseToken(texts[0]), _ => [], read);
        }
        if (settings.Push.ClientCaFile is { } caFile)
        {
            _authorities = new(
                "CA of push clients",
                [(SettingsTable.PushClientCaFile.Name, caFile)],
                texts => PemCertificates.Authorities(texts[0]),
                cas => cas,
                read);
        }
        ReloadableFiles = [.. new IReloadableFile?[] { _tokenHash, _authorities }.OfType<IReloadableFile>()];
        foreach (var value in ReloadableFiles) value.Refresh();
    }

    public IReadOnlyList<IReloadableFile> ReloadableFiles { get; }

    /// <summary>Whether a request may push.</summary>
    /// <param name="authorization">Its <c>Authorization</c> header, or null.</param>
    /// <param name="certificate">Its client certificate, or null.</param>
    /// <param name="sent">What came with the certificate.</param>
    public bool Accept(string? authorization, X509Certificate2? certificate, ClientIntermediates? sent) =>
        (authorization is not null && IsToken(authorization)) || (certificate is not null && IsKnown(certificate, sent));

    // Both sides are hashes: their comparison takes the same time whatever was sent.
    private bool IsToken(string authorization) =>
        _tokenHash?.Current is { } hash
        && authorization.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase)
        && CryptographicOperations.FixedTimeEquals(Hash(authorization[Scheme.Length..].Trim()), hash);

    private bool IsKnown(X509Certificate2 certificate, ClientIntermediates? sent)
    {
        if (_authorities?.Current is not { } authorities) return false;
        using var chain = new X509Chain();
        return CertificateTrust.IsTrusted(chain, certificate, sent?.Certificates ?? [], authorities, CertificateTrust.Clients);
    }

    private static Parsed<byte[]> ParseToken(string text)
    {
        var token = text.Trim();
        return SettingText.IsToken(token)
            ? Hash(token)
            : new Parsed<byte[]>(null, "it holds no token of printable ASCII characters without spaces");
    }

    private static byte[] Hash(string token) => SHA256.HashData(Encoding.UTF8.GetBytes(token));
}
