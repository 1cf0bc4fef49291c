using System.Collections.Immutable;
using Microsoft.Extensions.Time.Testing;
using OvimSpokeAgent.Tests.VirtualMachines;

namespace OvimSpokeAgent.Tests;

/// <summary>
/// A clock that stands still until a test moves it, and that tells when the code under test begins to wait: a test can
/// move it exactly as far as that wait asks for.
/// </summary>
internal sealed class TestTime() : FakeTimeProvider(new DateTimeOffset(2026, 11, 23, 8, 0, 0, TimeSpan.Zero))
{
    private readonly Lock _lock = new();
    private ImmutableList<TimeSpan> _timers = [];

    /// <summary>All waits that were begun so far, in order.</summary>
    public IReadOnlyList<TimeSpan> Waits
    {
        get
        {
            lock (_lock) return _timers;
        }
    }

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = base.CreateTimer(callback, state, dueTime, period);
        if (dueTime != Timeout.InfiniteTimeSpan)
        {
            lock (_lock) _timers = _timers.Add(dueTime);
        }
        return timer;
    }

    /// <summary>Completes when a wait of such a length has begun, and forgets it and those before.</summary>
    public async Task<TimeSpan> NextWaitAsync(TimeSpan atLeast, TimeSpan atMost)
    {
        var found = -1;
        await Eventually.HoldsAsync(() => (found = Waits.ToList().FindIndex(wait => wait >= atLeast && wait <= atMost)) >= 0);
        lock (_lock)
        {
            var wait = _timers[found];
            _timers = _timers.RemoveRange(0, found + 1);
            return wait;
        }
    }
}

internal static class Eventually
{
    /// <summary>Completes when a condition holds that other threads bring about; fails after <see cref="Limits.Patience"/>.</summary>
    public static async Task HoldsAsync(Func<bool> condition)
    {
        using var tick = new PeriodicTimer(TimeSpan.FromMilliseconds(5));
        var waited = System.Diagnostics.Stopwatch.StartNew();
        while (!condition())
        {
            Assert.True(waited.Elapsed < Limits.Patience, "the condition does not come true");
            await tick.WaitForNextTickAsync();
        }
    }
}
