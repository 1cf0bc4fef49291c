using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Time.Testing;
using OvimSpokeAgent.Hub;
using OvimSpokeAgent.Operations;
using OvimSpokeAgent.Sandbox.Hub;

namespace OvimSpokeAgent.EndToEnd.Tests.Hub;

/// <summary>
/// What can go wrong between agent and hub, over real sockets, limits and waits on the test's clock: what arrived whole is
/// taken, what may be lost is said, a poll is never sent twice, nothing is read without bound.
/// </summary>
public sealed class FaultTableTests : IAsyncLifetime, IAsyncDisposable
{
    private const string Operation = """{"id":"op-1","type":"get_health","payload":{},"timestamp":"2026-11-23T08:37:01Z"}""";
    private const string Polls = "/spoke/operations?";
    private const string Reports = "/spoke/status";
    private const string Results = "/result";

    private readonly FakeTimeProvider _time = new(DateTimeOffset.UtcNow);
    private readonly RawHub _hub = new();
    private readonly HubSide _side;

    public FaultTableTests() => _side = HubSide.Build(_hub.Url, _time);

    [Fact]
    public async Task Refused_connection_loses_nothing()
    {
        await _hub.DisposeAsync();

        var failure = await Assert.ThrowsAsync<HubException>(PollAsync);

        Assert.False(failure.WasSent);
        Assert.Contains("nothing listens", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Connection_that_does_not_come_about_loses_nothing()
    {
        using var full = new TcpListener(IPAddress.Loopback, 0);
        full.Start(0);
        var address = (IPEndPoint)full.LocalEndpoint;
        var fillers = Enumerable.Range(0, 4).Select(_ => new TcpClient()).ToList();
        foreach (var filler in fillers) _ = filler.ConnectAsync(address);
        await using var side = HubSide.Build(new Uri($"http://{address}"));

        var failure = await Assert.ThrowsAsync<HubException>(() => side.PollAsync());

        Assert.False(failure.WasSent);
        Assert.EndsWith($"no connection to {address}: none came about within 8 s", failure.Message, StringComparison.Ordinal);
        fillers.ForEach(filler => filler.Dispose());
    }

    [Fact]
    public async Task Reset_in_the_middle_of_the_answer_keeps_what_came_whole()
    {
        _hub.Answer(Polls, async connection =>
        {
            await connection.WriteAsync(Head(500) + $"[{Operation},{Operation[..20]}");
            connection.Reset();
        });

        var answer = await PollAsync();

        Assert.Equal(1, answer.Operations);
        Assert.StartsWith("the answer broke off: ", answer.Loss, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Connection_closed_before_an_answer_is_a_possible_loss_and_not_asked_again()
    {
        _hub.Answer(Polls, "");

        var answer = await PollAsync();

        Assert.Equal(0, answer.Operations);
        Assert.Contains("the connection broke before an answer came", answer.Loss, StringComparison.Ordinal);
        Assert.Single(_hub.Requests);
    }

    [Fact]
    public async Task Poll_on_a_kept_connection_that_the_hub_resets_is_not_sent_again()
    {
        await using var hub = await SandboxHub.StartAsync();
        await using var side = HubSide.Build(hub.Url);
        Assert.Equal(new PollAnswer(0, null), await side.PollAsync()); // the connection is kept
        hub.Queue(HubSide.AgentId, "get_health", new JsonObject());
        hub.Faults.Add(new HubFault { Kind = HubFaultKind.DropAfter, Path = "/operations", Times = 1 });

        var answer = await side.PollAsync();

        Assert.NotNull(answer.Loss);
        Assert.Equal(0, hub.Queued(HubSide.AgentId));
    }

    [Fact]
    public async Task Black_hole_ends_a_poll_as_a_possible_loss()
    {
        _hub.Answer(Polls, connection => connection.StaySilentAsync());
        var poll = PollAsync();
        await _hub.WaitForRequestsAsync(Polls, 1);

        _time.Advance(HubClient.PollLimit);

        Assert.EndsWith("no answer within 10 s", (await poll).Loss, StringComparison.Ordinal);
        Assert.Single(_hub.Requests);
    }

    [Fact]
    public async Task Black_hole_ends_a_report_at_the_limit_of_an_attempt()
    {
        _hub.Answer(Reports, connection => connection.StaySilentAsync());
        var report = ReportAsync();
        await _hub.WaitForRequestsAsync(Reports, 1);

        _time.Advance(TimeSpan.FromSeconds(15));

        Assert.EndsWith("no answer within 15 s", (await Assert.ThrowsAsync<HubException>(() => report)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Slow_drip_ends_a_poll_with_what_came_whole()
    {
        await using var side = HubSide.Build(_hub.Url); // on the real clock: only it knows that the beginning was read
        _hub.Answer(Polls, async connection =>
        {
            await connection.WriteAsync(Head(100_000) + $"[{Operation},");
            await connection.DripAsync(" ");
        });

        var answer = await side.PollAsync();

        Assert.Equal(1, answer.Operations);
        Assert.Equal("the answer did not end within 10 s", answer.Loss);
    }

    [Fact]
    public async Task Slow_drip_of_an_error_ends_at_the_limit_of_the_call()
    {
        var dripping = new TaskCompletionSource();
        _hub.Answer(Reports, async connection =>
        {
            await connection.WriteAsync("HTTP/1.1 400 Bad Request\r\nContent-Length: 100000\r\n\r\n");
            dripping.SetResult();
            await connection.DripAsync("x");
        });
        var report = ReportAsync();
        await dripping.Task;

        var failure = await Assert.ThrowsAsync<HubException>(() => PumpAsync(report));

        Assert.Equal(HttpStatusCode.BadRequest, failure.Status);
    }

    [Theory]
    [InlineData(500)]
    [InlineData(502)]
    [InlineData(503)]
    [InlineData(429)]
    public async Task Error_is_tried_again_within_a_call_for_reports_only(int status)
    {
        await RegisterAsync();
        foreach (var path in new[] { Reports, Results, Polls }) _hub.Answer(path, Error(status));

        var report = await Assert.ThrowsAsync<HubException>(() => PumpAsync(ReportAsync()));
        var result = await ResultAsync();
        var poll = await Record.ExceptionAsync(PollAsync);

        Assert.Equal(status, (int)report.Status!);
        Assert.Equal(DeliveryOutcome.Failed, result.Outcome);
        Assert.Equal(status == 429, poll is HubException); // else a possible loss
        Assert.Equal((1 + 3, 1, 1), (Count(Reports), Count(Results), Count(Polls)));
    }

    [Fact]
    public async Task Page_in_html_is_not_taken_for_the_hubs_answer()
    {
        foreach (var path in new[] { Reports, Results, Polls })
            _hub.Answer(path, "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 13\r\n\r\n<html></html>");

        var report = await Assert.ThrowsAsync<HubException>(() => ReportAsync());
        var result = await ResultAsync();
        var poll = await Assert.ThrowsAsync<HubException>(PollAsync);

        Assert.Contains("a page in HTML, not the hub's answer", report.Message, StringComparison.Ordinal);
        Assert.Equal(DeliveryOutcome.Failed, result.Outcome);
        Assert.Contains("<html>", poll.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Truncated_json_keeps_what_came_whole()
    {
        var body = $"[{Operation},{Operation[..30]}";
        _hub.Answer(Polls, Head(body.Length) + body);

        var answer = await PollAsync();

        Assert.Equal(1, answer.Operations);
        Assert.Equal("the answer ends in the middle", answer.Loss);
    }

    [Theory]
    [InlineData(301)]
    [InlineData(302)]
    [InlineData(307)]
    [InlineData(308)]
    public async Task Redirect_to_another_host_is_not_followed(int status)
    {
        await using var other = new RawHub();
        foreach (var path in new[] { "/health", Reports, Results, Polls })
            _hub.Answer(path, Error(status, $"Location: {other.Url}elsewhere?token=s3cr3t\r\n"));

        var report = await Assert.ThrowsAsync<HubException>(() => ReportAsync());
        await Assert.ThrowsAsync<HubException>(() => _side.Client.CheckHealthAsync(default));
        await Assert.ThrowsAsync<HubException>(PollAsync);
        await ResultAsync();

        Assert.Empty(other.Requests);
        Assert.Contains($"the hub redirects to {other.Url}elsewhere; not followed", report.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("s3cr3t", report.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Dns_that_is_gone_loses_nothing()
    {
        await using var side = HubSide.Build(new Uri("http://hub.invalid"));

        Assert.False((await Assert.ThrowsAsync<HubException>(() => side.PollAsync())).WasSent);
    }

    [Theory]
    [InlineData(500)]
    [InlineData(502)]
    [InlineData(503)]
    [InlineData(504)]
    public async Task Gateway_that_lost_the_answer_is_a_possible_loss(int status)
    {
        _hub.Answer(Polls, Error(status));

        Assert.Contains($"{status}", (await PollAsync()).Loss, StringComparison.Ordinal);
    }

    public Task InitializeAsync() => Task.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        await _side.DisposeAsync();
        await _hub.DisposeAsync();
    }

    Task IAsyncLifetime.DisposeAsync() => DisposeAsync().AsTask();

    private static string Head(int length) =>
        $"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n";

    private static string Error(int status, string headers = "") =>
        $"HTTP/1.1 {status} Fault\r\n{headers}Content-Length: 0\r\nConnection: close\r\n\r\n";

    private int Count(string path) => _hub.Requests.Count(request => request.Path.Contains(path, StringComparison.Ordinal));

    private Task<PollAnswer> PollAsync() => _side.PollAsync();

    private async Task<bool> ReportAsync()
    {
        await _side.Client.SendReportAsync(_side.Service<IReportSource>().Compose(), default);
        return true;
    }

    private Task<DeliveryAttempt> ResultAsync() => _side.Client.SendAsync("op-1", "{}"u8.ToArray(), default);

    // Only a registered agent tries again within a call.
    private async Task RegisterAsync()
    {
        await ReportAsync();
        _side.Connection.Succeeded();
    }

    // Lets the test's clock run while a call waits for it.
    private async Task<T> PumpAsync<T>(Task<T> call)
    {
        while (!call.IsCompleted)
        {
            _time.Advance(TimeSpan.FromMilliseconds(250));
            await Task.WhenAny(call, Task.Delay(TimeSpan.FromMilliseconds(5)));
        }
        return await call;
    }
}
