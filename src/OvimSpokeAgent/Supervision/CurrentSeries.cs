using Prometheus;

namespace OvimSpokeAgent.Supervision;

/// <summary>The series of a gauge with one for each thing there is now: those of what is gone go. Not thread-safe.</summary>
/// <typeparam name="TKey">Names a thing.</typeparam>
/// <param name="gauge">The gauge.</param>
/// <param name="labels">The label values of a thing.</param>
internal sealed class CurrentSeries<TKey>(Gauge gauge, Func<TKey, string[]> labels)
    where TKey : notnull
{
    private readonly Dictionary<TKey, (Gauge.Child Series, long Seen)> _shown = [];
    private long _look;

    /// <summary>Shows these values, and no others any more.</summary>
    public void Show(IEnumerable<(TKey Key, double Value)> current)
    {
        _look++;
        foreach (var (key, value) in current)
        {
            var series = _shown.TryGetValue(key, out var known) ? known.Series : gauge.WithLabels(labels(key));
            series.Set(value);
            _shown[key] = (series, _look);
        }
        foreach (var (key, (series, seen)) in _shown)
        {
            if (seen == _look) continue;
            series.Remove();
            _shown.Remove(key);
        }
    }
}
