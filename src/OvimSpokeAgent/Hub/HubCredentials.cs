using System.Security.Cryptography.X509Certificates;
using OvimSpokeAgent.Configuration;
using OvimSpokeAgent.Tls;
using OvimSpokeAgent.Validation;

namespace OvimSpokeAgent.Hub;

/// <summary>
/// What the agent shows the hub and trusts it by: bearer token, client certificate, CAs. What comes from files is read
/// again when it changes; content that cannot be used never replaces one that can.
/// </summary>
internal sealed class HubCredentials : IReloadableFileSource
{
    private readonly HubSettings _settings;
    private readonly ReloadableFile<string>? _token;
    private readonly ReloadableFile<CertificatePair>? _certificate;
    private readonly ReloadableFile<X509Certificate2Collection>? _authorities;
    private long _accepted = -1;

    public HubCredentials(AgentSettings settings, SettingsFileReader? read = null)
    {
        _settings = settings.Hub;
        read ??= SettingsFiles.Read;
        if (_settings.TokenFile is { } tokenFile)
        {
            _token = new(
                "hub token", [(SettingsTable.HubTokenFile.Name, tokenFile)], texts => ParseToken(texts[0]), _ => [], read);
        }
        if (_settings is { CertFile: { } certFile, KeyFile: { } keyFile })
        {
            _certificate = new(
                "client certificate for the hub",
                [(SettingsTable.HubCertFile.Name, certFile), (SettingsTable.HubKeyFile.Name, keyFile)],
                texts => PemCertificates.Pair(texts[0], texts[1]),
                pair => pair.Intermediates.Prepend(pair.Certificate),
                read);
        }
        if (_settings.CaFile is { } caFile)
        {
            _authorities = new(
                "CA of the hub", [(SettingsTable.HubCaFile.Name, caFile)], texts => PemCertificates.Authorities(texts[0]), cas => cas, read);
        }
        ReloadableFiles = [.. new IReloadableFile?[] { _token, _certificate, _authorities }.OfType<IReloadableFile>()];
        foreach (var value in ReloadableFiles) value.Refresh();
    }

    public IReadOnlyList<IReloadableFile> ReloadableFiles { get; }

    /// <summary>The client certificate; null: none is configured.</summary>
    public CertificatePair? Certificate => _certificate?.Current;

    /// <summary>The CAs in addition to the system's; null: none are configured.</summary>
    public X509Certificate2Collection? Authorities => _authorities?.Current;

    /// <summary>Tells apart what connections were made with.</summary>
    public long ConnectionVersion => ((long)(_certificate?.Version ?? 0) << 32) + (_authorities?.Version ?? 0);

    /// <summary>Whether the hub ever answered over a connection made with these: if not, they may be why.</summary>
    public bool WereAccepted => Interlocked.Read(ref _accepted) == ConnectionVersion;

    /// <summary>The bearer token; null where a client certificate stands for it.</summary>
    /// <exception cref="HubException">Its file never held one.</exception>
    public string? Token
    {
        get
        {
            if (_token is null) return _settings.Token;
            return _token.Current ?? throw new HubException($"the hub token cannot be read: {_token.Problem}");
        }
    }

    /// <summary>A text that came from the hub's side without the token: some hubs and proxies send back what they refuse.</summary>
    public string WithoutToken(string text) =>
        (_token is null ? _settings.Token : _token.Current) is { } token
            ? text.Replace(token, "(token)", StringComparison.Ordinal)
            : text;

    /// <summary>The hub answered, be it with a refusal.</summary>
    public void Accepted() => Interlocked.Exchange(ref _accepted, ConnectionVersion);

    /// <summary>Reads the token's file at once.</summary>
    public void RefreshToken() => _token?.Refresh();

    private static Parsed<string> ParseToken(string text)
    {
        var token = text.Trim();
        return SettingText.IsToken(token) ? token : new Parsed<string>(null, "it holds no token of printable ASCII characters without spaces");
    }
}
