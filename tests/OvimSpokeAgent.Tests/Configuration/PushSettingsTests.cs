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

        Assert.True(push.CanBeProven);
        Assert.False(push.AllowsUnproven);
        Assert.Equal(new Uri(Url), push.CallbackUrl);
    }

    [Fact]
    public void Callback_without_credentials_is_ignored_with_a_warning()
    {
        var result = new TestEnvironment().With("OVIM_CALLBACK_URL", Url).Load();

        Assert.False(result.Settings!.Push.CanBeProven);
        Assert.Null(result.Settings.Push.CallbackUrl);
        Assert.Equal(
            "OVIM_CALLBACK_URL is ignored: pushes could not prove themselves, expected OVIM_PUSH_TOKEN_FILE or "
            + "OVIM_PUSH_CLIENT_CA_FILE beside it",
            Assert.Single(result.Warnings));
    }

    [Fact]
    public void Unproven_pushes_are_accepted_from_the_addresses_that_are_named_and_warned_of()
    {
        var result = new TestEnvironment()
            .With("OVIM_PUSH_UNPROVEN", "true").With("OVIM_PUSH_ALLOWED_CIDRS", "10.1.0.0/16, fd00::/8")
            .With("OVIM_PUSH_TRUSTED_PROXIES", "10.2.0.0/16").Load();

        Assert.Empty(result.Errors);
        Assert.True(result.Settings!.Push.AllowsUnproven);
        Assert.False(result.Settings.Push.CanBeProven);
        Assert.Equal(["10.1.0.0/16", "fd00::/8"], result.Settings.Push.UnprovenFrom.Select(network => network.ToString()));
        Assert.Equal(["10.2.0.0/16"], result.Settings.Push.TrustedProxies.Select(network => network.ToString()));
        Assert.Equal(
            "OVIM_PUSH_UNPROVEN: whoever can push from 10.1.0.0/16, fd00::/8 is taken for the hub; let what stands in front add the "
            + "token instead where it can",
            Assert.Single(result.Warnings));
    }

    [Theory]
    [InlineData(null, "OVIM_PUSH_ALLOWED_CIDRS: missing, expected networks in CIDR notation")]
    [InlineData("", "OVIM_PUSH_ALLOWED_CIDRS: missing, expected networks in CIDR notation")]
    [InlineData("0.0.0.0/0", "OVIM_PUSH_ALLOWED_CIDRS: \"0.0.0.0/0\"")]
    [InlineData("10.0.0.0/8,hub.example.com", "OVIM_PUSH_ALLOWED_CIDRS: \"10.0.0.0/8,hub.example.com\"")]
    public void Unproven_pushes_need_addresses(string? cidrs, string error)
    {
        var environment = new TestEnvironment().With("OVIM_PUSH_UNPROVEN", "true");
        if (cidrs is not null) environment.With("OVIM_PUSH_ALLOWED_CIDRS", cidrs);

        Assert.StartsWith(error, environment.LoadError(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("OVIM_PUSH_ALLOWED_CIDRS")]
    [InlineData("OVIM_PUSH_TRUSTED_PROXIES")]
    public void Addresses_alone_open_nothing(string name)
    {
        var result = new TestEnvironment().With(name, "10.0.0.0/8").Load();

        Assert.False(result.Settings!.Push.AllowsUnproven);
        Assert.Equal(
            $"{name} is ignored: OVIM_PUSH_UNPROVEN is not set, so every push must prove itself", Assert.Single(result.Warnings));
    }

    [Fact]
    public void Unproven_pushes_give_no_callback()
    {
        var result = new TestEnvironment().With("OVIM_CALLBACK_URL", Url)
            .With("OVIM_PUSH_UNPROVEN", "true").With("OVIM_PUSH_ALLOWED_CIDRS", "10.1.0.0/16").Load();

        Assert.Null(result.Settings!.Push.CallbackUrl);
        Assert.Contains(result.Warnings, warning => warning.StartsWith("OVIM_CALLBACK_URL is ignored", StringComparison.Ordinal));
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
