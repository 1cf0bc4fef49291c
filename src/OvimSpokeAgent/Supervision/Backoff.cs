namespace OvimSpokeAgent.Supervision;

/// <summary>
/// Waits between attempts: they double up to the longest, each spread over its upper half. A server may ask for more, up to
/// a minute, but not for less: one that says "at once" and means it not would be asked without end.
/// </summary>
internal sealed class Backoff(TimeSpan first, TimeSpan longest, Jitter jitter)
{
    private static readonly TimeSpan MaxAsked = TimeSpan.FromMinutes(1);

    /// <summary>The wait after a failure.</summary>
    /// <param name="failuresBefore">Failures in a row before it.</param>
    /// <param name="asked">What the server asks for; null: nothing.</param>
    public TimeSpan After(int failuresBefore, TimeSpan? asked = null)
    {
        var grown = Math.Min(first.Ticks << Math.Clamp(failuresBefore, 0, 16), longest.Ticks) * (0.5 + (jitter() / 2));
        return TimeSpan.FromTicks(Math.Max((long)grown, Math.Min(asked?.Ticks ?? 0, MaxAsked.Ticks)));
    }
}
