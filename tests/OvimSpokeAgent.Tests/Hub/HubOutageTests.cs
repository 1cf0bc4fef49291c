using OvimSpokeAgent.Hub;
using OvimSpokeAgent.Tests.Logging;

namespace OvimSpokeAgent.Tests.Hub;

public sealed class HubOutageTests
{
    private readonly TestTime _time = new();
    private readonly LinesLogger<HubOutage> _log = new();
    private readonly HubOutage _outage;

    public HubOutageTests() => _outage = new HubOutage(_time, _log);

    [Fact]
    public void Hour_without_the_hub_is_a_first_line_one_a_minute_whatever_fails_and_one_when_it_is_over()
    {
        for (var i = 0; i < 720; i++)
        {
            _outage.Failed(HubEndpoint.Status, "nothing listens");
            _outage.Failed(HubEndpoint.Operations, "no answer");
            _outage.Failed(HubEndpoint.Result, "no answer");
            _time.Advance(TimeSpan.FromSeconds(5));
        }
        foreach (var endpoint in (HubEndpoint[])[HubEndpoint.Status, HubEndpoint.Operations, HubEndpoint.Result]) _outage.Answered(endpoint);

        Assert.Equal(1 + 59 + 1, _log.Lines.Count);
        Assert.Equal(
            [
                "Warning: The hub fails (0 failures before it were not logged): nothing listens",
                "Warning: The hub fails for 00:01:00 now, in 37 attempts; the last: nothing listens",
                "Information: The hub is back after 01:00:00 and 2160 failed attempts",
            ],
            [.. _log.Lines.Take(2), _log.Lines[^1]]);
    }

    [Fact]
    public void Hub_that_comes_and_goes_all_hour_is_told_of_once_a_minute()
    {
        for (var i = 0; i < 3600; i++)
        {
            if (i % 2 == 0) _outage.Failed(HubEndpoint.Status, "503");
            else _outage.Answered(HubEndpoint.Status);
            _time.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.InRange(_log.Lines.Count, 100, 120); // a beginning and an end a minute
        Assert.Contains("Warning: The hub fails (30 failures before it were not logged): 503", _log.Lines);
    }

    [Fact]
    public void Outage_lasts_until_all_that_failed_does_well_again()
    {
        _outage.Failed(HubEndpoint.Status, "503");
        _outage.Failed(HubEndpoint.Operations, "503");
        _time.Advance(TimeSpan.FromSeconds(10));

        _outage.Answered(HubEndpoint.Status);
        _outage.Answered(HubEndpoint.Status);
        Assert.Single(_log.Lines);

        _outage.Answered(HubEndpoint.Operations);
        Assert.Equal("Information: The hub is back after 00:00:10 and 2 failed attempts", _log.Lines[^1]);
    }

    [Fact]
    public void What_was_not_tried_again_for_long_keeps_no_outage()
    {
        _outage.Failed(HubEndpoint.Operations, "503"); // there are no polls without reports
        for (var i = 0; i < 10; i++)
        {
            _time.Advance(TimeSpan.FromMinutes(1));
            _outage.Failed(HubEndpoint.Status, "503");
        }

        _outage.Answered(HubEndpoint.Status);

        Assert.Equal("Information: The hub is back after 00:10:00 and 11 failed attempts", _log.Lines[^1]);
    }

    [Fact]
    public void Report_that_waits_as_long_as_the_hub_asks_for_is_no_sign_that_it_is_back()
    {
        _outage.Failed(HubEndpoint.Status, "503, Retry-After: 600");
        for (var i = 0; i < 9; i++)
        {
            _time.Advance(TimeSpan.FromMinutes(1));
            _outage.Answered(HubEndpoint.Operations);
        }

        Assert.Single(_log.Lines);
    }

    [Fact]
    public void Agent_that_calls_the_hub_no_more_knows_of_no_outage()
    {
        _outage.Failed(HubEndpoint.Status, "503");
        _outage.Forget();
        _time.Advance(TimeSpan.FromDays(3));

        _outage.Answered(HubEndpoint.Status);

        Assert.Single(_log.Lines);
    }

    [Fact]
    public void Second_outage_within_a_minute_is_told_of_when_it_lasts()
    {
        _outage.Failed(HubEndpoint.Status, "first");
        _outage.Answered(HubEndpoint.Status);
        _time.Advance(TimeSpan.FromSeconds(30));

        _outage.Failed(HubEndpoint.Status, "second");
        Assert.Equal(2, _log.Lines.Count);

        _time.Advance(TimeSpan.FromSeconds(30));
        _outage.Failed(HubEndpoint.Status, "third");
        Assert.Equal("Warning: The hub fails (1 failures before it were not logged): third", _log.Lines[^1]);
    }

    [Fact]
    public void Hub_that_answers_is_not_told_of()
    {
        _outage.Answered(HubEndpoint.Status);

        Assert.Empty(_log.Lines);
    }
}
