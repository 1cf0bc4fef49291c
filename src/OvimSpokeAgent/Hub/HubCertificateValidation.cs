using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using OvimSpokeAgent.Configuration;
using OvimSpokeAgent.Tls;

namespace OvimSpokeAgent.Hub;

/// <summary>
/// Judges the hub's certificate: by the system's CAs, then by those of <c>OVIM_HUB_CA_FILE</c>; with
/// <c>OVIM_HUB_TLS_INSECURE</c> not at all.
/// </summary>
internal sealed class HubCertificateValidation(HubSettings settings, X509Certificate2Collection? authorities, TimeProvider time)
{
    // Subject alternative names (RFC 5280).
    private const string AlternativeNamesOid = "2.5.29.17";

    /// <summary>Accepts the certificate or says why not.</summary>
    /// <exception cref="HubCertificateException">It is not accepted.</exception>
    public bool Validate(object sender, X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors)
    {
        if (errors is SslPolicyErrors.None || settings.TlsInsecure) return true;
        if (certificate is not X509Certificate2 leaf || chain is null || errors.HasFlag(SslPolicyErrors.RemoteCertificateNotAvailable))
            throw new HubCertificateException("the hub showed no certificate");

        if (errors.HasFlag(SslPolicyErrors.RemoteCertificateNameMismatch)) throw WrongName(leaf, (sender as SslStream)?.TargetHostName);

        using var custom = new X509Chain();
        if (authorities is not null && IsTrusted(custom, leaf, chain, authorities)) return true;
        throw NotTrusted(leaf, authorities is null ? chain : custom);
    }

    private static bool IsTrusted(
        X509Chain custom, X509Certificate2 leaf, X509Chain sent, X509Certificate2Collection authorities) =>
        CertificateTrust.IsTrusted(
            custom,
            leaf,
            [.. sent.ChainElements.Skip(1).Select(element => element.Certificate), .. sent.ChainPolicy.ExtraStore],
            authorities,
            CertificateTrust.Servers);

    private static HubCertificateException WrongName(X509Certificate2 certificate, string? host)
    {
        var names = certificate.Extensions.FirstOrDefault(extension => extension.Oid?.Value == AlternativeNamesOid) is { } extension
            ? Names(new X509SubjectAlternativeNameExtension(extension.RawData))
            : $"no host ({certificate.Subject})";
        return new($"the hub's certificate is for {names}, not for {host}: check the host in {SettingsTable.HubEndpoint.Name}, "
            + "or the hub needs a certificate for that name");
    }

    private static string Names(X509SubjectAlternativeNameExtension names) =>
        string.Join(", ", names.EnumerateDnsNames().Concat(names.EnumerateIPAddresses().Select(address => address.ToString())));

    private HubCertificateException NotTrusted(X509Certificate2 leaf, X509Chain chain)
    {
        foreach (var element in chain.ChainElements)
        {
            var status = element.ChainElementStatus.Aggregate(X509ChainStatusFlags.NoError, (all, one) => all | one.Status);
            var whose = element.Certificate.Equals(leaf) ? "the hub's certificate" : "a CA of the hub's certificate";
            var what = $"{whose} ({element.Certificate.Subject})";
            if (status.HasFlag(X509ChainStatusFlags.NotTimeValid)) return OutOfTime(what, element.Certificate);
            if (status.HasFlag(X509ChainStatusFlags.NotValidForUsage))
                return new($"{what} is not made for servers: the hub needs another one");
            if (status.HasFlag(X509ChainStatusFlags.NotSignatureValid))
                return new($"{what} is not signed by the CA it names, {element.Certificate.Issuer}");
        }
        var file = SettingsTable.HubCaFile.Name;
        var trusted = authorities is null
            ? $"no CA of the system: put the hub's CA into a file and name it in {file}"
            : $"neither a CA of the system nor one of {file}={settings.CaFile} "
                + $"({string.Join("; ", authorities.Select(ca => ca.Subject))}): is it the hub's CA?";
        return new($"the hub's certificate ({leaf.Subject}) is signed by {chain.ChainElements[^1].Certificate.Issuer}, which is {trusted}");
    }

    private HubCertificateException OutOfTime(string what, X509Certificate2 certificate)
    {
        var now = time.GetUtcNow();
        var (from, until) = (certificate.NotBefore.ToUniversalTime(), certificate.NotAfter.ToUniversalTime());
        return new(now < from
            ? $"{what} is not valid before {from:u}; here it is {now:u}: is this clock right?"
            : $"{what} expired on {until:u}; here it is {now:u}: it must be renewed");
    }
}
