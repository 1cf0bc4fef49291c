using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Time.Testing;
using OvimSpokeAgent.Configuration;
using OvimSpokeAgent.Hub;
using OvimSpokeAgent.Supervision;
using OvimSpokeAgent.Tests.Configuration;
using OvimSpokeAgent.Tls;

namespace OvimSpokeAgent.Tests.Tls;

public sealed class CertificateExpiryTests
{
    private static readonly DateTimeOffset End = new(2026, 12, 24, 12, 0, 0, TimeSpan.Zero);

    private readonly Dictionary<string, string> _files = [];

    [Theory]
    [InlineData(15, "Healthy", "1 from files in use")]
    [InlineData(13, "Warning",
        "the CA of the hub (CN=ca) expires on 2026-12-24 12:00:00Z, in 13 days: renew it (OVIM_HUB_CA_FILE=/ca.pem)")]
    [InlineData(-1, "Warning",
        "the CA of the hub (CN=ca) expired on 2026-12-24 12:00:00Z: renew it (OVIM_HUB_CA_FILE=/ca.pem)")]
    public void End_of_a_ca_is_a_warning_fourteen_days_ahead(int daysBefore, string status, string message)
    {
        _files["/ca.pem"] = Certificate("ca", End);

        var finding = Check(End.AddDays(-daysBefore));

        Assert.Equal(new HealthFinding(Enum.Parse<HealthStatus>(status), message), finding);
    }

    [Fact]
    public void Old_ca_that_ended_beside_a_new_one_is_no_matter()
    {
        _files["/ca.pem"] = Certificate("old", End) + Certificate("new", End.AddYears(5));

        Assert.Equal(HealthStatus.Warning, Check(End.AddDays(-1)).Status);
        Assert.Equal(HealthStatus.Healthy, Check(End.AddDays(1)).Status);
    }

    [Fact]
    public void Unusable_new_content_is_a_warning_that_shows_nothing_of_it()
    {
        _files["/ca.pem"] = Certificate("ca", End.AddYears(5));
        var credentials = Credentials();
        _files["/ca.pem"] = "s3cr3t";

        credentials.ReloadableFiles[0].Refresh();

        var finding = new CredentialsCheck([credentials], new FakeTimeProvider(End)).Check();
        Assert.Equal(
            new HealthFinding(
                HealthStatus.Warning,
                "the new CA of the hub cannot be used: OVIM_HUB_CA_FILE=/ca.pem: it holds no PEM certificates"),
            finding);
        Assert.Equal("CN=ca", Assert.Single(credentials.Authorities!).Subject);
    }

    private HealthFinding Check(DateTimeOffset now) => new CredentialsCheck([Credentials()], new FakeTimeProvider(now)).Check();

    private HubCredentials Credentials()
    {
        var environment = new TestEnvironment().With("OVIM_HUB_CA_FILE", "/ca.pem").WithFile("/ca.pem", _files["/ca.pem"]);
        return new HubCredentials(environment.LoadClean(), path => new FileText(_files[path], null));
    }

    private static string Certificate(string name, DateTimeOffset end)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var certificate = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256)
            .CreateSelfSigned(DateTimeOffset.UnixEpoch, end);
        return certificate.ExportCertificatePem() + "\n";
    }
}
