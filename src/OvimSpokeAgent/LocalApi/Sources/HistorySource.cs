using OvimSpokeAgent.Health;
using OvimSpokeAgent.Operations;
using OvimSpokeAgent.VirtualMachines;

namespace OvimSpokeAgent.LocalApi;

/// <summary>Keeps <see cref="HistoryDocument"/>: at most <see cref="Kept"/> samples of some 500 bytes each. Thread-safe.</summary>
internal sealed class HistorySource(RecentOperations operations, VirtualMachineManager machines, TimeProvider time)
{
    public static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);

    /// <summary>How many samples are kept: an hour's.</summary>
    public const int Kept = 60;

    private readonly Lock _lock = new();
    private readonly Queue<HistorySample> _samples = new();

    /// <summary>Ends the minute.</summary>
    public void TakeSample()
    {
        var sample = Sample(operations.TakeTally(), CountVms());
        lock (_lock)
        {
            _samples.Enqueue(sample);
            if (_samples.Count > Kept) _samples.Dequeue();
        }
    }

    public HistoryDocument Read() => Read(CountVms());

    /// <summary>The same where the VMs are counted already.</summary>
    public HistoryDocument Read(IReadOnlyDictionary<string, int> vmsByStatus)
    {
        var now = Sample(operations.Tally(), vmsByStatus);
        lock (_lock) return new HistoryDocument(Interval.TotalSeconds, [.. _samples], now);
    }

    private IReadOnlyDictionary<string, int> CountVms() => InventorySource.CountByStatus(machines.List(null));

    private HistorySample Sample(TallySummary tally, IReadOnlyDictionary<string, int> vmsByStatus) => new()
    {
        At = time.GetUtcNow(),
        Completed = tally.Completed,
        Failed = tally.Failed,
        MedianMs = tally.Median is { } median ? Math.Round(median.TotalMilliseconds, 3) : null,
        VmsByStatus = vmsByStatus,
        MemoryBytes = MemoryUse.OfProcess().Used,
    };
}
