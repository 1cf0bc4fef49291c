using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using OvimSpokeAgent.Tls;
using Prometheus;

namespace OvimSpokeAgent.Tests.Tls;

public sealed class FileReloaderTests
{
    private static readonly DateTimeOffset End = new(2027, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private readonly TestTime _time = new();
    private readonly CollectorRegistry _registry = Prometheus.Metrics.NewCustomRegistry();

    [Fact]
    public async Task Ends_of_certificates_and_files_that_cannot_be_used_are_exported_and_followed()
    {
        var value = new StubValue();
        var reload = new FileReloader(
            [value], Prometheus.Metrics.WithCustomRegistry(_registry), _time, NullLogger<FileReloader>.Instance);
        using var end = new CancellationTokenSource();
        value.Ends(End);
        var loop = reload.RunAsync(end.Token);
        Assert.Equal($"{End.ToUnixTimeSeconds()}", await MetricAsync("ovim_agent_certificate_expiry_timestamp_seconds"));
        Assert.Equal("0", await MetricAsync("ovim_agent_credential_file_unusable"));

        value.Ends(End.AddDays(90));
        value.Problem = "it holds no PEM certificates";
        var looks = value.Looks;
        _time.Advance(TimeSpan.FromSeconds(5));
        await Eventually.HoldsAsync(() => value.Looks > looks);
        await end.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => loop);

        Assert.Equal($"{End.AddDays(90).ToUnixTimeSeconds()}", await MetricAsync("ovim_agent_certificate_expiry_timestamp_seconds"));
        Assert.Equal("1", await MetricAsync("ovim_agent_credential_file_unusable"));
    }

    private async Task<string> MetricAsync(string name)
    {
        using var text = new MemoryStream();
        await _registry.CollectAndExportAsTextAsync(text);
        return Encoding.UTF8.GetString(text.ToArray()).Split('\n')
            .Single(line => line.StartsWith(name + "{", StringComparison.Ordinal)).Split(' ')[^1];
    }

    private sealed class StubValue : IReloadableFile, IReloadableFileSource
    {
        private X509Certificate2? _certificate;

        public string What => "CA of the hub";

        public string Settings => "OVIM_HUB_CA_FILE=/ca.pem";

        public string? Problem { get; set; }

        public int Looks { get; private set; }

        public IReadOnlyList<X509Certificate2> Certificates => [_certificate!];

        public IReadOnlyList<IReloadableFile> ReloadableFiles => [this];

        public void Ends(DateTimeOffset end)
        {
            using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            _certificate = new CertificateRequest("CN=ca", key, HashAlgorithmName.SHA256).CreateSelfSigned(DateTimeOffset.UnixEpoch, end);
        }

        public bool Refresh()
        {
            Looks++;
            return false;
        }
    }
}
