using System.Net;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using OvimSpokeAgent.EndToEnd.Tests.Harness;

namespace OvimSpokeAgent.EndToEnd.Tests.Hub;

/// <summary>Who may push by a client certificate.</summary>
public sealed class PushCertificateTests(Clusters clusters) : IClassFixture<Clusters>, IDisposable
{
    private readonly TestAuthority _authority = TestAuthority.New();
    private readonly List<IDisposable> _files = [];

    [Fact]
    public async Task Client_certificate_proves_a_push_and_the_kubelet_needs_none()
    {
        await using var environment = await clusters.OnAsync(ClusterKind.Sandbox);
        var agent = await StartAsync(environment, _authority);
        using var stranger = TestAuthority.New();

        Assert.Equal(HttpStatusCode.OK, await GetAsync(agent, "health/live", null));
        Assert.Equal(HttpStatusCode.Unauthorized, await GetAsync(agent, "status", null));
        Assert.Equal(HttpStatusCode.Unauthorized, await GetAsync(agent, "status", stranger.Client()));
        Assert.Equal(HttpStatusCode.Unauthorized, await GetAsync(agent, "status", _authority.Client(expiresIn: TimeSpan.FromDays(-1))));
        Assert.Equal(HttpStatusCode.Unauthorized, await GetAsync(agent, "status", _authority.Server()));
        Assert.Equal(HttpStatusCode.OK, await GetAsync(agent, "status", _authority.Client("hub")));
    }

    [Fact]
    public async Task Certificate_under_an_intermediate_ca_is_known_by_the_root_if_the_intermediate_is_sent()
    {
        await using var environment = await clusters.OnAsync(ClusterKind.Sandbox);
        var agent = await StartAsync(environment, _authority);
        using var intermediate = _authority.NewIntermediate();
        using var impostor = TestAuthority.New("intermediate CA");
        var client = intermediate.Client("hub");

        Assert.Equal(HttpStatusCode.Unauthorized, await GetAsync(agent, "status", client));
        Assert.Equal(HttpStatusCode.Unauthorized, await GetAsync(agent, "status", impostor.Client("hub").With(impostor)));
        Assert.Equal(HttpStatusCode.OK, await GetAsync(agent, "status", client.With(intermediate)));
    }

    [Fact]
    public async Task Intermediate_ca_is_trusted_as_it_is()
    {
        await using var environment = await clusters.OnAsync(ClusterKind.Sandbox);
        using var intermediate = _authority.NewIntermediate();
        var agent = await StartAsync(environment, intermediate);
        using var impostor = TestAuthority.New("intermediate CA");

        Assert.Equal(HttpStatusCode.OK, await GetAsync(agent, "status", intermediate.Client("hub")));
        Assert.Equal(HttpStatusCode.Unauthorized, await GetAsync(agent, "status", _authority.Client("hub")));
        Assert.Equal(HttpStatusCode.Unauthorized, await GetAsync(agent, "status", impostor.Client("hub")));
    }

    [Fact]
    public async Task Nothing_is_fetched_from_where_a_strangers_certificate_says()
    {
        await using var environment = await clusters.OnAsync(ClusterKind.Sandbox);
        var agent = await StartAsync(environment, _authority);
        await using var elsewhere = new RawHub();
        using var stranger = TestAuthority.New("stranger");

        var status = await GetAsync(agent, "status", stranger.Client(issuersAt: new Uri(elsewhere.Url, "ca.crt")));

        Assert.Equal(HttpStatusCode.Unauthorized, status);
        Assert.Empty(elsewhere.Requests);
    }

    public void Dispose()
    {
        _authority.Dispose();
        foreach (var file in _files) file.Dispose();
    }

    private Task<TestAgent> StartAsync(TestEnvironment environment, TestAuthority clients)
    {
        var server = _authority.Server();
        var files = new MountedSecret(("tls.crt", server.CertificatePem), ("tls.key", server.KeyPem), ("ca.crt", clients.Pem));
        _files.Add(files);
        return environment.StartAgentAsync(
            ("OVIM_HTTP_CERT_FILE", files["tls.crt"]), ("OVIM_HTTP_KEY_FILE", files["tls.key"]),
            ("OVIM_PUSH_CLIENT_CA_FILE", files["ca.crt"]));
    }

    private async Task<HttpStatusCode> GetAsync(TestAgent agent, string path, TestCertificate? client)
    {
        using var handler = new SocketsHttpHandler();
        handler.SslOptions.RemoteCertificateValidationCallback = (_, certificate, _, _) => _authority.Issued((X509Certificate2)certificate!);
        if (client is not null) handler.SslOptions.ClientCertificateContext = ContextOf(client);
        using var http = new HttpClient(handler);
        using var response = await http.GetAsync(new Uri(agent.Url, path));
        return response.StatusCode;
    }

    private static SslStreamCertificateContext ContextOf(TestCertificate client)
    {
        var sent = new X509Certificate2Collection();
        sent.ImportFromPem(client.CertificatePem);
        sent.RemoveAt(0);
        return SslStreamCertificateContext.Create(client.Load(), sent, offline: true);
    }
}
