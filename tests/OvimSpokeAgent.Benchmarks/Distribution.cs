namespace OvimSpokeAgent.Benchmarks;

/// <summary>Durations that were measured, by rank.</summary>
internal sealed class Distribution(IEnumerable<TimeSpan> durations)
{
    private readonly TimeSpan[] _sorted = [.. durations.Order()];

    public int Count => _sorted.Length;

    public TimeSpan Median => Percentile(50);

    public TimeSpan P99 => Percentile(99);

    public TimeSpan Longest => _sorted[^1];

    // The nearest rank: a duration that was measured, none in between.
    private TimeSpan Percentile(int percent) => _sorted[((_sorted.Length * percent) + 99) / 100 - 1];
}
