using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using OvimSpokeAgent.EndToEnd.Tests.Harness;
using OvimSpokeAgent.EndToEnd.Tests.Hub;

namespace OvimSpokeAgent.EndToEnd.Tests.LocalApi;

/// <summary>Where the local API is to be had, and by whom.</summary>
public sealed class LocalListenerTests : IAsyncLifetime
{
    private TestEnvironment _environment = null!;

    public async Task InitializeAsync() =>
        _environment = await TestEnvironment.StartAsync(await SandboxTestCluster.StartAsync(), ownsCluster: true);

    public async Task DisposeAsync() => await _environment.DisposeAsync();

    [Fact]
    public async Task Status_page_is_on_both_loopback_addresses_and_on_no_other_whatever_the_other_endpoints_listen_on()
    {
        await using var agent = AgentProcess.Start(With(("OVIM_HTTP_ADDRESS", "::")));
        await agent.IsReadyAsync();
        var port = agent.LocalUrl.Port;

        foreach (var host in Loopbacks())
        {
            using var local = new LocalClient(new Uri($"http://{host}:{port}/"));
            using var page = await local.SendAsync(HttpMethod.Get, "");
            Assert.Equal((HttpStatusCode.OK, "text/html; charset=utf-8"), (page.StatusCode, page.Content.Headers.ContentType?.ToString()));
            Assert.Equal(_environment.AgentNamespace, (string?)(await local.GetAsync("debug/state"))["namespace"]);
        }
        // Also where the machine has no other address of a family.
        Assert.Equal(
            Socket.OSSupportsIPv6 ? [IPAddress.Loopback, IPAddress.IPv6Loopback] : [IPAddress.Loopback],
            agent.ListeningEndpoints().Where(at => at.Port == port).Select(at => at.Address).OrderBy(address => address.AddressFamily is AddressFamily.InterNetworkV6));
        var others = OtherAddresses();
        Assert.NotEmpty(others);
        foreach (var address in others)
        {
            Assert.True(await AcceptsAsync(address, agent.Url.Port), $"{address} is the machine's: the other endpoints are there");
            Assert.False(await AcceptsAsync(address, port), $"the local API is on {address}");
        }
    }

    [Fact]
    public async Task Neither_listener_serves_what_is_the_others()
    {
        var agent = await _environment.StartAgentAsync();
        using var local = new LocalClient(agent.LocalUrl);
        using var main = new LocalClient(agent.Url);

        foreach (var path in (string[])["health", "health/status", "metrics", "operations", "status"])
            Assert.Equal(HttpStatusCode.NotFound, await local.StatusAsync(path));
        foreach (var path in LocalClient.Documents.Concat(["", "page.js", "page.css", "charts.js", "icon.svg", "debug/heartbeat"]))
            Assert.Equal(HttpStatusCode.NotFound, await main.StatusAsync(path));
        Assert.Equal(HttpStatusCode.OK, await main.StatusAsync("health/live"));
    }

    [Theory]
    [InlineData("Host", "agent.evil.example.com")]
    [InlineData("Host", "evil.example.com:8081")]
    [InlineData("Origin", "http://evil.example.com")]
    [InlineData("Origin", "null")]
    [InlineData("Sec-Fetch-Site", "cross-site")]
    public async Task Page_of_another_site_is_told_nothing_and_changes_nothing(string header, string value)
    {
        var agent = await _environment.StartAgentAsync();
        using var local = new LocalClient(agent.LocalUrl);

        foreach (var path in LocalClient.Documents.Append("")) Assert.Equal(HttpStatusCode.Forbidden, await local.StatusAsync(path, (header, value)));
        using var answer = await local.SendAsync(HttpMethod.Post, "debug/log-level", """{"level":"error"}""", headers: (header, value));

        Assert.Equal(HttpStatusCode.Forbidden, answer.StatusCode);
        Assert.False(answer.Headers.Contains("Access-Control-Allow-Origin"));
        Assert.Equal("warn", (string?)(await local.GetAsync("debug/state"))["log_level"]!["current"]);
    }

    [Fact]
    public async Task Form_and_preflight_of_another_site_get_nothing()
    {
        var agent = await _environment.StartAgentAsync();
        using var local = new LocalClient(agent.LocalUrl);

        foreach (var type in (string[])["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
            Assert.Equal(HttpStatusCode.UnsupportedMediaType, (await local.PostAsync("log-level", """{"level":"error"}""", type)).Status);
        using var preflight = await local.SendAsync(
            HttpMethod.Options, "debug/log-level", headers: [("Origin", "http://evil.example.com"), ("Access-Control-Request-Method", "POST")]);

        Assert.Equal(HttpStatusCode.Forbidden, preflight.StatusCode);
        Assert.False(preflight.Headers.Contains("Access-Control-Allow-Origin"));
        Assert.Equal("warn", (string?)(await local.GetAsync("debug/state"))["log_level"]!["current"]);
    }

    [Fact]
    public async Task Every_answer_tells_browsers_what_they_may_do_with_it()
    {
        var agent = await _environment.StartAgentAsync();
        using var local = new LocalClient(agent.LocalUrl);

        foreach (var path in (string[])["", "page.js", "page.css", "debug/state", "debug/report", "none", "debug/heartbeat"])
        {
            using var answer = await local.SendAsync(HttpMethod.Get, path);
            Assert.Contains("default-src 'none'; script-src 'self'", answer.Headers.GetValues("Content-Security-Policy").Single(), StringComparison.Ordinal);
            Assert.Equal("nosniff", answer.Headers.GetValues("X-Content-Type-Options").Single());
            Assert.Equal("DENY", answer.Headers.GetValues("X-Frame-Options").Single());
            Assert.True(answer.Headers.CacheControl!.NoStore);
        }
        using var head = await local.SendAsync(HttpMethod.Head, "debug/state");
        Assert.Equal((HttpStatusCode.OK, 0), (head.StatusCode, (await head.Content.ReadAsByteArrayAsync()).Length));
        using var deletion = await local.SendAsync(HttpMethod.Delete, "debug/state");
        Assert.Equal(HttpStatusCode.MethodNotAllowed, deletion.StatusCode);
        Assert.Equal(["GET", "HEAD"], deletion.Content.Headers.Allow);
    }

    [Fact]
    public async Task Agent_whose_debug_port_is_in_use_works_without_the_page_and_says_so_once()
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var port = ((IPEndPoint)taken.LocalEndpoint).Port;

        await using var agent = AgentProcess.Start(With(("OVIM_DEBUG_PORT", $"{port}")));
        await agent.IsReadyAsync();

        Assert.Single(agent.Output.Split('\n'), line => line.Contains($"OVIM_DEBUG_PORT\"={port} cannot be listened on", StringComparison.Ordinal));
        Assert.Equal([agent.Url.Port], agent.ListeningPorts());
    }

    [Fact]
    public async Task Switched_off_there_is_none()
    {
        await using var agent = AgentProcess.Start(With(("OVIM_DEBUG_PORT", "off")));
        await agent.IsReadyAsync();

        Assert.Equal([agent.Url.Port], agent.ListeningPorts());
    }

    [Fact]
    public async Task It_speaks_plain_HTTP_beside_endpoints_that_speak_TLS()
    {
        using var authority = TestAuthority.New();
        var certificate = authority.Server();
        using var secret = new MountedSecret(("tls.crt", certificate.CertificatePem), ("tls.key", certificate.KeyPem));

        var agent = await _environment.StartAgentAsync(("OVIM_HTTP_CERT_FILE", secret["tls.crt"]), ("OVIM_HTTP_KEY_FILE", secret["tls.key"]));

        Assert.Equal("https", agent.Url.Scheme);
        using var local = new LocalClient(agent.LocalUrl);
        var credential = Assert.Single((await local.GetAsync("debug/hub"))["credentials"]!.AsArray());
        Assert.Equal("certificate of the agent's endpoints", (string?)credential!["what"]);
        Assert.True(DateTimeOffset.Parse((string)credential["expires_at"]!, null) > TimeProvider.System.GetUtcNow());
    }

    private Dictionary<string, string> With(params (string Name, string Value)[] changed)
    {
        var variables = _environment.Variables();
        foreach (var (name, value) in changed) variables[name] = value;
        return variables;
    }

    private static string[] Loopbacks() => Socket.OSSupportsIPv6 ? ["127.0.0.1", "[::1]", "localhost"] : ["127.0.0.1", "localhost"];

    // Of both families; that of a link needs the link's name, and is left out.
    private static IPAddress[] OtherAddresses() =>
    [
        .. NetworkInterface.GetAllNetworkInterfaces()
            .Where(one => one.OperationalStatus is OperationalStatus.Up)
            .SelectMany(one => one.GetIPProperties().UnicastAddresses)
            .Select(one => one.Address)
            .Where(address => !IPAddress.IsLoopback(address) && !address.IsIPv6LinkLocal),
    ];

    private static async Task<bool> AcceptsAsync(IPAddress address, int port)
    {
        using var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            await socket.ConnectAsync(address, port);
            return true;
        }
        catch (SocketException e) when (e.SocketErrorCode is SocketError.ConnectionRefused)
        {
            return false;
        }
    }
}
