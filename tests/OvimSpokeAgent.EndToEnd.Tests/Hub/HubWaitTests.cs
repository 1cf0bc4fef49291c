using Microsoft.Extensions.Time.Testing;
using OvimSpokeAgent.Hub;

namespace OvimSpokeAgent.EndToEnd.Tests.Hub;

/// <summary>A hub that asks to be left alone is, over real sockets, whatever the clocks do meanwhile.</summary>
public sealed class HubWaitTests : IAsyncLifetime, IAsyncDisposable
{
    private const string Polls = "/spoke/operations?";

    private readonly SettableClock _time = new();
    private readonly RawHub _hub = new();
    private readonly HubSide _side;

    public HubWaitTests() => _side = HubSide.Build(_hub.Url, _time);

    [Theory]
    [InlineData(503)]
    [InlineData(429)]
    public async Task Endpoint_is_left_alone_for_as_long_as_the_hub_asks_and_a_little_longer(int status)
    {
        _hub.Answer(Polls, Busy(status, "Retry-After: 20\r\n"));
        await FailedPollAsync();

        _time.Advance(TimeSpan.FromSeconds(19));
        var held = await FailedPollAsync();
        await _side.Client.CheckHealthAsync(default); // other endpoints are free
        _time.Advance(TimeSpan.FromSeconds(1 + 20)); // the spread is at most as long as the wait
        await FailedPollAsync();

        Assert.Contains("not tried, the hub asked to wait", held, StringComparison.Ordinal);
        Assert.Equal(2, Count(Polls));
    }

    [Fact]
    public async Task Wait_that_the_hub_gives_as_a_date_is_kept_too()
    {
        _hub.Answer(Polls, Busy(503, $"Retry-After: {_time.GetUtcNow().AddSeconds(30):R}\r\n"));
        await FailedPollAsync();

        _time.Advance(TimeSpan.FromSeconds(25));

        await FailedPollAsync();
        Assert.Equal(1, Count(Polls));
    }

    [Theory]
    [InlineData("86400")]
    [InlineData("99999999999999")]
    [InlineData("Fri, 31 Dec 9999 23:59:59 GMT")]
    public async Task Wait_of_a_day_or_more_is_a_mistake_and_kept_for_ten_minutes(string asked)
    {
        _hub.Answer(Polls, Busy(503, $"Retry-After: {asked}\r\n"));
        await FailedPollAsync();

        _time.Advance(TimeSpan.FromMinutes(10) - TimeSpan.FromSeconds(1));
        await FailedPollAsync();
        _time.Advance(TimeSpan.FromSeconds(1 + 30)); // the spread of long waits
        await FailedPollAsync();

        Assert.Equal(2, Count(Polls));
    }

    [Fact]
    public async Task Wait_until_a_date_that_is_over_is_a_short_one()
    {
        _hub.Answer(Polls, Busy(503, $"Retry-After: {_time.GetUtcNow().AddDays(-1):R}\r\n"));
        await FailedPollAsync();

        _time.Advance(TimeSpan.FromSeconds(1)); // the least spread
        await FailedPollAsync();

        Assert.Equal(2, Count(Polls));
    }

    [Theory]
    [InlineData("-5")]
    [InlineData("1.5")]
    [InlineData("soon")]
    [InlineData("")]
    public async Task Wait_that_is_none_holds_back_nothing(string asked)
    {
        _hub.Answer(Polls, Busy(503, $"Retry-After: {asked}\r\n"));
        await FailedPollAsync();

        await FailedPollAsync();

        Assert.Equal(2, Count(Polls));
    }

    [Theory]
    [InlineData(-400)]
    [InlineData(-1)]
    [InlineData(1)]
    [InlineData(400)]
    public async Task Clock_that_is_set_changes_no_wait(int days)
    {
        _hub.Answer(Polls, Busy(503, "Retry-After: 20\r\n"));
        await FailedPollAsync();

        _time.Set(TimeSpan.FromDays(days));
        _time.Advance(TimeSpan.FromSeconds(19));
        await FailedPollAsync();
        _time.Advance(TimeSpan.FromSeconds(1 + 20));
        await FailedPollAsync();

        Assert.Equal(2, Count(Polls));
    }

    public Task InitializeAsync() => Task.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        await _side.DisposeAsync();
        await _hub.DisposeAsync();
    }

    Task IAsyncLifetime.DisposeAsync() => DisposeAsync().AsTask();

    private static string Busy(int status, string headers) =>
        $"HTTP/1.1 {status} Busy\r\n{headers}Content-Length: 0\r\nConnection: close\r\n\r\n";

    private int Count(string path) => _hub.Requests.Count(request => request.Path.Contains(path, StringComparison.Ordinal));

    // A hub that fails (5xx) may have handed out operations: its answer is one with a possible loss, no exception.
    private async Task<string> FailedPollAsync()
    {
        try
        {
            var answer = await _side.PollAsync();
            Assert.Equal(0, answer.Operations);
            return Assert.IsType<string>(answer.Loss);
        }
        catch (HubException e)
        {
            return e.Message;
        }
    }

    /// <summary>Stands still until it is moved; the wall clock of it can be set, as a clock that was wrong is.</summary>
    private sealed class SettableClock() : FakeTimeProvider(DateTimeOffset.UtcNow)
    {
        private TimeSpan _offset;

        public void Set(TimeSpan by) => _offset += by;

        public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + _offset;

        // The base's is made of the wall clock.
        public override long GetTimestamp() => base.GetUtcNow().Ticks;
    }
}
