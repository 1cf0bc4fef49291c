using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using KubernetesSandbox.Cluster;
using OvimSpokeAgent.EndToEnd.Tests.Harness;

namespace OvimSpokeAgent.EndToEnd.Tests.Hub;

/// <summary>The hub pushes operations instead of waiting to be asked.</summary>
public sealed class PushTests(Clusters clusters) : IClassFixture<Clusters>, IDisposable
{
    private const string Token = "push-s3cr3t";
    private const string Callback = "https://agent.example.com:8443/base/";

    private readonly MountedSecret _token = new(("token", Token));
    private readonly TestAuthority _authority = TestAuthority.New();
    private readonly List<MountedSecret> _files = [];

    [Theory, OnSandbox, OnRealApiServer]
    public async Task Pushed_operation_is_done_once_however_often_it_comes_and_by_which_way(ClusterKind kind)
    {
        await using var environment = await clusters.OnAsync(kind);
        var agent = await environment.StartAgentAsync(("OVIM_PUSH_TOKEN_FILE", _token["token"]));
        var operation = CreateVm(environment, "op-1");

        Assert.Equal(HttpStatusCode.Accepted, await UntilReadyAsync(agent, operation));
        Assert.Equal(HttpStatusCode.Accepted, await PushAsync(agent, operation));
        environment.Hub.QueueRaw(agent.Id, operation.DeepClone()); // its answer to the hub was lost, so it is queued as well
        environment.Hub.Queue(agent.Id, "get_health", [], "op-2");
        await environment.ResultOfAsync("op-2");

        await environment.Hub.WaitForResultsAsync(results => results.Any(result => result.OperationId == "op-1"), default);
        var bodies = environment.Hub.Results.Where(result => result.OperationId == "op-1").Select(result => result.Body).Distinct();
        Assert.Contains("\"completed\"", Assert.Single(bodies), StringComparison.Ordinal);
        Assert.NotNull(await environment.Cluster.FindVmAsync(environment.Namespace, "web"));
    }

    [Fact]
    public async Task Agent_says_where_it_is_reached_only_if_pushes_can_prove_themselves()
    {
        await using var environment = await clusters.OnAsync(ClusterKind.Sandbox);
        var agent = await environment.StartAgentAsync(WithToken());

        var report = await environment.NextReportAsync(agent);

        Assert.Equal("https://agent.example.com:8443/base", (string?)report["callback_url"]);
    }

    [Fact]
    public async Task Polls_keep_their_interval_while_the_hub_knows_a_callback_and_never_pushes()
    {
        await using var environment = await clusters.OnAsync(ClusterKind.Sandbox);
        var agent = await environment.StartAgentAsync(WithToken());
        using var patience = new CancellationTokenSource(JsonApi.Patience);

        // With polls every 30 s ± 20 % these would take 96 s at least.
        while (PollsOf((await agent.GetAsync("metrics")).Text) < 5)
        {
            patience.Token.ThrowIfCancellationRequested();
            await environment.NextReportAsync(agent);
        }
    }

    [Fact]
    public async Task Without_credentials_there_is_no_such_endpoint_and_no_callback()
    {
        await using var environment = await clusters.OnAsync(ClusterKind.Sandbox);
        var agent = await environment.StartAgentAsync(("OVIM_CALLBACK_URL", Callback));

        var report = await environment.NextReportAsync(agent);

        Assert.Null(report["callback_url"]);
        Assert.Equal(HttpStatusCode.NotFound, await PushAsync(agent, CreateVm(environment, "op-1")));
        Assert.Equal(HttpStatusCode.NotFound, (await agent.GetAsync("status")).Status);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("Bearer wrong")]
    [InlineData("Bearer")]
    [InlineData("Basic push-s3cr3t")]
    public async Task Push_that_does_not_prove_itself_has_no_effect(string? authorization)
    {
        await using var environment = await clusters.OnAsync(ClusterKind.Sandbox);
        var agent = await environment.StartAgentAsync(WithToken());
        await environment.NextReportAsync(agent);

        Assert.Equal(HttpStatusCode.Unauthorized, await PushAsync(agent, CreateVm(environment, "op-1"), authorization));
        Assert.Equal(HttpStatusCode.Unauthorized, (await agent.GetAsync("status")).Status);
        Assert.Equal(HttpStatusCode.OK, (await agent.GetAsync("health")).Status);
        Assert.Null(await environment.Cluster.FindVmAsync(environment.Namespace, "web"));
    }

    [Fact]
    public async Task Tokens_cannot_be_tried_quickly_and_who_tries_does_not_keep_the_hub_out()
    {
        await using var environment = await clusters.OnAsync(ClusterKind.Sandbox);
        var agent = await environment.StartAgentAsync(WithToken());
        await environment.NextReportAsync(agent);

        var answers = new List<HttpStatusCode>();
        for (var i = 0; i < 100; i++) answers.Add(await PushAsync(agent, [], "Bearer wrong"));

        Assert.Contains(HttpStatusCode.ServiceUnavailable, answers);
        Assert.Equal(HttpStatusCode.OK, (await StatusAsync(agent)).Status);
    }

    [Fact]
    public async Task Status_is_the_report()
    {
        await using var environment = await clusters.OnAsync(ClusterKind.Sandbox);
        var agent = await environment.StartAgentAsync(WithToken());
        await environment.NextReportAsync(agent);

        var (status, text) = await StatusAsync(agent);

        Assert.Equal(HttpStatusCode.OK, status);
        Assert.Equal(agent.Id, (string?)JsonNode.Parse(text)!["agent_id"]);
    }

    [Theory]
    [InlineData("")]
    [InlineData("no json")]
    [InlineData("[1]")]
    [InlineData("""{"type":"get_health"}""")]
    [InlineData("""{"id":"a/b","type":"get_health"}""")]
    [InlineData("""{"id":"op-1","type":"get_health"},{"id":"op-2","type":"get_health"}""")]
    [InlineData("""{"id":"op-1","type":"get_health"}],[{"id":"op-2","type":"get_health"}""")]
    [InlineData("""{"id":"op-1","type":"get_health"}{"id":"op-2","type":"get_health"}""")]
    [InlineData("""[{"id":"op-1","type":"get_health"}]""")]
    public async Task What_is_no_operation_or_more_than_one_is_refused(string body)
    {
        await using var environment = await clusters.OnAsync(ClusterKind.Sandbox);
        var agent = await environment.StartAgentAsync(WithToken());

        var (status, text) = await PushAsync(agent, body, $"Bearer {Token}");

        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.NotNull(JsonNode.Parse(text)!["error"]);
        Assert.Empty(environment.Hub.Results);
    }

    [Theory]
    [InlineData((1 << 20) + 1)]
    [InlineData(7 << 20)] // more than the sockets' buffers take: who sends does not end before the agent reads
    public async Task Body_over_a_mebibyte_is_refused(int length)
    {
        await using var environment = await clusters.OnAsync(ClusterKind.Sandbox);
        var agent = await environment.StartAgentAsync(WithToken());

        var (status, _) = await PushAsync(agent, new string(' ', length), $"Bearer {Token}");

        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, status);
    }

    [Fact]
    public async Task Operation_that_cannot_be_stored_stays_with_the_hub()
    {
        await using var environment = await clusters.OnAsync(ClusterKind.Sandbox);
        var agent = await environment.StartAgentAsync(WithToken());
        Assert.Equal(HttpStatusCode.Accepted, await UntilReadyAsync(agent, CreateVm(environment, "op-1", "first")));
        var cluster = ((SandboxTestCluster)environment.Cluster).Api.Faults;
        cluster.Add(new ClusterFault { Kind = ClusterFaultKind.Status, StatusCode = 500, Path = "/secrets" });

        Assert.Equal(HttpStatusCode.ServiceUnavailable, await PushAsync(agent, CreateVm(environment, "op-2")));

        cluster.Clear();
        Assert.Equal(HttpStatusCode.Accepted, await UntilReadyAsync(agent, CreateVm(environment, "op-2")));
        Assert.Equal("completed", (string?)(await environment.ResultOfAsync("op-2"))["status"]);
    }

    [Fact]
    public async Task Server_certificate_and_token_are_read_again_when_they_change()
    {
        await using var environment = await clusters.OnAsync(ClusterKind.Sandbox);
        var (first, second) = (_authority.Server("first"), _authority.Server("second"));
        var file = File(("tls.crt", first.CertificatePem), ("tls.key", first.KeyPem), ("token", "first-token"));
        var agent = await environment.StartAgentAsync(
            ("OVIM_HTTP_CERT_FILE", file["tls.crt"]), ("OVIM_HTTP_KEY_FILE", file["tls.key"]), ("OVIM_PUSH_TOKEN_FILE", file["token"]));
        Assert.Equal(("CN=first", HttpStatusCode.OK), await SubjectAsync(agent, "first-token"));

        file.Write(("tls.crt", second.CertificatePem), ("tls.key", second.KeyPem), ("token", "second-token"));

        while (await SubjectAsync(agent, "second-token") != ("CN=second", HttpStatusCode.OK)) await environment.NextReportAsync(agent);
        Assert.Equal(HttpStatusCode.Unauthorized, (await SubjectAsync(agent, "first-token")).Status);
    }

    public void Dispose()
    {
        _token.Dispose();
        _authority.Dispose();
        foreach (var file in _files) file.Dispose();
    }

    private static JsonObject CreateVm(TestEnvironment environment, string id, string name = "web") => new()
    {
        ["id"] = id,
        ["type"] = "create_vm",
        ["timestamp"] = "2026-11-23T08:37:01.123456789Z",
        ["payload"] = new JsonObject
        {
            ["name"] = name,
            ["namespace"] = environment.Namespace,
            ["image_url"] = "quay.io/containerdisks/fedora:latest",
            ["cpu"] = 1,
            ["memory"] = "1Gi",
        },
    };

    // Of each outcome there is a line once there was such a poll.
    private static double PollsOf(string metrics) => metrics.Split('\n')
        .Where(line => line.StartsWith("ovim_agent_hub_polls_total{", StringComparison.Ordinal))
        .Sum(line => double.Parse(line.Split(' ')[^1], CultureInfo.InvariantCulture));

    private (string, string)[] WithToken() => [("OVIM_PUSH_TOKEN_FILE", _token["token"]), ("OVIM_API_CALLBACK_URL", Callback)];

    private MountedSecret File(params (string, string)[] items)
    {
        var file = new MountedSecret(items);
        _files.Add(file);
        return file;
    }

    // Right after the start the agent may have nowhere to store it.
    private static async Task<HttpStatusCode> UntilReadyAsync(TestAgent agent, JsonObject operation)
    {
        using var patience = new CancellationTokenSource(JsonApi.Patience);
        while (true)
        {
            var status = await PushAsync(agent, operation);
            if (status is not HttpStatusCode.ServiceUnavailable || patience.IsCancellationRequested) return status;
        }
    }

    private static async Task<HttpStatusCode> PushAsync(TestAgent agent, JsonObject operation, string? authorization = $"Bearer {Token}") =>
        (await PushAsync(agent, operation.ToJsonString(), authorization)).Status;

    private static async Task<(HttpStatusCode Status, string Text)> PushAsync(TestAgent agent, string body, string? authorization)
    {
        using var http = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(agent.Url, "operations"));
        request.Content = new StringContent(body, Encoding.UTF8, "application/json");
        request.Headers.Add("X-Operation-ID", "op-1");
        if (authorization is not null) request.Headers.TryAddWithoutValidation("Authorization", authorization);
        using var response = await http.SendAsync(request);
        return (response.StatusCode, await response.Content.ReadAsStringAsync());
    }

    private static async Task<(HttpStatusCode Status, string Text)> StatusAsync(TestAgent agent)
    {
        using var http = new HttpClient();
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", Token);
        using var response = await http.GetAsync(new Uri(agent.Url, "status"));
        return (response.StatusCode, await response.Content.ReadAsStringAsync());
    }

    private async Task<(string? Subject, HttpStatusCode Status)> SubjectAsync(TestAgent agent, string token)
    {
        string? subject = null;
        using var handler = new SocketsHttpHandler();
        handler.SslOptions.RemoteCertificateValidationCallback = (_, certificate, _, _) =>
        {
            subject = certificate!.Subject;
            return _authority.Issued((X509Certificate2)certificate);
        };
        using var http = new HttpClient(handler);
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        using var response = await http.GetAsync(new Uri(agent.Url, "status"));
        return (subject, response.StatusCode);
    }
}
