using System.Buffers.Text;
using System.Net;
using System.Text;
using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Supervision;
using OvimSpokeAgent.Tests.Configuration;

namespace OvimSpokeAgent.Tests.Cluster;

/// <summary>What the agent shows to the API server, as a kubeconfig names it, and what it says when that is not accepted.</summary>
public sealed class ClusterCredentialsTests : IDisposable
{
    private static readonly ResourceKind Widgets = new("example.com", "v1", "widgets", "Widget");

    private readonly string _folder = Directory.CreateTempSubdirectory("ovim-kubeconfig-").FullName;
    private readonly TestTime _time = new();
    private readonly StubServer _server = new();
    private readonly ClusterConnectivity _connectivity;

    public ClusterCredentialsTests() => _connectivity = new ClusterConnectivity(_time);

    [Theory]
    [InlineData("tokenFile: token")] // as seen from the kubeconfig
    [InlineData("tokenFile: token, token: other")] // as in kubectl: the file counts
    [InlineData("tokenFile: {0}/token")]
    public async Task Token_of_a_file_is_shown_and_read_anew_when_it_is_refused(string user)
    {
        Write("token", "first\n");
        var api = Open(string.Format(null, user, _folder));
        var valid = "first";
        _server.Handles(request => request.Headers.Authorization?.Parameter == valid ? Answer(200, "{}") : Answer(401, "{}"));

        await GetAsync(api);
        Write("token", "second\n");
        valid = "second";
        await Assert.ThrowsAsync<KubernetesApiException>(() => GetAsync(api));
        await GetAsync(api);

        Assert.Equal("Bearer second", _server.Authorization);
    }

    [Fact]
    public async Task Expired_token_is_named_until_another_one_is_accepted()
    {
        var api = Open($"token: {Jwt("""{"exp":1735689600}""")}");
        _server.Answers(401, """{"kind":"Status","message":"Unauthorized"}""");

        var e = await Assert.ThrowsAsync<KubernetesApiException>(() => GetAsync(api));

        Assert.Contains($"the token of {_folder}/config expired on 2025-01-01 00:00:00Z", e.Message, StringComparison.Ordinal);
        var finding = new ClusterCheck(_connectivity).Check();
        Assert.Equal(HealthStatus.Unhealthy, finding.Status);
        Assert.Contains("does not accept the agent's credentials", finding.Message, StringComparison.Ordinal);
        Assert.Contains("expired on 2025-01-01", finding.Message, StringComparison.Ordinal);

        _server.Answers(200, "{}");
        await GetAsync(api);
        Assert.Equal(HealthStatus.Healthy, new ClusterCheck(_connectivity).Check().Status);
    }

    [Fact]
    public async Task Watch_that_was_opened_before_says_nothing_of_the_credentials_now()
    {
        var api = Open("token: t");
        _server.Handles(request => request.RequestUri!.Query.Contains("watch=1", StringComparison.Ordinal)
            ? Answer(200, """{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"7"}}}""" + "\n") : Answer(401, "{}"));
        var events = await api.WatchAsync(Widgets, "", new() { ResourceVersion = "1" }, ClusterJson.Default.AnyObject, default);
        await Assert.ThrowsAsync<KubernetesApiException>(() => GetAsync(api));

        await foreach (var _ in events) Assert.Equal(HealthStatus.Unhealthy, new ClusterCheck(_connectivity).Check().Status);

        Assert.Equal(HealthStatus.Unhealthy, new ClusterCheck(_connectivity).Check().Status);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("two\nlines")]
    public async Task Token_that_cannot_be_shown_makes_unhealthy_until_it_can(string? content)
    {
        Write("token", "first");
        var api = Open("tokenFile: token");
        _server.Answers(200, "{}");
        if (content is null) File.Delete(Path.Combine(_folder, "token"));
        else Write("token", content);

        var e = await Assert.ThrowsAsync<KubernetesApiException>(() => GetAsync(api));

        Assert.Contains("credentials for https://api.example:6443/ cannot be read", e.Message, StringComparison.Ordinal);
        Assert.Equal(HealthStatus.Unhealthy, new ClusterCheck(_connectivity).Check().Status);
        Write("token", "second");
        await GetAsync(api);
        Assert.Equal(HealthStatus.Healthy, new ClusterCheck(_connectivity).Check().Status);
    }

    [Theory]
    [InlineData("""{"exp":33292512000}""")] // not yet
    [InlineData("""{"exp":"soon"}""")]
    [InlineData("""{"exp":1e99}""")]
    [InlineData("""{"sub":"agent"}""")]
    [InlineData("[1]")]
    [InlineData("no JSON")]
    public async Task Token_that_does_not_say_that_it_is_over_is_said_to_be_refused(string claims)
    {
        var api = Open($"token: {Jwt(claims)}");
        _server.Answers(401, """{"kind":"Status","message":"Unauthorized"}""");

        var e = await Assert.ThrowsAsync<KubernetesApiException>(() => GetAsync(api));

        Assert.DoesNotContain("expired", e.Message, StringComparison.Ordinal);
        Assert.Equal(HealthStatus.Unhealthy, new ClusterCheck(_connectivity).Check().Status);
    }

    [Fact]
    public async Task Forbidden_request_is_no_matter_of_credentials()
    {
        var api = Open("token: t");
        _server.Answers(403, """{"kind":"Status","message":"forbidden"}""");

        await Assert.ThrowsAsync<KubernetesApiException>(() => GetAsync(api));

        Assert.Equal(HealthStatus.Healthy, new ClusterCheck(_connectivity).Check().Status);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static string Jwt(string claims) => $"e30.{Base64Url.EncodeToString(Encoding.UTF8.GetBytes(claims))}.c2ln";

    private static HttpResponseMessage Answer(int status, string body) => new((HttpStatusCode)status) { Content = new StringContent(body) };

    private static Task<AnyObject> GetAsync(KubernetesApi api) =>
        api.GetAsync(Widgets, new("acme", "web"), ClusterJson.Default.AnyObject, default);

    private KubernetesApi Open(string user)
    {
        Write("config", $$"""
            apiVersion: v1
            kind: Config
            current-context: c
            contexts: [{name: c, context: {cluster: k, user: u} }]
            clusters: [{name: k, cluster: {server: "https://api.example:6443"} }]
            users: [{name: other, user: {token: no} }, {name: u, user: { {{user}} } }]
            """);
        var settings = new TestEnvironment().LoadClean() with { Kubeconfig = Path.Combine(_folder, "config") };
        var client = KubernetesConnection.Open(settings, [() => _server.NewHandler()], _time);
        return new(client, new ClusterCredentials(client, settings, _time), _connectivity, _time);
    }

    private void Write(string name, string text) => File.WriteAllText(Path.Combine(_folder, name), text);
}
