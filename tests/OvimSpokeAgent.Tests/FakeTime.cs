using Microsoft.Extensions.Time.Testing;
using OvimSpokeAgent.Tests.VirtualMachines;

namespace OvimSpokeAgent.Tests;

/// <summary>Lets a faked clock run.</summary>
internal static class FakeTime
{
    /// <summary>
    /// Lets the clock run, a step at a time, until a condition holds; between two steps whoever woke up gets the time to
    /// do its work.
    /// </summary>
    /// <param name="time">The clock.</param>
    /// <param name="condition">What is waited for.</param>
    /// <param name="step">A second, if not given.</param>
    public static async Task UntilAsync(this FakeTimeProvider time, Func<bool> condition, TimeSpan? step = null)
    {
        using var tick = new PeriodicTimer(TimeSpan.FromMilliseconds(1));
        var patience = System.Diagnostics.Stopwatch.StartNew();
        while (!condition())
        {
            Assert.True(patience.Elapsed < Limits.Patience, "the condition does not come true");
            time.Advance(step ?? TimeSpan.FromSeconds(1));
            await tick.WaitForNextTickAsync();
        }
    }
}
