using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace OvimSpokeAgent.EndToEnd.Tests.Hub;

/// <summary>A certificate authority made for a test.</summary>
internal sealed class TestAuthority : IDisposable
{
    private const string ServerAuthentication = "1.3.6.1.5.5.7.3.1";
    private const string ClientAuthentication = "1.3.6.1.5.5.7.3.2";

    private readonly X509Certificate2 _certificate;

    private TestAuthority(X509Certificate2 certificate) => _certificate = certificate;

    /// <summary>The CA's certificate.</summary>
    public string Pem => _certificate.ExportCertificatePem() + "\n";

    public static TestAuthority New(string name = "test CA")
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = Authority(name, key);
        return new(request.CreateSelfSigned(DateTimeOffset.UtcNow.AddYears(-1), DateTimeOffset.UtcNow.AddYears(10)));
    }

    /// <summary>A CA below this one.</summary>
    public TestAuthority NewIntermediate(string name = "intermediate CA")
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = Authority(name, key);
        using var certificate = request.Create(
            _certificate, DateTimeOffset.UtcNow.AddYears(-1), DateTimeOffset.UtcNow.AddYears(5), Serial());
        return new(certificate.CopyWithPrivateKey(key));
    }

    /// <summary>A certificate for a server on loopback.</summary>
    public TestCertificate Server(
        string host = "localhost",
        TimeSpan? expiresIn = null,
        bool loopback = true,
        string purpose = ServerAuthentication,
        Uri? issuersAt = null)
    {
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(host);
        if (loopback) names.AddIpAddress(IPAddress.Loopback);
        return Issue(host, purpose, expiresIn ?? TimeSpan.FromDays(90), names.Build(), issuersAt);
    }

    /// <summary>A certificate for a client.</summary>
    public TestCertificate Client(string name = "agent", TimeSpan? expiresIn = null, Uri? issuersAt = null) =>
        Issue(name, ClientAuthentication, expiresIn ?? TimeSpan.FromDays(90), null, issuersAt);

    /// <summary>A client's certificate where a server's is needed.</summary>
    public TestCertificate ServerForClients() => Server(purpose: ClientAuthentication);

    /// <summary>Whether it issued a certificate.</summary>
    public bool Issued(X509Certificate2 certificate)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.Add(_certificate);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        return chain.Build(certificate);
    }

    public void Dispose() => _certificate.Dispose();

    private static CertificateRequest Authority(string name, ECDsa key)
    {
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        return request;
    }

    private static byte[] Serial() => RandomNumberGenerator.GetBytes(16);

    // With "issuersAt" it says from where its CA's certificate can be had.
    private TestCertificate Issue(string name, string purpose, TimeSpan expiresIn, X509Extension? names, Uri? issuersAt)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(purpose)], false));
        if (names is not null) request.CertificateExtensions.Add(names);
        if (issuersAt is not null)
            request.CertificateExtensions.Add(new X509AuthorityInformationAccessExtension([], [issuersAt.ToString()]));
        var until = DateTimeOffset.UtcNow + expiresIn;
        var from = until < DateTimeOffset.UtcNow ? until.AddDays(-30) : DateTimeOffset.UtcNow.AddDays(-1);
        using var certificate = request.Create(_certificate, from, until, Serial());
        return new TestCertificate(certificate.ExportCertificatePem(), key.ExportPkcs8PrivateKeyPem());
    }
}

/// <summary>A certificate and its key, as files hold them.</summary>
internal sealed record TestCertificate(string CertificatePem, string KeyPem)
{
    /// <summary>As a server uses it.</summary>
    public X509Certificate2 Load() => X509Certificate2.CreateFromPem(CertificatePem, KeyPem);

    /// <summary>With the certificate of its CA, as those under an intermediate one are sent.</summary>
    public TestCertificate With(TestAuthority intermediate) => this with { CertificatePem = $"{CertificatePem}\n{intermediate.Pem}" };
}
