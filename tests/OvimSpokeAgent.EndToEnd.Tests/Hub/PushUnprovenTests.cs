using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using OvimSpokeAgent.EndToEnd.Tests.Harness;

namespace OvimSpokeAgent.EndToEnd.Tests.Hub;

/// <summary>Hubs that push and show no credentials: by which addresses they are let in.</summary>
public sealed class PushUnprovenTests(Clusters clusters) : IClassFixture<Clusters>, IDisposable
{
    private const string Token = "push-s3cr3t";

    private readonly MountedSecret _token = new(("token", Token));

    [Theory, OnSandbox, OnRealApiServer]
    public async Task Operation_without_proof_is_carried_out_from_an_allowed_address(ClusterKind kind)
    {
        await using var environment = await clusters.OnAsync(kind);
        var agent = await environment.StartAgentAsync(Unproven("127.0.0.0/8"));
        var vdc = $"vdc-{Guid.NewGuid().ToString("N")[..8]}";

        Assert.Equal(HttpStatusCode.Accepted, await UntilReadyAsync(agent, CreateVdc("op-1", vdc)));

        var result = await environment.ResultOfAsync("op-1");
        Assert.True((string?)result["status"] == "completed", result.ToJsonString());
        await environment.Cluster.Admin.DeleteAsync($"api/v1/namespaces/{vdc}");
    }

    [Fact]
    public async Task It_shows_for_as_long_as_it_is_on_and_gives_no_callback()
    {
        await using var environment = await clusters.OnAsync(ClusterKind.Sandbox);
        var agent = await environment.StartAgentAsync(
            [.. Unproven("127.0.0.0/8"), ("OVIM_CALLBACK_URL", "https://agent.example.com")]);

        var report = await environment.NextReportAsync(agent);

        Assert.Null(report["callback_url"]);
        Assert.Equal(1, await agent.MetricAsync("ovim_agent_push_unproven"));
        var health = (await agent.HealthAsync())["components"]!["push"]!;
        Assert.Equal("Warning", (string?)health["status"]);
        Assert.Contains("127.0.0.0/8", (string?)health["message"], StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.NotFound, (await agent.GetAsync("status")).Status);
    }

    [Fact]
    public async Task Without_it_nothing_shows_and_the_endpoint_is_not_there()
    {
        await using var environment = await clusters.OnAsync(ClusterKind.Sandbox);
        var agent = await environment.StartAgentAsync(("OVIM_PUSH_ALLOWED_CIDRS", "127.0.0.0/8"));

        Assert.Equal(HttpStatusCode.NotFound, (await PushAsync(agent, CreateVdc("op-1", "a"))).Status);
        Assert.Equal(0, await agent.MetricAsync("ovim_agent_push_unproven"));
        Assert.Equal("Healthy", (string?)(await agent.HealthAsync())["components"]!["push"]!["status"]);
    }

    [Fact]
    public async Task Other_addresses_are_refused()
    {
        await using var environment = await clusters.OnAsync(ClusterKind.Sandbox);
        var unproven = await environment.StartAgentAsync(Unproven("10.0.0.0/8"));

        var (status, text) = await PushAsync(unproven, CreateVdc("op-1", "a"));

        Assert.Equal(HttpStatusCode.Forbidden, status);
        Assert.Contains("127.0.0.1", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Token_proves_a_push_from_any_address()
    {
        await using var environment = await clusters.OnAsync(ClusterKind.Sandbox);
        var agent = await environment.StartAgentAsync([.. Unproven("10.0.0.0/8"), ("OVIM_PUSH_TOKEN_FILE", _token["token"])]);

        Assert.Equal(HttpStatusCode.Unauthorized, (await PushAsync(agent, CreateVdc("op-1", "a"))).Status);
        Assert.Equal(HttpStatusCode.BadRequest, (await PushAsync(agent, [], ("Authorization", $"Bearer {Token}"))).Status);
    }

    [Theory]
    [InlineData("10.1.2.3", true)]
    [InlineData("10.1.2.3:41000", true)]
    [InlineData("192.0.2.9, 10.1.2.3", true)] // what stands left of it, anybody may have written
    [InlineData("10.1.2.3, 127.0.0.9", true)] // two proxies in a row
    [InlineData("[fd00::7]:443", true)]
    [InlineData("10.1.2.3, 192.0.2.9", false)]
    [InlineData("10.1.2.3, 192.0.2.9, 127.0.0.9", false)]
    [InlineData("127.0.0.9", false)] // proxies alone
    [InlineData("10.1.2.3, unknown", false)]
    [InlineData("unknown", false)]
    [InlineData("", false)]
    [InlineData(null, false)]
    public async Task Behind_a_trusted_proxy_the_last_address_that_is_no_proxys_counts(string? forwarded, bool isAllowed)
    {
        await using var environment = await clusters.OnAsync(ClusterKind.Sandbox);
        var agent = await environment.StartAgentAsync(
            [.. Unproven("10.1.0.0/16,fd00::/8,127.0.0.0/8"), ("OVIM_PUSH_TRUSTED_PROXIES", "127.0.0.0/8")]);

        var (status, _) = await PushAsync(agent, [], forwarded is null ? [] : [("X-Forwarded-For", forwarded)]);

        Assert.Equal(isAllowed ? HttpStatusCode.BadRequest : HttpStatusCode.Forbidden, status);
    }

    [Fact]
    public async Task Several_headers_are_read_as_one()
    {
        await using var environment = await clusters.OnAsync(ClusterKind.Sandbox);
        var agent = await environment.StartAgentAsync([.. Unproven("10.1.0.0/16"), ("OVIM_PUSH_TRUSTED_PROXIES", "127.0.0.0/8")]);

        var (allowed, _) = await PushAsync(agent, [], ("X-Forwarded-For", "192.0.2.9"), ("X-Forwarded-For", "10.1.2.3"));
        var (refused, _) = await PushAsync(agent, [], ("X-Forwarded-For", "10.1.2.3"), ("X-Forwarded-For", "192.0.2.9"));

        Assert.Equal((HttpStatusCode.BadRequest, HttpStatusCode.Forbidden), (allowed, refused));
    }

    [Fact]
    public async Task Header_of_who_is_no_trusted_proxy_is_not_believed()
    {
        await using var environment = await clusters.OnAsync(ClusterKind.Sandbox);
        var agent = await environment.StartAgentAsync([.. Unproven("10.1.0.0/16"), ("OVIM_PUSH_TRUSTED_PROXIES", "10.9.0.0/16")]);

        Assert.Equal(HttpStatusCode.Forbidden, (await PushAsync(agent, [], ("X-Forwarded-For", "10.1.2.3"))).Status);
    }

    public void Dispose() => _token.Dispose();

    private static (string, string)[] Unproven(string cidrs) => [("OVIM_PUSH_UNPROVEN", "true"), ("OVIM_PUSH_ALLOWED_CIDRS", cidrs)];

    // As today's hub writes it.
    private static JsonObject CreateVdc(string id, string vdc) => new()
    {
        ["id"] = id,
        ["type"] = "create_vdc",
        ["timestamp"] = "2026-11-23T08:37:01Z",
        ["payload"] = new JsonObject { ["vdc_name"] = vdc, ["vdc_namespace"] = "org-a", ["target_namespace"] = vdc, ["organization"] = "org-a" },
    };

    private static async Task<HttpStatusCode> UntilReadyAsync(TestAgent agent, JsonObject operation)
    {
        using var patience = new CancellationTokenSource(JsonApi.Patience);
        while (true)
        {
            var (status, _) = await PushAsync(agent, operation);
            if (status is not HttpStatusCode.ServiceUnavailable || patience.IsCancellationRequested) return status;
        }
    }

    private static async Task<(HttpStatusCode Status, string Text)> PushAsync(
        TestAgent agent, JsonObject operation, params (string Name, string Value)[] headers)
    {
        using var http = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(agent.Url, "operations"));
        request.Content = new StringContent(operation.ToJsonString(), Encoding.UTF8, "application/json");
        foreach (var (name, value) in headers) request.Headers.TryAddWithoutValidation(name, value);
        using var response = await http.SendAsync(request);
        return (response.StatusCode, await response.Content.ReadAsStringAsync());
    }
}
