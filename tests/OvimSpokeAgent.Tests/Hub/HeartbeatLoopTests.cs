using System.Net;
using OvimSpokeAgent.Tests.VirtualMachines;

namespace OvimSpokeAgent.Tests.Hub;

public sealed class HeartbeatLoopTests : IAsyncLifetime, IAsyncDisposable
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    private readonly HubWorld _world = new();
    private readonly CancellationTokenSource _end = new();
    private Task _loop = Task.CompletedTask;

    [Fact]
    public async Task Hub_is_asked_for_its_health_once_and_the_first_report_registers()
    {
        Start();
        await ReportedAsync(1);

        Assert.True(_world.Connection.Link.IsRegistered);
        Assert.Equal(_world.Time.GetUtcNow(), _world.Connection.Link.LastContact);
        await NextReportAsync(30 * Second);
        await NextReportAsync(30 * Second);
        Assert.Equal(["health", "status", "status", "status"], _world.Asked);
        Assert.Equal(3, _world.Reports.Taken.Count);
    }

    [Fact]
    public async Task Nothing_is_reported_before_a_report_says_something()
    {
        _loop = _world.Heartbeat.RunAsync(_end.Token);
        Assert.Empty(_world.Hub.Requests);

        _world.Reports.IsMeaningful = true;

        await ReportedAsync(1);
    }

    [Fact]
    public async Task Nothing_is_reported_while_another_agent_speaks_to_the_hub()
    {
        var wanted = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _world.Reports.Wanted = wanted.Task;
        Start();
        Assert.Empty(_world.Hub.Requests);
        Assert.True(_world.Connection.IsSilent);

        wanted.SetResult();

        await ReportedAsync(1);
        Assert.False(_world.Connection.IsSilent);
    }

    [Fact]
    public async Task Change_is_reported_at_once_but_not_twice_within_a_second()
    {
        Start();
        await ReportedAsync(1);

        _world.Heartbeat.ReportSoon();
        _world.Heartbeat.ReportSoon();
        await NextReportAsync(Second, reports: 2);

        await AdvanceAsync(Second); // the pause after the second report
        await _world.Time.NextWaitAsync(29 * Second, 29 * Second);
        Assert.Equal(2, _world.Count("status"));
        _world.Heartbeat.ReportSoon();
        await ReportedAsync(3);
    }

    [Fact]
    public async Task Change_while_a_report_is_on_its_way_is_reported_after_it()
    {
        var answer = new TaskCompletionSource<HttpResponseMessage>(TaskCreationOptions.RunContinuationsAsynchronously);
        _world.Hub.Handles((request, _) => request.Method == HttpMethod.Post
            ? answer.Task
            : Task.FromResult(new HttpResponseMessage(HttpStatusCode.OK)));
        Start();
        await Eventually.HoldsAsync(() => _world.Count("status") == 1);

        _world.Heartbeat.ReportSoon();
        answer.SetResult(new HttpResponseMessage(HttpStatusCode.OK));
        _world.Hub.Answers(200, "");

        await NextReportAsync(Second, reports: 2);
    }

    [Fact]
    public async Task Report_that_someone_wants_now_goes_out_now_but_not_within_a_second_of_the_last()
    {
        Start();
        await ReportedAsync(1);

        _ = _world.Heartbeat.ReportNow(registersAnew: false);
        await NextReportAsync(Second, reports: 2);

        await AdvanceAsync(Second);
        await _world.Time.NextWaitAsync(29 * Second, 29 * Second);
        _ = _world.Heartbeat.ReportNow(registersAnew: false);
        await ReportedAsync(3);
        Assert.Equal(["health", "status", "status", "status"], _world.Asked);
    }

    [Fact]
    public async Task Who_wants_a_report_is_told_what_came_of_one_that_began_after_it()
    {
        var first = new TaskCompletionSource<HttpResponseMessage>(TaskCreationOptions.RunContinuationsAsynchronously);
        _world.Hub.Handles((request, _) => request.Method == HttpMethod.Post ? first.Task : Task.FromResult(new HttpResponseMessage(HttpStatusCode.OK)));
        Start();
        await Eventually.HoldsAsync(() => _world.Count("status") == 1);

        var asked = _world.Heartbeat.ReportNow(registersAnew: false);
        _world.Hub.Answers(422, "not like this");
        first.SetResult(new HttpResponseMessage(HttpStatusCode.OK));
        await _world.Time.NextWaitAsync(Second, Second);
        Assert.False(asked.IsCompleted);
        _world.Time.Advance(Second);

        Assert.Contains("422", (await asked.WaitAsync(Limits.Patience)).Problem, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Who_registers_anew_asks_first_whether_the_hub_is_there()
    {
        Start();
        await ReportedAsync(1);
        await AdvanceAsync(Second);

        _ = _world.Heartbeat.ReportNow(registersAnew: true);

        await ReportedAsync(2);
        Assert.Equal(["health", "status", "health", "status"], _world.Asked);
    }

    [Fact]
    public async Task Hub_that_is_away_is_tried_at_once_when_someone_wants_a_report()
    {
        _world.Hub.Handles((_, _) => throw new HttpRequestException("not yet"));
        Start();
        foreach (var seconds in (double[])[1, 1.5, 3, 6, 12, 24]) await AdvanceAsync(TimeSpan.FromSeconds(seconds));
        await _world.Time.NextWaitAsync(45 * Second, 45 * Second);
        _world.Hub.Answers(200, "");
        var asked = _world.Asked.Count();

        _ = _world.Heartbeat.ReportNow(registersAnew: false);
        await AdvanceAsync(Second); // since the last attempt

        await ReportedAsync(1);
        Assert.Equal(["health", "status"], _world.Asked.Skip(asked));
    }

    [Fact]
    public async Task Hub_that_asks_to_be_left_alone_is_so_whoever_wants_a_report()
    {
        _world.Hub.Handles(request =>
        {
            if (request.Method != HttpMethod.Post) return new HttpResponseMessage(HttpStatusCode.OK);
            var answer = new HttpResponseMessage(HttpStatusCode.TooManyRequests);
            answer.Headers.RetryAfter = new(TimeSpan.FromSeconds(40));
            return answer;
        });
        Start();
        await Eventually.HoldsAsync(() => _world.Count("status") == 1);
        await _world.Time.NextWaitAsync(55 * Second, 55 * Second); // 40 s and half of the spread of 30 s

        _ = _world.Heartbeat.ReportNow(registersAnew: false);
        await _world.Time.NextWaitAsync(55 * Second, 55 * Second);

        Assert.Equal(1, _world.Count("status"));
    }

    [Fact]
    public async Task Hub_that_is_away_at_the_start_is_tried_again_with_a_growing_wait()
    {
        _world.Hub.Handles((_, _) => throw new HttpRequestException("not yet"));
        Start();

        foreach (var seconds in (double[])[1, 1.5, 3, 6, 12, 24, 45, 45]) // a jitter of one half; never more often than once a second
            await AdvanceAsync(TimeSpan.FromSeconds(seconds));

        Assert.False(_world.Connection.Link.IsRegistered);
        Assert.DoesNotContain("status", _world.Asked);
        _world.Hub.Answers(200, "");
        await AdvanceAsync(45 * Second);
        await ReportedAsync(1);
        Assert.Equal(["health", "status"], _world.Asked.TakeLast(2));
    }

    [Theory]
    [InlineData(404)]
    [InlineData(503)]
    public async Task Hub_whose_health_is_not_routed_is_registered_with(int status)
    {
        _world.Hub.Handles(request => new HttpResponseMessage(
            request.RequestUri!.AbsolutePath.EndsWith("/health", StringComparison.Ordinal) ? (HttpStatusCode)status : HttpStatusCode.OK));
        Start();

        await ReportedAsync(1);

        Assert.Equal(["health", "status"], _world.Asked);
        Assert.True(_world.Connection.Link.IsRegistered);
    }

    [Theory]
    [InlineData(409, "conflict", true, true)]
    [InlineData(403, """{"error":"this id is in use by another live agent"}""", true, false)]
    [InlineData(400, """{"error":"agent_id: In use by another agent"}""", true, true)]
    [InlineData(400, """{"error":"vms: too many"}""", false, true)]
    [InlineData(422, "too many", false, true)]
    [InlineData(503, "in use by another live agent", false, false)]
    public async Task Refusal_of_a_report_is_told_from_an_id_of_another(int status, string answer, bool isInUse, bool isRefused)
    {
        Start();
        await ReportedAsync(1);

        _world.Hub.Answers(status, answer);
        await NextReportAsync(30 * Second);

        await Eventually.HoldsAsync(() => _world.Connection.Link.MissedReports == 1);
        Assert.Equal((isInUse, isRefused), (_world.Connection.Link.IsIdInUse, _world.Connection.Link.IsRefused));
    }

    [Fact]
    public async Task Id_in_use_by_another_agent_stays_so_until_a_report_is_taken()
    {
        Start();
        await ReportedAsync(1);
        _world.Hub.Answers(409, "in use");
        await NextReportAsync(30 * Second);
        Assert.True(_world.Connection.Link is { IsRegistered: true, IsIdInUse: true });
        _world.Hub.Answers(500, "down");
        await AdvanceAsync(30 * Second);
        await Eventually.HoldsAsync(() => _world.Connection.Link.MissedReports == 2);
        Assert.True(_world.Connection.Link.IsIdInUse);

        _world.Hub.Answers(200, "");
        await AdvanceAsync(30 * Second);

        await Eventually.HoldsAsync(() => !_world.Connection.Link.IsIdInUse);
    }

    [Fact]
    public async Task Hub_is_lost_after_three_reports_that_it_did_not_take_and_found_again_by_the_next()
    {
        Start();
        await ReportedAsync(1);
        var contact = _world.Connection.Link.LastContact;
        _world.Hub.Answers(500, "down");

        await NextReportAsync(30 * Second);
        for (var i = 0; i < 2; i++)
        {
            Assert.True(_world.Connection.Link.IsRegistered);
            await AdvanceAsync(30 * Second); // no change of state hastens a report to a hub that is away
        }
        await Eventually.HoldsAsync(() => !_world.Connection.Link.IsRegistered);
        Assert.Equal((3, contact), (_world.Connection.Link.MissedReports, _world.Connection.Link.LastContact));
        Assert.Contains("500", _world.Connection.Link.Problem, StringComparison.Ordinal);

        _world.Hub.Answers(200, "");
        await _world.Time.UntilAsync(() => _world.Connection.Link.IsRegistered);
        Assert.Equal((0, null), (_world.Connection.Link.MissedReports, _world.Connection.Link.Problem));
        Assert.Single(_world.Asked, "health");
        Assert.Equal("3", await _world.MetricAsync("ovim_agent_hub_reports_total{outcome=\"failed\"}"));
    }

    [Fact]
    public async Task Last_report_is_the_last()
    {
        Start();
        await ReportedAsync(1);
        _world.Reports.Status = "unavailable";

        await _world.Heartbeat.SendFinalReportAsync(Limits.Token());

        Assert.Equal("unavailable", _world.Reports.Taken[^1].Status);
        _world.Heartbeat.ReportSoon();
        for (var i = 0; i < 4; i++) await AdvanceAsync(TimeSpan.Zero, TimeSpan.FromSeconds(30));
        Assert.Equal(2, _world.Count("status"));
    }

    [Fact]
    public async Task Last_report_waits_for_one_that_is_on_its_way()
    {
        var answer = new TaskCompletionSource<HttpResponseMessage>(TaskCreationOptions.RunContinuationsAsynchronously);
        _world.Hub.Handles((request, _) => request.Method == HttpMethod.Post
            ? answer.Task
            : Task.FromResult(new HttpResponseMessage(HttpStatusCode.OK)));
        Start();
        await Eventually.HoldsAsync(() => _world.Count("status") == 1);

        var last = _world.Heartbeat.SendFinalReportAsync(Limits.Token());
        Assert.False(last.IsCompleted);
        answer.SetResult(new HttpResponseMessage(HttpStatusCode.OK));

        await last;
        Assert.Equal(2, _world.Count("status"));
    }

    [Fact]
    public async Task Hub_that_does_not_answer_delays_the_end_no_longer_than_it_is_given()
    {
        _world.Hub.NeverAnswers();
        using var limit = new CancellationTokenSource();
        var last = _world.Heartbeat.SendFinalReportAsync(limit.Token);

        await limit.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => last.WaitAsync(Limits.Patience));
    }

    public Task InitializeAsync() => Task.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        await _loop.WaitAsync(Limits.Patience).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _world.Dispose();
        _end.Dispose();
    }

    Task IAsyncLifetime.DisposeAsync() => DisposeAsync().AsTask();

    private void Start()
    {
        _world.Reports.IsMeaningful = true;
        _loop = _world.Heartbeat.RunAsync(_end.Token);
    }

    private Task ReportedAsync(int reports) => Eventually.HoldsAsync(() => _world.Count("status") == reports
        && (_world.Connection.Link.IsRegistered || _world.Connection.Link.MissedReports > 0));

    /// <summary>Lets exactly this time pass after the last report; then there must be another, and none before.</summary>
    private async Task NextReportAsync(TimeSpan after, int? reports = null)
    {
        var before = _world.Count("status");
        await AdvanceAsync(Second);
        if (after > Second)
        {
            await _world.Time.NextWaitAsync(after - Second, after - Second);
            Assert.Equal(before, _world.Count("status"));
            _world.Time.Advance(after - Second);
        }
        await Eventually.HoldsAsync(() => _world.Count("status") == (reports ?? before + 1));
    }

    private Task AdvanceAsync(TimeSpan wait) => AdvanceAsync(wait, wait);

    /// <summary>Waits until the loop begins to wait for a time between two others, and lets that time pass.</summary>
    private async Task AdvanceAsync(TimeSpan atLeast, TimeSpan atMost) =>
        _world.Time.Advance(await _world.Time.NextWaitAsync(atLeast, atMost));
}
