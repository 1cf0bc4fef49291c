namespace OvimSpokeAgent.Supervision;

/// <summary><see cref="Math"/> for durations.</summary>
internal static class TimeSpans
{
    public static TimeSpan Min(TimeSpan a, TimeSpan b) => a < b ? a : b;

    public static TimeSpan Max(TimeSpan a, TimeSpan b) => a > b ? a : b;

    /// <summary>For people: without fractions of a second.</summary>
    public static TimeSpan WholeSeconds(TimeSpan duration) => TimeSpan.FromSeconds(Math.Floor(duration.TotalSeconds));
}
