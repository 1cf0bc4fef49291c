using System.Net;
using System.Text;
using OvimSpokeAgent.Hub;
using OvimSpokeAgent.Tests.VirtualMachines;

namespace OvimSpokeAgent.Tests.Hub;

public sealed class PollLoopTests : IAsyncLifetime, IAsyncDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(30); // between polls that fail

    private readonly CancellationTokenSource _end = new();
    private readonly Queue<string> _answers = new();
    private HubWorld _world = new();
    private Task _loop = Task.CompletedTask;

    [Fact]
    public async Task Nothing_is_taken_before_the_hub_takes_reports()
    {
        Start();
        Assert.Empty(_world.Hub.Requests);

        _world.Connection.Succeeded();

        await PolledAsync(1);
    }

    [Fact]
    public async Task Nothing_is_taken_that_could_not_be_stored()
    {
        var ready = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        StartRegistered();
        await PolledAsync(1);
        _world.Intake.Ready = ready.Task;
        _world.Time.Advance(await WaitAsync());
        Assert.Single(_world.Hub.Requests);

        ready.SetResult();

        await PolledAsync(2);
    }

    [Fact]
    public async Task Nothing_is_taken_while_the_hub_is_lost()
    {
        StartRegistered();
        await PolledAsync(1);
        for (var i = 0; i < HubConnection.MissedReportsUntilLost; i++) _world.Connection.Failed("gone");
        _world.Time.Advance(await WaitAsync());
        Assert.Single(_world.Hub.Requests);

        _world.Connection.Succeeded();

        await PolledAsync(2);
    }

    [Fact]
    public async Task Hub_that_refuses_reports_for_what_is_in_them_is_asked_all_the_same()
    {
        StartRegistered();
        await PolledAsync(1);
        for (var i = 0; i < HubConnection.MissedReportsUntilLost; i++) _world.Connection.Failed("413 too large", isRefusal: true);

        _world.Time.Advance(await WaitAsync());

        await PolledAsync(2);
    }

    [Fact]
    public async Task Polls_go_straight_on_while_there_are_operations_and_wait_when_there_are_none()
    {
        Hands("""[{"id":"a"},{"id":"b"}]""", """[{"id":"c"}]""", "[]", """[{"id":"d"}]""", "null");
        StartRegistered();

        await PolledAsync(3);
        Assert.Equal(Interval, await WaitAsync());
        Assert.Equal(3, _world.Hub.Requests.Count);
        _world.Time.Advance(Interval);
        await PolledAsync(5);
        await WaitAsync();

        Assert.Equal(
            ["a", "b", "c", "d"],
            _world.Intake.Taken.SelectMany(answer => answer.Operations).Select(operation => operation.GetProperty("id").GetString()));
        Assert.Equal("3", await _world.MetricAsync("ovim_agent_hub_polls_total{outcome=\"operations\"}"));
    }

    [Theory]
    [InlineData(0, 16)]
    [InlineData(0.5, 20)]
    [InlineData(1, 24)]
    public async Task Wait_is_spread_by_a_fifth(double chance, int seconds)
    {
        _world.Dispose();
        _world = new HubWorld(() => chance);
        StartRegistered();

        Assert.Equal(TimeSpan.FromSeconds(seconds), await WaitAsync());
    }

    [Fact]
    public async Task Polls_are_every_thirty_seconds_once_a_push_was_accepted()
    {
        StartRegistered();
        Assert.Equal(Interval, await WaitAsync());
        _world.Connection.PushAccepted();
        _world.Time.Advance(Interval);
        await PolledAsync(2);

        Assert.Equal(TimeSpan.FromSeconds(30), await _world.Time.NextWaitAsync(TimeSpan.FromSeconds(29), TimeSpan.FromSeconds(31)));
    }

    [Fact]
    public async Task Operations_are_stored_before_the_next_are_taken()
    {
        var stored = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _world.Intake.Stored = stored.Task;
        Hands("""[{"id":"a"}]""");
        StartRegistered();

        await Eventually.HoldsAsync(() => _world.Intake.Taken.Count == 1);
        Assert.Single(_world.Hub.Requests);
        stored.SetResult();

        await PolledAsync(2);
    }

    [Fact]
    public async Task Failed_polls_wait_for_the_next_for_longer_and_longer()
    {
        _world.Hub.Answers(404, "down");
        StartRegistered();
        _world.Time.Advance(await WaitAsync());
        await PolledAsync(2);
        _world.Time.Advance(await _world.Time.NextWaitAsync(Longest, Longest));
        await PolledAsync(3);
        await _world.Time.NextWaitAsync(Longest, Longest);

        Assert.Empty(_world.Intake.Taken);
        Assert.Equal("3", await _world.MetricAsync("ovim_agent_hub_polls_total{outcome=\"failed\"}"));
    }

    [Fact]
    public async Task Polls_that_failed_go_on_at_once_when_the_hub_is_back_on_another_endpoint()
    {
        _world.Hub.Answers(500, "down");
        StartRegistered();
        await PolledAsync(1);
        await WaitAsync();
        _world.Hub.Answers(204, "");

        await _world.Client.CheckHealthAsync(default);

        await PolledAsync(2);
    }

    [Fact]
    public async Task Hub_that_asked_to_be_left_alone_is_not_asked_before_and_nothing_counts_as_failed()
    {
        _world.Hub.Answers(503, "busy", answer => answer.Headers.RetryAfter = new(TimeSpan.FromMinutes(2)));
        StartRegistered();
        await PolledAsync(1);
        _world.Time.Advance(await WaitAsync());
        _world.Hub.Answers(204, "");

        _world.Time.Advance(await _world.Time.NextWaitAsync(TimeSpan.FromSeconds(100), TimeSpan.FromSeconds(150)));

        await PolledAsync(2);
        Assert.Equal("1", await _world.MetricAsync("ovim_agent_hub_polls_total{outcome=\"failed\"}"));
    }

    [Fact]
    public async Task Loss_is_passed_on_with_what_arrived_and_counted()
    {
        Hands("""[{"id":"a"},{"id":""");
        StartRegistered();

        await Eventually.HoldsAsync(() => _world.Intake.Taken.Count > 0);

        Assert.Single(_world.Intake.Taken[0].Operations);
        Assert.NotNull(_world.Intake.Taken[0].Loss);
        Assert.Equal("1", await _world.MetricAsync("ovim_agent_hub_possible_losses_total"));
    }

    [Fact]
    public async Task Poll_that_may_have_emptied_the_queue_is_a_failed_one_and_a_possible_loss()
    {
        _world.Hub.Answers(502, "bad gateway");
        StartRegistered();
        await WaitAsync();

        Assert.Contains("502", Assert.Single(_world.Intake.Taken).Loss, StringComparison.Ordinal);
        Assert.Equal("1", await _world.MetricAsync("ovim_agent_hub_possible_losses_total"));
        Assert.Equal("1", await _world.MetricAsync("ovim_agent_hub_polls_total{outcome=\"failed\"}"));
    }

    [Fact]
    public async Task Stop_waits_for_the_poll_that_is_on_its_way_and_takes_nothing_more()
    {
        var answer = new TaskCompletionSource<HttpResponseMessage>(TaskCreationOptions.RunContinuationsAsynchronously);
        var stored = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _world.Hub.Handles((_, _) => answer.Task);
        _world.Intake.Stored = stored.Task;
        StartRegistered();
        await PolledAsync(1);

        var stopping = _world.Poll.StopAsync();
        Assert.False(stopping.IsCompleted);
        answer.SetResult(new HttpResponseMessage(HttpStatusCode.OK) { Content = new StringContent("""[{"id":"a"}]""") });
        await Eventually.HoldsAsync(() => _world.Intake.Taken.Count == 1);
        Assert.False(stopping.IsCompleted);
        stored.SetResult();

        await stopping.WaitAsync(Limits.Patience);
        _world.Time.Advance(TimeSpan.FromMinutes(5));
        Assert.Single(_world.Hub.Requests);
        Assert.False(_loop.IsCompleted); // it ends with the host
    }

    [Fact]
    public async Task Stop_while_nothing_is_asked_is_done_at_once()
    {
        Start();

        await _world.Poll.StopAsync().WaitAsync(Limits.Patience);
        _world.Connection.Succeeded();

        Assert.Empty(_world.Hub.Requests);
    }

    [Fact]
    public async Task Stop_after_a_poll_that_failed_is_a_stop_all_the_same()
    {
        Hands("""[{"id":"a"}]""");
        _world.Intake.Stored = Task.FromException(new InvalidOperationException("a bug"));
        StartRegistered();
        await Assert.ThrowsAsync<InvalidOperationException>(() => _loop.WaitAsync(Limits.Patience));

        await _world.Poll.StopAsync().WaitAsync(Limits.Patience);
    }

    [Fact]
    public async Task What_came_before_reading_failed_in_a_way_that_nobody_expected_is_taken_in()
    {
        _world.Hub.Handles(_ => new HttpResponseMessage(HttpStatusCode.OK)
        {
            Content = new StreamContent(new BrokenStream("""[{"id":"a"},{"id":""")),
        });
        StartRegistered();

        await Assert.ThrowsAsync<NotSupportedException>(() => _loop.WaitAsync(Limits.Patience));

        var taken = Assert.Single(_world.Intake.Taken);
        Assert.Equal("a", Assert.Single(taken.Operations).GetProperty("id").GetString());
        Assert.NotNull(taken.Loss);
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

    /// <summary>What the hub hands out, poll by poll; nothing after it.</summary>
    private void Hands(params ReadOnlySpan<string> answers)
    {
        foreach (var answer in answers) _answers.Enqueue(answer);
        _world.Hub.Handles(_ => _answers.TryDequeue(out var body)
            ? new HttpResponseMessage(HttpStatusCode.OK) { Content = new StringContent(body) }
            : new HttpResponseMessage(HttpStatusCode.NoContent));
    }

    private void Start() => _loop = _world.Poll.RunAsync(_end.Token);

    private void StartRegistered()
    {
        _world.Connection.Succeeded();
        Start();
    }

    private Task PolledAsync(int times) => Eventually.HoldsAsync(() => _world.Count("operations") == times);

    /// <summary>The wait between two polls that begins next.</summary>
    private Task<TimeSpan> WaitAsync() => _world.Time.NextWaitAsync(Interval * 0.8, Interval * 1.2);

    /// <summary>Has a text, then fails as no connection does.</summary>
    private sealed class BrokenStream(string text) : MemoryStream(Encoding.UTF8.GetBytes(text))
    {
        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            await base.ReadAsync(buffer, cancellationToken) is > 0 and var read ? read : throw new NotSupportedException("broken");
    }
}
