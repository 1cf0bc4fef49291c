using OvimSpokeAgent.Supervision;

namespace OvimSpokeAgent.Operations;

/// <summary>How the changes that the hub asked for ended within the last ten minutes; what could not be a change is not among them.</summary>
internal sealed class RecentOutcomes(TimeProvider time)
{
    public static readonly TimeSpan Period = TimeSpan.FromMinutes(10);

    private readonly RecentCount _completed = new(Period, time);
    private readonly RecentCount _failed = new(Period, time);

    public int Failed => _failed.Count;

    public int All => _completed.Count + _failed.Count;

    public void Add(bool isCompleted) => (isCompleted ? _completed : _failed).Add();
}
