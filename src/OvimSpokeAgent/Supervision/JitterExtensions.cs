namespace OvimSpokeAgent.Supervision;

/// <summary>Spreads waits, so that what waits alike does not come together.</summary>
internal static class JitterExtensions
{
    /// <summary>From half of a wait up to all of it.</summary>
    public static TimeSpan UpTo(this Jitter jitter, TimeSpan wait) => wait * (0.5 + (jitter() / 2));

    /// <summary>A wait, shorter or longer by a share of it at most.</summary>
    public static TimeSpan Around(this Jitter jitter, TimeSpan wait, double share) => wait * (1 - share + (2 * share * jitter()));
}
