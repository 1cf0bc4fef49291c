using OvimSpokeAgent.Hub;
using OvimSpokeAgent.Operations;

namespace OvimSpokeAgent.Tests.Hub;

/// <summary>What an answer on one endpoint says to those who wait on another.</summary>
public sealed class HubPresenceTests
{
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(6);

    private readonly TestTime _time = new();
    private readonly HubPresence _presence;
    private readonly List<HubSign> _heard = [];

    public HubPresenceTests()
    {
        _presence = new HubPresence(_time);
        _presence.Heard += _heard.Add;
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Answer_of_any_kind_is_news(bool isGood)
    {
        _presence.Answered(HubEndpoint.Operations, isGood);

        Assert.Equal([HubSign.Answers], _heard);
        Assert.True(_presence.IsAnswering);
    }

    [Fact]
    public void Answer_to_a_result_is_no_news_by_itself()
    {
        _presence.Answered(HubEndpoint.Result, isGood: true);
        _presence.Answered(HubEndpoint.Result, isGood: false);
        _presence.Missed(HubEndpoint.Result);

        Assert.Empty(_heard);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Good_answer_on_any_endpoint_after_failures_says_that_the_hub_is_back(bool wasSilent)
    {
        _presence.Answered(HubEndpoint.Status, isGood: true);
        _time.Advance(Long);
        if (wasSilent) _presence.Missed(HubEndpoint.Operations);
        else _presence.Answered(HubEndpoint.Operations, isGood: false);
        var back = _presence.Back;

        _presence.Answered(HubEndpoint.Result, isGood: true);

        Assert.Equal(HubSign.IsBack, _heard[^1]);
        await back.WaitAsync(TimeSpan.FromSeconds(60));
    }

    [Fact]
    public void Polls_that_fail_while_reports_are_taken_are_no_absence()
    {
        for (var i = 0; i < 10; i++)
        {
            _presence.Answered(HubEndpoint.Status, isGood: true);
            _time.Advance(TimeSpan.FromSeconds(2));
            _presence.Missed(HubEndpoint.Operations);
            _time.Advance(TimeSpan.FromSeconds(2));
        }

        Assert.DoesNotContain(HubSign.IsBack, _heard);
    }

    [Fact]
    public void Hub_from_which_nothing_came_last_does_not_answer()
    {
        _presence.Answered(HubEndpoint.Status, isGood: true);

        _presence.Missed(HubEndpoint.Status);

        Assert.False(_presence.IsAnswering);
    }
}
