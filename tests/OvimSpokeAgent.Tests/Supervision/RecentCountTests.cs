using OvimSpokeAgent.Supervision;

namespace OvimSpokeAgent.Tests.Supervision;

public sealed class RecentCountTests
{
    private readonly TestTime _time = new();
    private readonly RecentCount _count;

    public RecentCountTests() => _count = new RecentCount(TimeSpan.FromMinutes(10), _time);

    [Fact]
    public void Events_count_for_the_period_and_no_longer()
    {
        _count.Add();
        _time.Advance(TimeSpan.FromMinutes(5));
        _count.Add();
        _count.Add();
        Assert.Equal(3, _count.Count);

        _time.Advance(TimeSpan.FromSeconds(299));
        Assert.Equal(3, _count.Count);
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(2, _count.Count);
        _time.Advance(TimeSpan.FromMinutes(5));
        Assert.Equal(0, _count.Count);
    }

    [Fact]
    public void Long_silence_leaves_nothing()
    {
        _count.Add();

        _time.Advance(TimeSpan.FromDays(365));

        Assert.Equal(0, _count.Count);
        _count.Add();
        Assert.Equal(1, _count.Count);
    }
}
