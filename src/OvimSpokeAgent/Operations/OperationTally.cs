namespace OvimSpokeAgent.Operations;

/// <summary>Counts operations that ended, and of how long the last <see cref="MaxDurations"/> of them took keeps the durations. Not thread-safe.</summary>
internal sealed class OperationTally
{
    private const int MaxDurations = 1000;

    private readonly List<TimeSpan> _durations = [];
    private int _oldest;
    private int _completed;
    private int _failed;

    /// <param name="isCompleted">Whether it is completed.</param>
    /// <param name="duration">How long its execution took; null: it was refused without one.</param>
    public void Add(bool isCompleted, TimeSpan? duration)
    {
        if (duration is { } took)
        {
            if (_durations.Count < MaxDurations) _durations.Add(took);
            else _durations[_oldest++ % MaxDurations] = took;
        }
        if (isCompleted) _completed++;
        else _failed++;
    }

    public TallySummary Summary() => new(_completed, _failed, Median());

    private TimeSpan? Median()
    {
        if (_durations.Count == 0) return null;
        var sorted = _durations.Order().ToList();
        var middle = sorted.Count / 2;
        return sorted.Count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }
}

/// <summary>What a tally comes to.</summary>
/// <param name="Completed">How many are completed.</param>
/// <param name="Failed">How many failed.</param>
/// <param name="Median">How long half of them took at most; null: there were none.</param>
internal readonly record struct TallySummary(int Completed, int Failed, TimeSpan? Median);
