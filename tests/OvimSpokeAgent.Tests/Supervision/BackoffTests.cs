using OvimSpokeAgent.Supervision;

namespace OvimSpokeAgent.Tests.Supervision;

public sealed class BackoffTests
{
    [Fact]
    public void Waits_double_up_to_the_longest()
    {
        var backoff = new Backoff(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(10), () => 1);

        Assert.Equal([1, 2, 4, 8, 10, 10], Enumerable.Range(0, 6).Select(failures => backoff.After(failures).TotalSeconds));
        Assert.Equal(10, backoff.After(int.MaxValue).TotalSeconds);
    }

    [Fact]
    public void Waits_are_spread_over_their_upper_half()
    {
        var chance = 0.0;
        var backoff = new Backoff(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(10), () => chance);

        Assert.Equal(4, backoff.After(3).TotalSeconds);
        chance = 0.5;
        Assert.Equal(6, backoff.After(3).TotalSeconds);
    }

    [Theory]
    [InlineData(0, 8)]
    [InlineData(-5, 8)]
    [InlineData(30, 30)]
    [InlineData(3600, 60)]
    public void Server_may_ask_for_more_up_to_a_minute_but_not_for_less(double asked, double waits)
    {
        var backoff = new Backoff(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(10), () => 1);

        Assert.Equal(waits, backoff.After(3, TimeSpan.FromSeconds(asked)).TotalSeconds);
    }
}
