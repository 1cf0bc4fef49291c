using System.Security.Cryptography.X509Certificates;

namespace OvimSpokeAgent.Tls;

/// <summary>Whether a certificate is of a CA that a file names; the same rule for the hub's and for those that push.</summary>
internal static class CertificateTrust
{
    /// <summary>Extended key usage of servers (RFC 5280, 4.2.1.12).</summary>
    public const string Servers = "1.3.6.1.5.5.7.3.1";

    /// <summary>Extended key usage of clients.</summary>
    public const string Clients = "1.3.6.1.5.5.7.3.2";

    /// <summary>
    /// How a TLS connection looks at the other side's certificate: as is usual, but nothing is downloaded (RFC 5280, 4.2.2.1).
    /// The other side is not known yet, and it would say from where; the connection would wait for it.
    /// </summary>
    public static X509ChainPolicy ForConnections() =>
        new() { RevocationMode = X509RevocationMode.NoCheck, DisableCertificateDownloads = true };

    /// <summary>
    /// A CA of the file is trusted as it is, be it a root or an intermediate one, as other TLS libraries do. The chain must
    /// be right up to it. Nothing is downloaded.
    /// </summary>
    /// <param name="chain">A new one; holds what was found after it.</param>
    /// <param name="certificate">The certificate that is judged.</param>
    /// <param name="sent">Certificates that its owner sent with it.</param>
    /// <param name="authorities">The CAs of the file.</param>
    /// <param name="usage">What it must be made for.</param>
    public static bool IsTrusted(
        X509Chain chain,
        X509Certificate2 certificate,
        X509Certificate2Collection sent,
        X509Certificate2Collection authorities,
        string usage)
    {
        var policy = chain.ChainPolicy;
        policy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        policy.CustomTrustStore.AddRange(authorities);
        policy.ExtraStore.AddRange(authorities);
        policy.ExtraStore.AddRange(sent);
        policy.RevocationMode = X509RevocationMode.NoCheck;
        policy.DisableCertificateDownloads = true;
        policy.ApplicationPolicy.Add(new(usage));
        // A chain that ends elsewhere is let through here, and not below.
        policy.VerificationFlags = X509VerificationFlags.AllowUnknownCertificateAuthority;
        return chain.Build(certificate)
            && chain.ChainElements.Any(element => authorities.Contains(element.Certificate));
    }
}
