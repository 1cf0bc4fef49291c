using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace OvimSpokeAgent.Tests.Configuration;

public sealed class PushSettingsTests
{
    private const string Url = "https://agent.example.com:8443";

    [Theory]
    [InlineData("OVIM_CALLBACK_URL")]
    [InlineData("OVIM_API_CALLBACK_URL")]
    public void Callback_is_taken_with_a_token(string name)
    {
        var push = new TestEnvironment().With(name, Url).With("OVIM_PUSH_TOKEN_FILE", "/token").WithFile("/token", "abc\n")
            .LoadClean().Push;

        Assert.True(push.IsOn);
        Assert.Equal(new Uri(Url), push.CallbackUrl);
    }

    [Fact]
    public void Callback_without_credentials_is_ignored_with_a_warning()
    {
        var result = new TestEnvironment().With("OVIM_CALLBACK_URL", Url).Load();

        Assert.False(result.Settings!.Push.IsOn);
        Assert.Null(result.Settings.Push.CallbackUrl);
        Assert.Equal(
            "OVIM_CALLBACK_URL is ignored: pushes could not prove themselves, expected OVIM_PUSH_TOKEN_FILE or "
            + "OVIM_PUSH_CLIENT_CA_FILE beside it",
            Assert.Single(result.Warnings));
    }

    [Fact]
    public void Client_certificates_need_tls()
    {
        var (certificate, key) = Pair();
        var environment = new TestEnvironment().With("OVIM_PUSH_CLIENT_CA_FILE", "/ca.crt").WithFile("/ca.crt", certificate);

        Assert.StartsWith("OVIM_HTTP_CERT_FILE: missing, expected ", environment.LoadError(), StringComparison.Ordinal);
        environment.With("OVIM_HTTP_CERT_FILE", "/tls.crt").With("OVIM_HTTP_KEY_FILE", "/tls.key")
            .WithFile("/tls.crt", certificate).WithFile("/tls.key", key);
        var settings = environment.LoadClean();
        Assert.Equal("/ca.crt", settings.Push.ClientCaFile);
        Assert.Equal(("/tls.crt", "/tls.key"), (settings.Http.CertFile, settings.Http.KeyFile));
    }

    [Fact]
    public void Server_key_belongs_to_its_certificate()
    {
        var environment = new TestEnvironment().With("OVIM_HTTP_CERT_FILE", "/tls.crt").With("OVIM_HTTP_KEY_FILE", "/tls.key")
            .WithFile("/tls.crt", Pair().Certificate).WithFile("/tls.key", Pair().Key);

        Assert.Equal(
            "OVIM_HTTP_KEY_FILE: \"/tls.key\": the key does not belong to the certificate (CN=test), expected the key of OVIM_HTTP_CERT_FILE",
            environment.LoadError());
    }

    private static (string Certificate, string Key) Pair()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var certificate = new CertificateRequest("CN=test", key, HashAlgorithmName.SHA256)
            .CreateSelfSigned(DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddYears(200));
        return (certificate.ExportCertificatePem() + "\n", key.ExportPkcs8PrivateKeyPem() + "\n");
    }
}
