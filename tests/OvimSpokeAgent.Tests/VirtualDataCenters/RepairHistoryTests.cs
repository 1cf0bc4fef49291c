using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.VirtualDataCenters;

namespace OvimSpokeAgent.Tests.VirtualDataCenters;

/// <summary>The pace of repairs, and how much is told of them.</summary>
public sealed class RepairHistoryTests
{
    private const string Ns = "acme-dev";

    private static readonly ObjectKey Quota = new(KubernetesKinds.ResourceQuota, new(Ns, "vdc-quota"));
    private static readonly Deviation Loose = new(Quota, IsLooser: true);
    private static readonly Deviation Tight = new(Quota, IsLooser: false);

    private readonly TestTime _time = new();
    private readonly RepairHistory _history;

    public RepairHistoryTests() => _history = new RepairHistory(() => 0.999, _time);

    [Fact]
    public void First_repair_is_at_once_and_one_that_closes_comes_again_after_five_seconds_for_ever()
    {
        for (var i = 0; i < 50; i++)
        {
            Assert.Equal(TimeSpan.Zero, _history.UntilTurn(Ns, Loose));
            _history.Repaired(Ns, Quota);
            Assert.Equal(TimeSpan.FromSeconds(5), _history.UntilTurn(Ns, Loose));
            _time.Advance(TimeSpan.FromSeconds(5));
        }
    }

    [Fact]
    public void Where_nothing_is_loosened_the_waits_grow_to_five_minutes()
    {
        var waits = new List<double>();
        for (var i = 0; i < 8; i++)
        {
            _history.Repaired(Ns, Quota);
            waits.Add(Math.Round(_history.UntilTurn(Ns, Tight).TotalSeconds));
            _time.Advance(_history.UntilTurn(Ns, Tight));
        }

        Assert.Equal([10, 20, 40, 80, 160, 300, 300, 300], waits);
    }

    [Fact]
    public void Change_that_opens_does_not_wait_for_what_came_before()
    {
        for (var i = 0; i < 8; i++) _history.Repaired(Ns, Quota);
        _time.Advance(TimeSpan.FromSeconds(5));

        Assert.True(_history.UntilTurn(Ns, Tight) > TimeSpan.FromMinutes(4));
        Assert.Equal(TimeSpan.Zero, _history.UntilTurn(Ns, Loose));
    }

    [Fact]
    public void After_ten_minutes_of_calm_it_begins_anew()
    {
        Assert.Equal((1, 2), (_history.Repaired(Ns, Quota), _history.Repaired(Ns, Quota)));
        _history.Contest(Ns, Quota, "someone fights");
        Assert.Equal(RepairHistory.CalmAfter, _history.UntilCalm(Ns));

        _time.Advance(RepairHistory.CalmAfter);
        Assert.Equal(TimeSpan.Zero, _history.UntilTurn(Ns, Tight));
        _history.Settle(Ns, []);

        Assert.Empty(_history.ContestsIn(Ns));
        Assert.Null(_history.UntilCalm(Ns));
        Assert.Equal(1, _history.Repaired(Ns, Quota));
    }

    [Fact]
    public void What_is_refused_is_tried_ever_more_rarely_and_at_least_once_a_minute_while_it_is_open()
    {
        var waits = new List<(double Tight, double Loose)>();
        for (var i = 0; i < 10; i++)
        {
            _history.Failed(Ns, Quota, "no rights", null);
            waits.Add((Math.Round(_history.UntilTurn(Ns, Tight).TotalSeconds), Math.Round(_history.UntilTurn(Ns, Loose).TotalSeconds)));
        }

        Assert.Equal([1, 2, 4, 8, 16, 32, 64, 128, 256, 300], waits.Select(wait => wait.Tight));
        Assert.Equal([1, 2, 4, 8, 16, 32, 60, 60, 60, 60], waits.Select(wait => wait.Loose));
    }

    [Fact]
    public void Reason_is_news_once_and_holds_until_the_object_is_as_declared()
    {
        Assert.True(_history.Failed(Ns, Quota, "no rights", null));
        Assert.False(_history.Failed(Ns, Quota, "no rights", null));
        Assert.False(_history.Failed(Ns, Quota, null, null));
        Assert.True(_history.Failed(Ns, Quota, "no room", null));
        _history.Settle(Ns, [Loose]);
        Assert.Equal("no room", _history.ProblemOf(Ns));

        _history.Settle(Ns, []);

        Assert.Null(_history.ProblemOf(Ns));
        Assert.Equal(TimeSpan.Zero, _history.UntilTurn(Ns, Tight));
    }

    [Fact]
    public void Object_has_a_line_a_minute_and_a_namespace_no_more_than_one_every_five_seconds()
    {
        _history.Repaired(Ns, Quota);
        Assert.True(_history.MayTell(Ns, Quota, false, out _));
        for (var i = 0; i < 11; i++)
        {
            _time.Advance(TimeSpan.FromSeconds(5));
            Assert.False(_history.MayTell(Ns, Quota, false, out _));
        }
        _time.Advance(TimeSpan.FromSeconds(5));
        Assert.True(_history.MayTell(Ns, Quota, false, out var before));
        Assert.Equal(11, before);

        var lines = 0;
        for (var i = 0; i < 1000; i++)
        {
            if (_history.MayTell(Ns, new(KubernetesKinds.RoleBinding, new(Ns, $"vdc-admin-{i}")), true, out _)) lines++;
            _time.Advance(TimeSpan.FromMilliseconds(60));
        }
        Assert.InRange(lines, 20, 33);
    }

    [Fact]
    public void Of_a_namespace_a_bounded_number_of_objects_is_remembered_the_newest_and_a_few_are_told()
    {
        for (var i = 0; i < 1000; i++)
        {
            var key = new ObjectKey(KubernetesKinds.RoleBinding, new(Ns, $"vdc-admin-{i}"));
            _history.Failed(Ns, key, $"problem {i}", null);
            _time.Advance(TimeSpan.FromMilliseconds(1));
        }

        Assert.Equal("problem 800; problem 801; problem 802; problem 803; problem 804; and 195 more", _history.ProblemOf(Ns));
    }
}
