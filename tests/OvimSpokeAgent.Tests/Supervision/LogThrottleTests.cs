using Microsoft.Extensions.Time.Testing;
using OvimSpokeAgent.Supervision;

namespace OvimSpokeAgent.Tests.Supervision;

public sealed class LogThrottleTests
{
    private readonly FakeTimeProvider _time = new();
    private readonly LogThrottle _throttle;

    public LogThrottleTests() => _throttle = new LogThrottle(_time);

    [Fact]
    public void What_fails_for_three_days_is_told_of_once_an_hour()
    {
        var told = 0;
        for (var minute = 0; minute < 3 * 24 * 60; minute++)
        {
            if (_throttle.IsDue)
            {
                told++;
                _throttle.Logged();
            }
            _time.Advance(TimeSpan.FromMinutes(1));
        }

        Assert.Equal(3 * 24, told);
    }

    [Fact]
    public void What_fails_again_is_told_of_at_once()
    {
        _throttle.Logged();
        Assert.False(_throttle.IsDue);

        Assert.True(_throttle.Reset());

        Assert.True(_throttle.IsDue);
        Assert.False(_throttle.Reset());
    }
}
