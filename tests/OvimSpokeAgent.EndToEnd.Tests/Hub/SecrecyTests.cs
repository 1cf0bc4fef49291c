using System.Net.Http.Headers;
using OvimSpokeAgent.EndToEnd.Tests.Harness;
using OvimSpokeAgent.Sandbox.Hub;

namespace OvimSpokeAgent.EndToEnd.Tests.Hub;

/// <summary>Through all that goes right and wrong with credentials, none of them is ever shown.</summary>
public sealed class SecrecyTests : IDisposable
{
    /// <summary>Of a cluster that is not there.</summary>
    public const string Kubeconfig = """
        apiVersion: v1
        kind: Config
        current-context: nowhere
        clusters: [{name: nowhere, cluster: {server: "https://127.0.0.1:1"}}]
        users: [{name: agent, user: {token: kube-s3cr3t}}]
        contexts: [{name: nowhere, context: {cluster: nowhere, user: agent}}]
        """;

    private const string PushToken = "push-s3cr3t";

    private readonly TestAuthority _authority = TestAuthority.New();

    [Fact]
    public async Task Nothing_secret_is_in_any_output()
    {
        var certificate = _authority.Server().Load();
        await using var hub = await SandboxHub.StartAsync(new SandboxHubOptions
        {
            Token = "first-s3cr3t",
            Certificate = () => certificate,
            AcceptsClient = _authority.Issued,
        });
        var (client, next) = (_authority.Client(expiresIn: TimeSpan.FromDays(7)), _authority.Client());
        using var kubeconfig = new MountedSecret(("config", Kubeconfig));
        using var secret = new MountedSecret(
            ("token", "first-s3cr3t"), ("ca.crt", _authority.Pem), ("tls.crt", client.CertificatePem), ("tls.key", client.KeyPem));
        using var push = new MountedSecret(("token", PushToken));
        await using var agent = AgentProcess.Start(
            ("OVIM_CLUSTER_ID", "east-1"), ("OVIM_HUB_ENDPOINT", hub.Url.ToString()), ("OVIM_HUB_TOKEN_FILE", secret["token"]),
            ("OVIM_HUB_CA_FILE", secret["ca.crt"]), ("OVIM_HUB_CERT_FILE", secret["tls.crt"]),
            ("OVIM_HUB_KEY_FILE", secret["tls.key"]), ("OVIM_KUBECONFIG", kubeconfig["config"]),
            ("OVIM_PUSH_TOKEN_FILE", push["token"]), ("OVIM_CALLBACK_URL", "https://agent.example.com"),
            ("OVIM_HEARTBEAT_INTERVAL", "300ms"), ("OVIM_LOG_LEVEL", "debug"), ("OVIM_LOG_FORMAT", "text"));
        var shown = new List<string>();

        await agent.WroteAsync("Registered as");
        await agent.WroteAsync("expires on");
        shown.AddRange(await ShownAsync(agent));

        // A key that does not belong to its certificate, a token that the hub refuses.
        secret.Write(
            ("token", "second-s3cr3t"), ("ca.crt", _authority.Pem), ("tls.crt", next.CertificatePem), ("tls.key", client.KeyPem));
        await agent.WroteAsync("cannot be used, the one before it stays in use");
        await agent.WroteAsync("the hub refuses the token");
        await agent.WroteAsync("Disconnected");
        shown.AddRange(await ShownAsync(agent));

        // All well again, with other ones.
        hub.Token = "second-s3cr3t";
        secret.Write(
            ("token", "second-s3cr3t"), ("ca.crt", _authority.Pem), ("tls.crt", next.CertificatePem), ("tls.key", next.KeyPem));
        await agent.WroteAsync("changed and is in use");
        await agent.WroteAsync("The hub is back");
        shown.AddRange(await ShownAsync(agent));
        Assert.Equal(0, await agent.TerminateAsync());

        shown.Add(agent.Output);
        shown.AddRange(hub.Reports.Select(report => report.Json.ToJsonString()));
        string[] secrets = ["s3cr3t", "PRIVATE KEY", KeyText(client), KeyText(next)];
        Assert.All(shown, text => Assert.All(secrets, part => Assert.DoesNotContain(part, text, StringComparison.Ordinal)));
    }

    public void Dispose() => _authority.Dispose();

    // The second line of a key: base64 that is in no certificate.
    private static string KeyText(TestCertificate certificate) => certificate.KeyPem.Split('\n')[2];

    private static async Task<string[]> ShownAsync(AgentProcess agent)
    {
        using var http = new HttpClient { BaseAddress = agent.Url };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", PushToken);
        return
        [
            await agent.GetAsync("/health/status"), await agent.GetAsync("/metrics"), await agent.GetAsync("/health"),
            await http.GetStringAsync(new Uri("/status", UriKind.Relative)),
        ];
    }
}
