using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.LocalApi;
using OvimSpokeAgent.Operations;
using OvimSpokeAgent.Tests.Operations;
using OvimSpokeAgent.Tests.VirtualMachines;

namespace OvimSpokeAgent.Tests.LocalApi;

public sealed class HistorySourceTests : IAsyncLifetime
{
    private VmWorld _world = null!;
    private RecentOperations _operations = null!;
    private HistorySource _history = null!;

    public async Task InitializeAsync()
    {
        _world = await VmWorld.OpenAsync(cluster => VmWorld.HasVm(cluster, VmWorld.Web, "Halted"));
        _operations = new RecentOperations(_world.Time);
        _history = new HistorySource(_operations, _world.Manager, _world.Time);
    }

    public async Task DisposeAsync() => await _world.DisposeAsync();

    [Fact]
    public void Minute_counts_what_ended_in_it_and_the_next_begins_anew()
    {
        Ends(1, null);
        Ends(3, null);
        Ends(2, "no room");
        Assert.Equal((2, 1, 2000.0), Facts(_history.Read().Now));

        _history.TakeSample();

        Assert.Equal((2, 1, 2000.0), Facts(Assert.Single(_history.Read().Samples)));
        Assert.Equal((0, 0, null), Facts(_history.Read().Now));
        Assert.Equal(_world.Time.GetUtcNow(), _history.Read().Samples[0].At);
        Assert.Equal(1, _history.Read().Samples[0].VmsByStatus.Values.Sum());
        Assert.True(_history.Read().Samples[0].MemoryBytes > 0);
    }

    [Fact]
    public void Hour_is_kept_and_no_more()
    {
        for (var i = 0; i < HistorySource.Kept + 5; i++)
        {
            _world.Time.Advance(HistorySource.Interval);
            _history.TakeSample();
        }

        var samples = _history.Read().Samples;
        Assert.Equal(60, samples.Count);
        Assert.Equal(TimeSpan.FromMinutes(59), samples[^1].At - samples[0].At);
        Assert.Equal(_world.Time.GetUtcNow(), samples[^1].At);
    }

    [Fact]
    public async Task Recorder_takes_a_sample_every_minute()
    {
        var time = new TestTime();
        using var end = new CancellationTokenSource();
        var loop = new HistoryRecorder(_history, time).RunAsync(end.Token);
        Assert.Empty(_history.Read().Samples);

        time.Advance(HistorySource.Interval);
        await Eventually.HoldsAsync(() => _history.Read().Samples.Count == 1);

        await end.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => loop);
    }

    private void Ends(int seconds, string? error) =>
        _operations.Ends(Records.New($"op-{seconds}"), new NamespacedName("acme", "web"), error, TimeSpan.FromSeconds(seconds));

    private static (int, int, double?) Facts(HistorySample sample) => (sample.Completed, sample.Failed, sample.MedianMs);
}
