using System.Net;
using System.Net.Sockets;
using System.Text;
using OvimSpokeAgent.EndToEnd.Tests.Harness;
using OvimSpokeAgent.EndToEnd.Tests.Hub;

namespace OvimSpokeAgent.EndToEnd.Tests;

/// <summary>What is between the agent, the hub, the API server and the kubelet: proxies, and two families of addresses.</summary>
public sealed class NetworkTests : IAsyncLifetime
{
    private TestEnvironment _environment = null!;

    public async Task InitializeAsync() => _environment = await TestEnvironment.StartAsync(await SandboxTestCluster.StartAsync(), ownsCluster: true);

    public async Task DisposeAsync() => await _environment.DisposeAsync();

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("127.0.0.0/8")]
    [InlineData("10.0.0.0/8, 127.0.0.0/8,.svc")]
    [InlineData("*")]
    public async Task Hub_and_api_server_are_reached_past_a_proxy_however_clusters_write_its_exceptions(string exceptions)
    {
        await using var agent = Start(("NO_PROXY", exceptions));

        await agent.IsReadyAsync();
        await _environment.ReportsAsync(Id, report => (string?)report["status"] == "healthy");

        Assert.Equal(0, await agent.TerminateAsync());
    }

    [Theory]
    [InlineData("http://us%40er:p%3Ass%2Fw0rd-7@127.0.0.1:{0}")]
    [InlineData("us%40er:p%3Ass%2Fw0rd-7@127.0.0.1:{0}/")]
    public async Task Proxy_gets_the_credentials_that_its_url_has_in_escapes_and_the_log_has_none(string url)
    {
        await using var proxy = new RawHub();
        proxy.Answer("hub.invalid", connection => connection.WriteAsync(connection.Request.Head.Contains("Proxy-Authorization", StringComparison.OrdinalIgnoreCase)
            ? "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n[]"
            : "HTTP/1.1 407 Who?\r\nProxy-Authenticate: Basic realm=\"out\"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"));

        await using var agent = Start(
            ("HTTP_PROXY", string.Format(null, url, proxy.Url.Port)), ("NO_PROXY", "127.0.0.0/8"), ("OVIM_HUB_ENDPOINT", "http://hub.invalid"),
            ("OVIM_LOG_LEVEL", "info"));
        await agent.WroteAsync("Registered as");

        var shown = proxy.Requests.SelectMany(request => request.Head.Split("\r\n"))
            .Where(line => line.StartsWith("Proxy-Authorization: Basic ", StringComparison.OrdinalIgnoreCase)).ToHashSet();
        Assert.Equal("us@er:p:ss/w0rd-7", Encoding.UTF8.GetString(Convert.FromBase64String(Assert.Single(shown).Split(' ')[2])));
        Assert.DoesNotContain("w0rd-7", agent.Output, StringComparison.Ordinal);
        Assert.Equal(0, await agent.TerminateAsync());
    }

    [Fact]
    public async Task Exception_of_the_proxy_that_is_nothing_is_named_and_costs_itself_alone()
    {
        await using var agent = Start(("NO_PROXY", "10.0.0.0/33,127.0.0.1"));

        await agent.IsReadyAsync();

        Assert.Contains("10.0.0.0/33", agent.Output, StringComparison.Ordinal);
        Assert.Equal(0, await agent.TerminateAsync());
    }

    [Fact]
    public async Task Probes_of_both_families_are_answered_by_default()
    {
        await using var agent = Start(("OVIM_HTTP_ADDRESS", "::"), ("NO_PROXY", "*"));

        await agent.IsReadyAsync(); // by IPv4

        if (Socket.OSSupportsIPv6)
        {
            using var http = new HttpClient();
            Assert.Equal("alive\n", await http.GetStringAsync(new Uri($"http://[::1]:{agent.Url.Port}/health/live")));
        }
        Assert.Equal(0, await agent.TerminateAsync());
    }

    [Theory]
    [InlineData("health")]
    [InlineData("health/live")]
    [InlineData("health/ready")]
    [InlineData("health/status")]
    public async Task Health_answers_who_asks_for_the_head_alone(string path)
    {
        await using var agent = Start(("NO_PROXY", "*"));
        await agent.IsReadyAsync();
        using var http = new HttpClient { BaseAddress = agent.Url };

        using var answer = await http.SendAsync(new HttpRequestMessage(HttpMethod.Head, path));

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Empty(await answer.Content.ReadAsStringAsync());
    }

    private string Id => $"spoke-agent-{_environment.AgentNamespace}";

    // Behind a proxy that is not there.
    private AgentProcess Start(params (string Name, string Value)[] changed)
    {
        var variables = _environment.Variables();
        (variables["HTTPS_PROXY"], variables["HTTP_PROXY"]) = ("http://127.0.0.1:9", "http://127.0.0.1:9");
        foreach (var (name, value) in changed) variables[name] = value;
        return AgentProcess.Start(variables);
    }
}
