using OvimSpokeAgent.Supervision;

namespace OvimSpokeAgent.Leadership;

/// <summary>
/// A moment by two clocks, over when either says so: the monotonic one does not tell of a machine that slept, the wall
/// clock can be set back.
/// </summary>
/// <param name="Timestamp">The monotonic clock's <see cref="TimeProvider.GetTimestamp"/> when it began.</param>
/// <param name="Start">The wall clock when it began.</param>
/// <param name="Duration">How long it lasts.</param>
internal sealed record Deadline(long Timestamp, DateTimeOffset Start, TimeSpan Duration)
{
    public static Deadline In(TimeSpan duration, TimeProvider time) => new(time.GetTimestamp(), time.GetUtcNow(), duration);

    public bool IsOver(TimeProvider time) => Left(time) <= TimeSpan.Zero;

    /// <summary>What is left by the clock that is further; not negative.</summary>
    public TimeSpan Left(TimeProvider time)
    {
        var elapsed = TimeSpans.Max(time.GetElapsedTime(Timestamp), time.GetUtcNow() - Start);
        return elapsed >= Duration ? TimeSpan.Zero : Duration - elapsed;
    }
}
