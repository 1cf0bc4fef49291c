using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Operations;

namespace OvimSpokeAgent.Tests.Operations;

public sealed class RecentOperationsTests
{
    private static readonly NamespacedName Web = new("acme", "web");

    private readonly TestTime _time = new();
    private readonly RecentOperations _recent;

    public RecentOperationsTests() => _recent = new RecentOperations(_time);

    [Fact]
    public void Operation_that_is_refused_at_once_is_among_those_that_ended()
    {
        var host = new OperationsHost().Start();

        host.Receives(OperationsHost.Operation("op-1", "fly"), OperationsHost.Operation("op-2")).Runs(TimeSpan.FromSeconds(1));

        Assert.Equal(["op-1", "op-2"], host.Recent.Ended().Select(one => one.Id).Order());
        var refused = host.Recent.Ended().Single(one => one.Id == "op-1");
        Assert.StartsWith("type: \"fly\" is not a known operation type", refused.Error, StringComparison.Ordinal);
        Assert.Equal((1, 1), (host.Recent.Tally().Completed, host.Recent.Tally().Failed));
    }

    [Fact]
    public void Operation_waits_then_runs_then_has_ended()
    {
        var record = Records.New("op-1", _time.GetUtcNow());
        _recent.Waits(record, Web);
        Assert.Null(Assert.Single(_recent.InFlight(10)).StartedAt);

        _time.Advance(TimeSpan.FromSeconds(2));
        _recent.Begins(record.Key);
        Assert.Equal(_time.GetUtcNow(), Assert.Single(_recent.InFlight(10)).StartedAt);

        _time.Advance(TimeSpan.FromSeconds(3));
        _recent.Ends(record, Web, "no room", TimeSpan.FromSeconds(3));
        Assert.Equal(0, _recent.InFlightCount);
        var ended = Assert.Single(_recent.Ended());
        Assert.Equal(("op-1", Web, "no room", _time.GetUtcNow()), (ended.Id, ended.Target, ended.Error, ended.EndedAt));
        Assert.Equal(TimeSpan.FromSeconds(3), ended.Duration);
    }

    [Fact]
    public void Last_hundred_are_kept_the_newest_first_each_with_an_error_that_has_a_bound()
    {
        for (var i = 0; i < 150; i++) _recent.Ends(Records.New($"op-{i}"), Web, new string('x', 100_000), TimeSpan.Zero);

        var ended = _recent.Ended();

        Assert.Equal(100, ended.Count);
        Assert.Equal(("op-149", "op-50"), (ended[0].Id, ended[^1].Id));
        Assert.All(ended, one => Assert.InRange(one.Error!.Length, 1, 1001));
    }

    [Fact]
    public void What_is_not_this_agents_any_more_is_forgotten()
    {
        _recent.Waits(Records.New("op-1"), Web);
        _recent.Waits(Records.New("op-2"), Web);
        _recent.Waits(Records.New("op-3"), Web);

        _recent.Forget(Records.New("op-2").Key);
        Assert.Equal(["op-1", "op-3"], _recent.InFlight(10).Select(one => one.Id));
        Assert.Equal("op-1", Assert.Single(_recent.InFlight(1)).Id);
        _recent.ForgetAll();

        Assert.Equal(0, _recent.InFlightCount);
    }

    [Fact]
    public void Median_is_the_middle_and_of_an_even_number_the_mean_of_both()
    {
        foreach (var seconds in (int[])[9, 1, 4, 2]) _recent.Ends(Records.New($"op-{seconds}"), Web, null, TimeSpan.FromSeconds(seconds));

        Assert.Equal(new TallySummary(4, 0, TimeSpan.FromSeconds(3)), _recent.TakeTally());
        Assert.Equal(new TallySummary(0, 0, null), _recent.Tally());
    }

    [Fact]
    public void Median_of_very_many_is_that_of_the_last_thousand()
    {
        for (var i = 0; i < 1000; i++) _recent.Ends(Records.New("op"), Web, null, TimeSpan.FromHours(1));
        for (var i = 0; i < 1000; i++) _recent.Ends(Records.New("op"), Web, null, TimeSpan.FromSeconds(1));

        Assert.Equal(new TallySummary(2000, 0, TimeSpan.FromSeconds(1)), _recent.Tally());
    }
}
