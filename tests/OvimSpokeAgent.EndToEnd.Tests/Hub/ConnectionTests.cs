using System.Net;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using OvimSpokeAgent.EndToEnd.Tests.Harness;
using OvimSpokeAgent.Hub;
using OvimSpokeAgent.Sandbox.Hub;

namespace OvimSpokeAgent.EndToEnd.Tests.Hub;

/// <summary>What the agent does about the connection by itself, over real sockets.</summary>
public sealed class ConnectionTests
{
    [Fact]
    public async Task Failing_polls_do_not_silence_heartbeats_and_become_less_frequent()
    {
        await using var hub = await SandboxHub.StartAsync();
        hub.Faults.Add(new HubFault { Kind = HubFaultKind.Status, Path = "/operations", StatusCode = 500 });
        await using var side = await HubSide.StartAsync(hub.Url);

        while (!Regex.IsMatch(await side.MetricsAsync(), """ovim_agent_hub_polls_total\{outcome="failed"\} ([5-9]|\d\d)"""))
            await NextReportAsync(hub);
        await NextReportAsync(hub);
        Assert.Contains("500 Internal Server Error", side.Connection.PollProblem, StringComparison.Ordinal);
        hub.Queue(HubSide.AgentId, "get_health", new JsonObject(), "op-1");
        hub.Faults.Clear();

        await side.Intake.WaitForAsync(intake => intake.Delivered == 1);
        Assert.True(side.Connection is { Link: { IsRegistered: true, Problem: null }, PollProblem: null });
    }

    [Fact]
    public async Task Hub_that_forgot_the_agent_gets_a_fresh_registration_at_once()
    {
        await using var hub = new RawHub();
        await using var side = await HubSide.StartAsync(hub.Url);
        await side.RegisteredAsync();
        var forgot = 0;
        hub.Answer("/spoke/status", connection => connection.WriteAsync(Interlocked.Increment(ref forgot) == 1
            ? "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
            : "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}"));

        await side.Log.WaitForAsync("registering anew");
        await hub.WaitForRequestsAsync("/health", 2);
        await hub.WaitForRequestsAsync("/spoke/status", 4);

        Assert.True(side.Connection.Link is { IsRegistered: true, Problem: null });
        Assert.DoesNotContain(side.Log.Lines, line => line.Contains("The hub fails", StringComparison.Ordinal) && line.Contains("/spoke/status", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Hub_that_restarted_has_the_whole_report_at_the_next_heartbeat()
    {
        await using var hub = await SandboxHub.StartAsync();
        await using var side = await HubSide.StartAsync(hub.Url);
        side.Reports.VmCount = 3;
        await hub.ReportAsync(report => report.Json["vms"]!.AsArray().Count == 3, default);

        hub.Restart();

        await hub.ReportAsync(report => report.Json["vms"]!.AsArray().Count == 3, default);
        Assert.Equal(HubSide.AgentId, Assert.Single(hub.Agents).AgentId);
    }

    [Fact]
    public async Task Agent_id_in_use_by_another_agent_is_said_clearly()
    {
        await using var hub = await SandboxHub.StartAsync();
        hub.Faults.Add(new HubFault
        {
            Kind = HubFaultKind.Status,
            Path = "/status",
            StatusCode = 409,
            Body = """{"error":"agent is registered by cluster west-1"}""",
        });
        await using var side = await HubSide.StartAsync(hub.Url);

        var problem = await side.ProblemAsync();

        Assert.StartsWith(
            "the hub says that OVIM_AGENT_ID=spoke-agent-east-1 is in use by another live agent, no operations are taken: each cluster needs its own",
            problem,
            StringComparison.Ordinal);
        Assert.Contains("registered by cluster west-1", problem, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Reconnecting_agent_catches_up_with_what_waits()
    {
        await using var hub = await SandboxHub.StartAsync();
        await using var side = await HubSide.StartAsync(hub.Url);
        await side.RegisteredAsync();
        hub.Faults.Add(new HubFault { Kind = HubFaultKind.DropBefore });
        await side.WaitForLinkAsync(link => !link.IsRegistered);
        for (var i = 0; i < 20; i++) hub.Queue(HubSide.AgentId, "get_health", new JsonObject(), $"op-{i}");

        hub.Faults.Clear();

        await side.Intake.WaitForAsync(intake => intake.Delivered == 20);
        Assert.Equal(20, side.Intake.Taken.Distinct().Count());
    }

    [Fact]
    public async Task Big_report_goes_out_compressed_where_the_hub_takes_it()
    {
        await using var hub = await SandboxHub.StartAsync(new SandboxHubOptions { TakesGzip = true });
        await using var side = HubSide.Build(hub.Url);
        side.Reports.VmCount = 5000;

        await ReportAsync(side);
        await ReportAsync(side);

        Assert.Equal([false, true], hub.Reports.Select(report => report.WasCompressed));
        Assert.All(hub.Reports, report => Assert.Equal(5000, report.Json["vms"]!.AsArray().Count));
    }

    [Fact]
    public async Task Report_is_not_compressed_where_the_hub_did_not_say_that_it_takes_it()
    {
        await using var hub = await SandboxHub.StartAsync();
        await using var side = HubSide.Build(hub.Url);
        side.Reports.VmCount = 5000;

        await ReportAsync(side);
        await ReportAsync(side);

        Assert.All(hub.Reports, report => Assert.False(report.WasCompressed));
    }

    [Theory]
    [InlineData(415)]
    [InlineData(400)]
    public async Task Hub_that_takes_compressed_reports_no_more_gets_plain_ones(int status)
    {
        await using var hub = await SandboxHub.StartAsync(new SandboxHubOptions { TakesGzip = true });
        await using var side = HubSide.Build(hub.Url);
        side.Reports.VmCount = 5000;
        await ReportAsync(side);
        hub.Faults.Add(new HubFault { Kind = HubFaultKind.Status, Path = "/status", StatusCode = status, Times = 1 });

        await ReportAsync(side);

        Assert.Equal([false, false], hub.Reports.Select(report => report.WasCompressed));
    }

    [Fact]
    public async Task Http_2_is_spoken_where_tls_offers_it_and_a_connection_is_kept()
    {
        using var authority = TestAuthority.New();
        var certificate = authority.Server().Load();
        await using var hub = await SandboxHub.StartAsync(new SandboxHubOptions { Certificate = () => certificate });
        using var ca = new MountedSecret(("ca.crt", authority.Pem));
        await using var side = HubSide.Build(hub.Url, ("OVIM_HUB_CA_FILE", ca["ca.crt"]));
        using var invoker = new HttpMessageInvoker(side.Service<HubTransport>());

        for (var i = 0; i < 3; i++)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(hub.Url, "health"))
            {
                Version = HttpVersion.Version20,
                VersionPolicy = HttpVersionPolicy.RequestVersionOrLower,
            };
            using var response = await invoker.SendAsync(request, default);
            Assert.Equal(HttpVersion.Version20, response.Version);
        }

        Assert.Equal(1, hub.Connections);
    }

    [Fact]
    public async Task Connections_are_kept_alive_and_renewed_so_that_a_change_of_dns_is_followed()
    {
        await using var side = HubSide.Build(new Uri("http://hub.example.com"));

        using var handler = side.Service<HubTransport>().CreateHandler();

        Assert.Equal(TimeSpan.FromMinutes(5), handler.PooledConnectionLifetime);
        Assert.Equal(TimeSpan.FromSeconds(8), handler.ConnectTimeout);
        Assert.Equal(TimeSpan.FromSeconds(30), handler.KeepAlivePingDelay);
        Assert.True(handler.UseProxy); // of the environment
        Assert.False(handler.AllowAutoRedirect);
        Assert.False(handler.UseCookies);
    }

    [Theory]
    [InlineData("5s", false, 4, 6)]
    [InlineData("5s", true, 24, 36)]
    [InlineData("2m", true, 96, 144)]
    public async Task Polls_are_a_safety_net_once_the_hub_pushes(string interval, bool isPushed, int least, int most)
    {
        using var token = new MountedSecret(("token", "t"));
        await using var side = HubSide.Build(
            new Uri("http://hub.example.com"),
            ("OVIM_HUB_POLL_INTERVAL", interval), ("OVIM_CALLBACK_URL", "https://agent.example.com"),
            ("OVIM_PUSH_TOKEN_FILE", token["token"]));

        for (var i = 0; i < 100; i++)
            Assert.InRange(side.Service<HubSchedule>().AfterPoll(failures: 0, isPushed), TimeSpan.FromSeconds(least), TimeSpan.FromSeconds(most));
    }

    [Fact]
    public async Task Token_that_stays_wrong_is_shown_twice_and_not_again()
    {
        await using var hub = new RawHub();
        hub.Answer("/spoke/status", "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        await using var side = HubSide.Build(hub.Url);

        var failure = await Assert.ThrowsAsync<HubException>(() => ReportAsync(side));

        Assert.Equal(HttpStatusCode.Unauthorized, failure.Status);
        Assert.Equal(2, hub.Requests.Count);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(75)] // across the end of what is shown
    public async Task Token_that_is_sent_back_with_a_refusal_is_not_shown(int at)
    {
        await using var hub = new RawHub();
        var body = $"{new string('-', at)}s3cr3t-token is not known";
        hub.Answer(
            "/spoke/status",
            $"HTTP/1.1 401 Unauthorized s3cr3t-token\r\nContent-Length: {body.Length}\r\nConnection: close\r\n\r\n{body}");
        await using var side = HubSide.Build(hub.Url, ("OVIM_HUB_TOKEN", "s3cr3t-token"));

        var failure = await Assert.ThrowsAsync<HubException>(() => ReportAsync(side));

        Assert.Contains("401 Unauthorized (token)", failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("s3cr", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Ca_of_the_system_is_trusted_beside_the_given_one()
    {
        using var ofSystem = TestAuthority.New("system CA");
        using var given = TestAuthority.New("given CA");
        var (first, second) = (ofSystem.Server().Load(), given.Server().Load());
        await using var hub = await SandboxHub.StartAsync(new SandboxHubOptions { Certificate = () => first });
        await using var other = await SandboxHub.StartAsync(new SandboxHubOptions { Certificate = () => second });
        using var files = new MountedSecret(
            ("config", SecrecyTests.Kubeconfig), ("system.crt", ofSystem.Pem), ("given.crt", given.Pem));

        foreach (var url in new[] { hub.Url, other.Url })
        {
            await using var agent = AgentProcess.Start(
                ("OVIM_CLUSTER_ID", "east-1"), ("OVIM_HUB_ENDPOINT", url.ToString()), ("OVIM_HUB_TOKEN", new SandboxHubOptions().Token),
                ("OVIM_HUB_CA_FILE", files["given.crt"]), ("SSL_CERT_FILE", files["system.crt"]),
                ("OVIM_KUBECONFIG", files["config"]), ("OVIM_HEARTBEAT_INTERVAL", "300ms"));

            await agent.WroteAsync("Registered as");
        }
    }

    [Theory]
    [InlineData("http://hub.example.com:8090", "http://hub.example.com:8090/health")]
    [InlineData("https://hub.example.com:8090", "hub.example.com:8090")] // CONNECT
    public async Task Proxy_of_the_environment_is_used_but_for_what_needs_none_and_its_password_not_shown(string url, string asked)
    {
        await using var proxy = new RawHub();
        using var kubeconfig = new MountedSecret(("config", SecrecyTests.Kubeconfig));
        var address = $"http://agent:pr0xy-s3cr3t@127.0.0.1:{proxy.Url.Port}";
        await using var agent = AgentProcess.Start(
            ("OVIM_CLUSTER_ID", "east-1"), ("OVIM_HUB_ENDPOINT", url), ("OVIM_HUB_TOKEN", "t"),
            ("OVIM_KUBECONFIG", kubeconfig["config"]), ("OVIM_HEARTBEAT_INTERVAL", "300ms"), ("OVIM_LOG_LEVEL", "debug"),
            ("HTTP_PROXY", address), ("HTTPS_PROXY", address), ("NO_PROXY", "127.0.0.1"));

        await proxy.WaitForRequestsAsync(asked, 1);
        await agent.WroteAsync("https://127.0.0.1:1"); // the API server, which is not there
        await agent.TerminateAsync();

        Assert.All(proxy.Requests, request => Assert.Contains("hub.example.com", request.Path, StringComparison.Ordinal));
        Assert.DoesNotContain("pr0xy-s3cr3t", agent.Output, StringComparison.Ordinal);
    }

    private static async Task NextReportAsync(SandboxHub hub)
    {
        using var patience = new CancellationTokenSource(JsonApi.Patience);
        var now = DateTimeOffset.UtcNow;
        await hub.ReportAsync(report => report.ReceivedAt > now, patience.Token);
    }

    private static Task ReportAsync(HubSide side) =>
        side.Client.SendReportAsync(side.Service<IReportSource>().Compose(), default);
}
