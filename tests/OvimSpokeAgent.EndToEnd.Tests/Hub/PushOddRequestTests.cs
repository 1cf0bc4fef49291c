using System.Net;
using System.Net.Http.Headers;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using KubernetesSandbox.Cluster;
using OvimSpokeAgent.EndToEnd.Tests.Harness;

namespace OvimSpokeAgent.EndToEnd.Tests.Hub;

/// <summary>Requests of the hub that come in an odd form or at an odd time.</summary>
public sealed class PushOddRequestTests(Clusters clusters) : IClassFixture<Clusters>, IDisposable
{
    private const string Token = "push-s3cr3t";

    private readonly MountedSecret _token = new(("token", Token));
    private readonly TestAuthority _authority = TestAuthority.New();

    [Fact]
    public async Task Compressed_body_is_refused_with_what_is_expected()
    {
        await using var environment = await clusters.OnAsync(ClusterKind.Sandbox);
        var agent = await environment.StartAgentAsync(("OVIM_PUSH_TOKEN_FILE", _token["token"]));
        using var http = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(agent.Url, "operations"));
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", Token);
        request.Content = new ByteArrayContent([0x1f, 0x8b]) { Headers = { ContentEncoding = { "gzip" } } };

        using var response = await http.SendAsync(request);

        Assert.Equal(HttpStatusCode.UnsupportedMediaType, response.StatusCode);
        Assert.Contains("not compressed", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Push_that_breaks_off_is_refused_and_no_failure_of_the_agent()
    {
        var certificate = _authority.Server();
        using var files = new MountedSecret(
            ("config", SecrecyTests.Kubeconfig), ("tls.crt", certificate.CertificatePem), ("tls.key", certificate.KeyPem));
        await using var agent = AgentProcess.Start(
            ("OVIM_CLUSTER_ID", "east-1"), ("OVIM_HUB_ENDPOINT", "http://127.0.0.1:1"), ("OVIM_HUB_TOKEN", "t"),
            ("OVIM_KUBECONFIG", files["config"]), ("OVIM_HEARTBEAT_INTERVAL", "1s"), ("OVIM_PUSH_TOKEN_FILE", _token["token"]),
            ("OVIM_HTTP_CERT_FILE", files["tls.crt"]), ("OVIM_HTTP_KEY_FILE", files["tls.key"]));
        await agent.WroteAsync("nothing listens on");
        using var handler = new SocketsHttpHandler();
        handler.SslOptions.RemoteCertificateValidationCallback = (_, shown, _, _) => _authority.Issued((X509Certificate2)shown!);
        using var http = new HttpClient(handler) { BaseAddress = new UriBuilder(agent.Url) { Scheme = "https" }.Uri };

        await BreakOffAsync(agent.Url);

        using var patience = new CancellationTokenSource(JsonApi.Patience);
        while (!(await http.GetStringAsync(new Uri("metrics", UriKind.Relative), patience.Token)).Contains(
            "ovim_agent_hub_pushes_total{outcome=\"refused\"} 1", StringComparison.Ordinal))
        {
            Assert.DoesNotContain("unhandled exception", agent.Output, StringComparison.Ordinal);
        }
        Assert.Equal(0, await agent.TerminateAsync());
        Assert.DoesNotContain("unhandled exception", agent.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Status_asked_for_before_the_cluster_is_known_comes_when_it_says_something()
    {
        await using var environment = await clusters.OnAsync(ClusterKind.Sandbox);
        await using (var first = await TestAgent.StartAsync(environment.Variables()))
        {
            await environment.CompletesAsync(
                first, "create_vm", "web", ("image_url", "quay.io/x/disk:1"), ("cpu", 1), ("memory", "64Mi"));
        }
        var cluster = ((SandboxTestCluster)environment.Cluster).Api.Faults;
        cluster.Add(new ClusterFault { Kind = ClusterFaultKind.Status, StatusCode = 500, UserAgent = "ovim-spoke-agent" });
        var agent = await environment.StartAgentAsync(("OVIM_PUSH_TOKEN_FILE", _token["token"]), ("OVIM_HEARTBEAT_INTERVAL", "1m"));

        using var http = new HttpClient();
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", Token);

        var asked = http.GetStringAsync(new Uri(agent.Url, "status"));
        cluster.Clear();

        Assert.Equal("web", (string?)Assert.Single(JsonNode.Parse(await asked)!["vms"]!.AsArray())!["name"]);
    }

    public void Dispose()
    {
        _token.Dispose();
        _authority.Dispose();
    }

    // With RST, in the middle of a body that the agent reads.
    private async Task BreakOffAsync(Uri agent)
    {
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(agent.Host, agent.Port);
        var tls = new SslStream(new NetworkStream(socket));
        await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
        {
            TargetHost = "localhost",
            RemoteCertificateValidationCallback = (_, shown, _, _) => _authority.Issued((X509Certificate2)shown!),
        });
        await tls.WriteAsync(Encoding.ASCII.GetBytes(
            $"POST /operations HTTP/1.1\r\nHost: agent\r\nAuthorization: Bearer {Token}\r\nExpect: 100-continue\r\n"
            + "Content-Length: 100\r\n\r\n{"));
        Assert.NotEqual(0, await tls.ReadAsync(new byte[100])); // "100 Continue"
        socket.LingerState = new LingerOption(true, 0);
    }
}
