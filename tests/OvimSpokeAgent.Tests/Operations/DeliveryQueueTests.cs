using OvimSpokeAgent.Operations;

namespace OvimSpokeAgent.Tests.Operations;

/// <summary>Which result goes next, step by step.</summary>
public sealed class DeliveryQueueTests
{
    private const int Parallel = 8;

    private readonly DeliveryQueue _queue = new(Parallel, () => 0.5);
    private TimeSpan _now = TimeSpan.FromSeconds(100);
    private long _sequence;

    [Fact]
    public void Oldest_goes_first_and_no_more_at_once_than_may()
    {
        Has(Enumerable.Range(0, 10).Select(i => $"op-{i}"));

        Assert.Equal(Enumerable.Range(0, Parallel).Select(i => $"op-{i}"), TakeAll().Select(delivery => delivery.Id));
    }

    [Fact]
    public void Attempts_that_hang_hold_up_the_rest_only_for_a_moment()
    {
        Has(Enumerable.Range(0, 200).Select(i => $"op-{i:000}"));

        var taken = 0;
        for (var until = _now + TimeSpan.FromSeconds(4); _now <= until; _now += TimeSpan.FromMilliseconds(20)) taken += TakeAll().Count;

        Assert.Equal(200, taken);
    }

    [Fact]
    public void Number_on_the_way_has_a_bound_however_many_hang()
    {
        Has(Enumerable.Range(0, 400).Select(i => $"op-{i:000}"));

        var taken = 0;
        for (var i = 0; i < 1000; i++, _now += TimeSpan.FromMilliseconds(20)) taken += TakeAll().Count;

        Assert.Equal(DeliveryPace.MaxOnTheWay, taken);
        Assert.Null(_queue.NextDue(_now));
    }

    [Fact]
    public void Rate_has_a_bound_however_fast_the_hub_is()
    {
        Has(Enumerable.Range(0, 2000).Select(i => $"op-{i:0000}"));

        var (taken, seconds) = (0, 5);
        for (var until = _now + TimeSpan.FromSeconds(seconds); _now < until; _now += TimeSpan.FromMilliseconds(1))
        {
            foreach (var delivery in TakeAll())
            {
                Delivered(delivery);
                taken++;
            }
        }

        Assert.InRange(taken, DeliveryPace.MaxASecond * seconds, DeliveryPace.MaxASecond * (seconds + 1));
    }

    [Fact]
    public void Probe_goes_to_the_next_one_each_time_and_one_at_a_time()
    {
        Has(["op-1", "op-2", "op-3"]);
        foreach (var delivery in TakeAll()) Failed(delivery, isAnswered: false);

        var probes = Enumerable.Range(0, 6).Select(_ => Probe()).ToList();

        Assert.Equal(["op-1", "op-2", "op-3", "op-1", "op-2", "op-3"], probes);
    }

    [Fact]
    public void Result_that_is_new_is_tried_at_once_while_the_hub_takes_none()
    {
        Has(Enumerable.Range(0, 10).Select(i => $"op-{i}"));
        while (TakeAll() is { Count: > 0 } taken) taken.ForEach(delivery => Failed(delivery, isAnswered: true));
        Assert.True(_queue.HubTakesNone);

        Has(["op-new"]);

        Assert.Equal("op-new", Assert.Single(TakeAll()).Id);
    }

    [Fact]
    public void All_that_failed_go_at_once_when_the_hub_takes_one_and_the_oldest_not_tried_before_them()
    {
        Has(Enumerable.Range(0, 4).Select(i => $"op-{i}"));
        foreach (var delivery in TakeAll()) Failed(delivery, isAnswered: true);
        Has(["op-4", "op-5"]);
        var fresh = TakeAll();
        Has(["op-6"]);

        Delivered(fresh[0]);

        Assert.Equal(["op-6", "op-0", "op-1", "op-2", "op-3"], TakeAll().Select(delivery => delivery.Id));
    }

    [Fact]
    public void Result_that_is_refused_while_others_are_taken_waits_longer_each_time_up_to_a_minute()
    {
        var attempts = 0;
        Has(["op-bad"]);
        for (var until = _now + TimeSpan.FromHours(1); _now < until; _now += TimeSpan.FromSeconds(1))
        {
            Has([$"op-{_now}"]);
            foreach (var delivery in TakeAll())
            {
                if (delivery.Id != "op-bad")
                {
                    Delivered(delivery);
                    continue;
                }
                Failed(delivery, isAnswered: true);
                attempts++;
            }
        }

        // Once in 45 s, once it has failed for five minutes.
        Assert.InRange(attempts, 60, 130);
    }

    [Fact]
    public void Many_that_are_refused_for_long_take_turns()
    {
        Has(Enumerable.Range(0, 500).Select(i => $"op-{i:000}"));
        Run(TimeSpan.FromMinutes(20));

        Assert.InRange(Run(TimeSpan.FromMinutes(10)), 1, 10 * 60);
    }

    [Fact]
    public void Answer_on_another_endpoint_lets_all_be_tried_at_once()
    {
        Has(Enumerable.Range(0, 6).Select(i => $"op-{i}"));
        foreach (var delivery in TakeAll()) Failed(delivery, isAnswered: false);
        _now += TimeSpan.FromSeconds(1);
        Assert.Single(TakeAll()); // the probe
        Assert.Empty(TakeAll());

        _queue.HubAnswers(_now);

        Assert.Equal(5, TakeAll().Count);
    }

    [Fact]
    public void Hub_that_is_back_ends_every_wait_and_gives_up_what_hangs()
    {
        Has(["op-refused", "op-hangs"]);
        var taken = TakeAll();
        Has(["op-good"]);
        Delivered(TakeAll()[0]);
        Failed(taken[0], isAnswered: true);
        Failed(Assert.Single(TakeAll()), isAnswered: true); // the second time: it waits
        Assert.Empty(TakeAll());
        _now += _queue.NextDue(_now)!.Value - _now - TimeSpan.FromMilliseconds(100);

        var hanging = Assert.Single(_queue.HubIsBack(_now));
        _queue.NotTried(hanging);

        Assert.Equal("op-hangs", hanging.Id);
        Assert.Equal(["op-refused", "op-hangs"], TakeAll().Select(delivery => delivery.Id));
    }

    [Fact]
    public void Newer_result_of_an_id_waits_for_the_older_one_whatever_becomes_of_it()
    {
        Has(["op-1", "op-1"]);
        var older = Assert.Single(TakeAll());
        Failed(older, isAnswered: false);
        Assert.Same(older, TakeProbe());

        Delivered(older);

        Assert.NotSame(older, Assert.Single(TakeAll()));
    }

    [Fact]
    public void What_was_not_tried_is_no_failure_and_goes_next()
    {
        Has(["op-1"]);
        for (var i = 0; i < 20; i++) _queue.NotTried(Assert.Single(TakeAll()));

        Assert.False(_queue.HubTakesNone);
        Assert.Single(TakeAll());
    }

    private void Has(IEnumerable<string> ids)
    {
        foreach (var id in ids) _queue.Add(Record(id));
    }

    private JournalRecord Record(string id) => new()
    {
        Operation = new OperationHeader
        {
            Id = id,
            Type = "note",
            Key = new OperationKey($"key-{++_sequence}"),
            Timestamp = DateTimeOffset.UnixEpoch,
        },
        State = JournalState.Finished,
        BodyBytes = 2,
        Sequence = _sequence,
        ReceivedAt = DateTimeOffset.UnixEpoch,
    };

    private List<Delivery> TakeAll()
    {
        var taken = new List<Delivery>();
        while (_queue.TryTake(_now) is { } delivery) taken.Add(delivery);
        return taken;
    }

    private Delivery TakeProbe()
    {
        _now = _queue.NextDue(_now)!.Value;
        return _queue.TryTake(_now)!;
    }

    private string Probe()
    {
        var probe = TakeProbe();
        Assert.Null(_queue.TryTake(_now + TimeSpan.FromMinutes(1)));
        Failed(probe, isAnswered: false);
        return probe.Id;
    }

    // All are refused, but for a new one each second.
    private int Run(TimeSpan duration)
    {
        var attempts = 0;
        for (var until = _now + duration; _now < until; _now += TimeSpan.FromSeconds(1))
        {
            Has([$"op-good-{_now}"]);
            foreach (var delivery in TakeAll())
            {
                if (delivery.Id.StartsWith("op-good", StringComparison.Ordinal)) Delivered(delivery);
                else Failed(delivery, isAnswered: true);
                attempts++;
            }
        }
        return attempts - (int)duration.TotalSeconds;
    }

    private void Delivered(Delivery delivery)
    {
        _queue.Taken(_now);
        _queue.Done(delivery);
    }

    private void Failed(Delivery delivery, bool isAnswered) => _queue.Failed(delivery, _now, isAnswered);
}
