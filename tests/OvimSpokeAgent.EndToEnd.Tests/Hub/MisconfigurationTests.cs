using System.Net;
using System.Net.Sockets;
using OvimSpokeAgent.Configuration;
using OvimSpokeAgent.Sandbox.Hub;

namespace OvimSpokeAgent.EndToEnd.Tests.Hub;

/// <summary>Each way to set up the connection wrongly: one message that says what is wrong and where to look.</summary>
public sealed class MisconfigurationTests : IDisposable
{
    private readonly TestAuthority _authority = TestAuthority.New();
    private readonly List<IDisposable> _files = [];

    [Fact]
    public async Task Private_ca_that_is_not_given()
    {
        await using var hub = await TlsHubAsync(_authority.Server());

        Assert.Matches(
            @"the hub's certificate \(CN=localhost\) is signed by CN=test CA, which is no CA of the system: .*OVIM_HUB_CA_FILE$",
            await ProblemAsync(hub.Url));
    }

    [Fact]
    public async Task Ca_that_is_not_the_hubs()
    {
        using var other = TestAuthority.New("other CA");
        await using var hub = await TlsHubAsync(_authority.Server());

        Assert.Matches(
            @"signed by CN=test CA, which is neither a CA of the system nor one of OVIM_HUB_CA_FILE=/\S+ \(CN=other CA\)",
            await ProblemAsync(hub.Url, Ca(other)));
    }

    [Fact]
    public async Task Ca_of_the_same_name_with_another_key()
    {
        using var impostor = TestAuthority.New();
        await using var hub = await TlsHubAsync(_authority.Server());

        Assert.Contains("the hub's certificate (CN=localhost)", await ProblemAsync(hub.Url, Ca(impostor)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Intermediate_ca_that_the_hub_does_not_send_is_not_fetched_from_where_the_certificate_says()
    {
        await using var elsewhere = new RawHub();
        using var intermediate = _authority.NewIntermediate();
        await using var hub = new RawHub(intermediate.Server(issuersAt: new Uri(elsewhere.Url, "ca.crt")).Load());

        Assert.Contains(
            "(CN=localhost) is signed by CN=intermediate CA, which is neither",
            await ProblemAsync(hub.Url, Ca(_authority)),
            StringComparison.Ordinal);
        Assert.Empty(elsewhere.Requests);
    }

    [Fact]
    public async Task Expired_certificate_of_the_hub()
    {
        await using var hub = await TlsHubAsync(_authority.Server(expiresIn: TimeSpan.FromDays(-3)));

        Assert.Matches(
            @"the hub's certificate \(CN=localhost\) expired on \d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ; here it is .*: it must be renewed$",
            await ProblemAsync(hub.Url, Ca(_authority)));
    }

    [Fact]
    public async Task Certificate_for_another_host()
    {
        await using var hub = await TlsHubAsync(_authority.Server("hub.example.com", loopback: false));

        Assert.EndsWith(
            "the hub's certificate is for hub.example.com, not for 127.0.0.1: check the host in OVIM_HUB_ENDPOINT, "
            + "or the hub needs a certificate for that name",
            await ProblemAsync(hub.Url, Ca(_authority)),
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task Certificate_that_is_not_made_for_servers()
    {
        await using var hub = new RawHub(_authority.ServerForClients().Load());

        Assert.Contains("is not made for servers", await ProblemAsync(hub.Url, Ca(_authority)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Plain_text_on_a_tls_port()
    {
        await using var hub = await SandboxHub.StartAsync();

        var problem = await ProblemAsync(new Uri($"https://127.0.0.1:{hub.Url.Port}"));

        Assert.EndsWith(
            $"127.0.0.1:{hub.Url.Port} answers without TLS: OVIM_HUB_ENDPOINT needs http:// or the hub's TLS port",
            problem,
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task Tls_on_a_plain_text_port()
    {
        await using var hub = await TlsHubAsync(_authority.Server());

        var problem = await ProblemAsync(new Uri($"http://127.0.0.1:{hub.Url.Port}"));

        Assert.Contains("OVIM_HUB_ENDPOINT needs https://", problem, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Nothing_listens()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var port = ((IPEndPoint)listener.LocalEndpoint).Port;
        listener.Stop();

        Assert.EndsWith(
            $"nothing listens on 127.0.0.1:{port}: is the hub up, is OVIM_HUB_ENDPOINT right?",
            await ProblemAsync(new Uri($"http://127.0.0.1:{port}")),
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task Name_that_dns_does_not_know() => Assert.Matches(
        @"the name hub\.invalid is not known to DNS \(.*\): check OVIM_HUB_ENDPOINT and the cluster's DNS$",
        await ProblemAsync(new Uri("http://hub.invalid:8090")));

    [Fact]
    public async Task Client_certificate_that_the_hub_misses()
    {
        await using var hub = await MutualTlsHubAsync();

        Assert.Contains(
            "OVIM_HUB_CERT_FILE",
            await ProblemAsync(hub.Url, Ca(_authority)),
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task Client_certificate_of_a_ca_that_the_hub_does_not_know()
    {
        using var other = TestAuthority.New("other CA");
        await using var hub = await MutualTlsHubAsync();

        Assert.Matches("the hub (refuses|may not accept) the client certificate.*OVIM_HUB_CERT_FILE", await ProblemAsync(hub.Url, [Ca(_authority), .. Pair(other.Client())]));
    }

    [Fact]
    public async Task Expired_client_certificate()
    {
        await using var hub = await MutualTlsHubAsync();

        var problem = await ProblemAsync(hub.Url, [Ca(_authority), .. Pair(_authority.Client(expiresIn: TimeSpan.FromDays(-1)))]);

        Assert.Matches(@"client certificate.*expired on \d{4}-\d\d-\d\d", problem);
    }

    [Fact]
    public void Key_that_is_not_the_certificates()
    {
        var (one, other) = (_authority.Client("one"), _authority.Client("other"));

        var error = Assert.Single(ConfigurationErrors(Pair(one with { KeyPem = other.KeyPem })));

        Assert.Matches(
            @"^OVIM_HUB_KEY_FILE: "".*"": the key does not belong to the certificate \(CN=one\), expected the key of OVIM_HUB_CERT_FILE$",
            error);
    }

    [Fact]
    public void Certificate_without_a_key() => Assert.StartsWith(
        "OVIM_HUB_KEY_FILE: missing, expected ", Assert.Single(ConfigurationErrors(Pair(_authority.Client())[0])), StringComparison.Ordinal);

    [Fact]
    public void Key_with_a_passphrase()
    {
        var client = _authority.Client() with { KeyPem = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIIB\n-----END ENCRYPTED PRIVATE KEY-----\n" };

        Assert.EndsWith(
            "expected the path of one readable file that holds an unencrypted PEM private key",
            Assert.Single(ConfigurationErrors(Pair(client))),
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task Wrong_token()
    {
        await using var hub = await SandboxHub.StartAsync(new SandboxHubOptions { Token = "another" });

        Assert.EndsWith(
            "401 Unauthorized: the hub refuses the token: check OVIM_HUB_TOKEN or OVIM_HUB_TOKEN_FILE: {\"error\":\"invalid token\"}",
            await ProblemAsync(hub.Url),
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task Insecure_mode_takes_any_certificate_and_says_so()
    {
        await using var hub = await TlsHubAsync(_authority.Server("hub.example.com", TimeSpan.FromDays(-3), loopback: false));
        await using var side = await HubSide.StartAsync(hub.Url, ("OVIM_HUB_TLS_INSECURE", "true"));

        await side.RegisteredAsync();

        Assert.Contains("ovim_agent_hub_tls_insecure 1", await side.MetricsAsync(), StringComparison.Ordinal);
        Assert.Contains(side.Log.Lines, line => line.StartsWith("Warning", StringComparison.Ordinal)
            && line.Contains("OVIM_HUB_TLS_INSECURE", StringComparison.Ordinal));
    }

    public void Dispose()
    {
        _authority.Dispose();
        foreach (var file in _files) file.Dispose();
    }

    private static async Task<string> ProblemAsync(Uri hub, params (string, string)[] variables)
    {
        await using var side = await HubSide.StartAsync(hub, variables);
        return await side.ProblemAsync();
    }

    private static IReadOnlyList<string> ConfigurationErrors(params (string, string)[] variables) =>
        Assert.Throws<ConfigurationException>(() => HubSide.Build(new Uri("https://localhost"), variables)).Errors;

    private static Task<SandboxHub> TlsHubAsync(TestCertificate certificate)
    {
        var loaded = certificate.Load();
        return SandboxHub.StartAsync(new SandboxHubOptions { Certificate = () => loaded });
    }

    private Task<SandboxHub> MutualTlsHubAsync()
    {
        var loaded = _authority.Server().Load();
        return SandboxHub.StartAsync(new SandboxHubOptions { Certificate = () => loaded, AcceptsClient = _authority.Issued });
    }

    private (string, string) Ca(TestAuthority authority)
    {
        var file = new MountedSecret(("ca.crt", authority.Pem));
        _files.Add(file);
        return ("OVIM_HUB_CA_FILE", file["ca.crt"]);
    }

    private (string, string)[] Pair(TestCertificate certificate)
    {
        var file = new MountedSecret(("tls.crt", certificate.CertificatePem), ("tls.key", certificate.KeyPem));
        _files.Add(file);
        return [("OVIM_HUB_CERT_FILE", file["tls.crt"]), ("OVIM_HUB_KEY_FILE", file["tls.key"])];
    }
}
