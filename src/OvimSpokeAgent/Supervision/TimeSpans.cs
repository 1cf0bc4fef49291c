namespace OvimSpokeAgent.Supervision;

/// <summary><see cref="Math"/> for durations.</summary>
internal static class TimeSpans
{
    public static TimeSpan Min(TimeSpan a, TimeSpan b) => a < b ? a : b;

    public static TimeSpan Max(TimeSpan a, TimeSpan b) => a > b ? a : b;
}
