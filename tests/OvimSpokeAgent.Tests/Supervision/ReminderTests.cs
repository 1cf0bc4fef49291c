using Microsoft.Extensions.Time.Testing;
using OvimSpokeAgent.Supervision;

namespace OvimSpokeAgent.Tests.Supervision;

public sealed class ReminderTests
{
    private readonly FakeTimeProvider _time = new();
    private readonly Reminder _reminder;

    public ReminderTests() => _reminder = new Reminder(_time);

    [Fact]
    public void What_fails_for_three_days_is_told_of_once_an_hour()
    {
        var told = 0;
        for (var minute = 0; minute < 3 * 24 * 60; minute++)
        {
            if (_reminder.IsDue)
            {
                told++;
                _reminder.Told();
            }
            _time.Advance(TimeSpan.FromMinutes(1));
        }

        Assert.Equal(3 * 24, told);
    }

    [Fact]
    public void What_fails_again_is_told_of_at_once()
    {
        _reminder.Told();
        Assert.False(_reminder.IsDue);

        Assert.True(_reminder.Over());

        Assert.True(_reminder.IsDue);
        Assert.False(_reminder.Over());
    }
}
