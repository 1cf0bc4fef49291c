using System.Threading.Channels;
using Microsoft.Extensions.Time.Testing;

namespace OvimSpokeAgent.Sandbox.Tests.Hub;

/// <summary>A clock that stands still, and tells of each wait that begins.</summary>
internal sealed class WaitedClock() : FakeTimeProvider(DateTimeOffset.UtcNow)
{
    private readonly Channel<TimeSpan> _waits = Channel.CreateUnbounded<TimeSpan>();

    /// <summary>How long the next wait is; completes when it has begun.</summary>
    public Task<TimeSpan> NextWaitAsync() => _waits.Reader.ReadAsync().AsTask();

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = base.CreateTimer(callback, state, dueTime, period);
        if (period == Timeout.InfiniteTimeSpan) _waits.Writer.TryWrite(dueTime); // the others come again and again
        return timer;
    }
}
