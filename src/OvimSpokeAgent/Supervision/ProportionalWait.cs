namespace OvimSpokeAgent.Supervision;

/// <summary>
/// Waits between attempts that are a share of the time for which it fails already: the end of a short failure is noticed
/// soon, a long one costs little.
/// </summary>
/// <param name="Share">The time is divided by this.</param>
/// <param name="Least">The shortest wait.</param>
/// <param name="Most">The longest wait.</param>
internal readonly record struct ProportionalWait(int Share, TimeSpan Least, TimeSpan Most)
{
    /// <summary>The wait after so long a failure.</summary>
    public TimeSpan After(TimeSpan failing)
    {
        var share = failing / Share;
        return share < Least ? Least : share > Most ? Most : share;
    }
}
