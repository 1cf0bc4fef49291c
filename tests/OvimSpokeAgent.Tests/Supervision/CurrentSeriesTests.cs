using OvimSpokeAgent.Supervision;
using Prometheus;

namespace OvimSpokeAgent.Tests.Supervision;

public sealed class CurrentSeriesTests
{
    private readonly CollectorRegistry _registry = Prometheus.Metrics.NewCustomRegistry();
    private readonly CurrentSeries<string> _series;

    public CurrentSeriesTests() => _series = new(
        Prometheus.Metrics.WithCustomRegistry(_registry).CreateGauge("size", "Size.", ["name"]), name => [name]);

    [Fact]
    public async Task What_there_is_now_is_shown_and_what_is_gone_is_not()
    {
        _series.Show([("a", 1), ("b", 2)]);
        _series.Show([("b", 3), ("c", 4)]);

        Assert.Equal(["size{name=\"b\"} 3", "size{name=\"c\"} 4"], await ShownAsync());
    }

    [Fact]
    public async Task What_comes_back_is_shown_again()
    {
        _series.Show([("a", 1)]);
        _series.Show([]);
        Assert.Empty(await ShownAsync());

        _series.Show([("a", 5)]);

        Assert.Equal(["size{name=\"a\"} 5"], await ShownAsync());
    }

    private async Task<string[]> ShownAsync()
    {
        using var text = new MemoryStream();
        await _registry.CollectAndExportAsTextAsync(text);
        return [.. System.Text.Encoding.UTF8.GetString(text.ToArray()).Split('\n').Where(line => line.StartsWith("size{", StringComparison.Ordinal)).Order()];
    }
}
