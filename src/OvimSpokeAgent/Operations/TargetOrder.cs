namespace OvimSpokeAgent.Operations;

/// <summary>
/// The order of the work on one target: one after the other as it was added, but that a read waits only for writes that
/// are being made, not for one that waits for others (a guest that shuts down), nor for what waits behind that one.
/// </summary>
internal sealed class TargetOrder
{
    private readonly LinkedList<ScheduledWork> _work = new();

    public bool IsEmpty => _work.Count == 0;

    public void Add(ScheduledWork work) => _work.AddLast(work);

    public void Remove(ScheduledWork work) => _work.Remove(work);

    /// <summary>What may begin now; each is handed out once.</summary>
    public IReadOnlyList<ScheduledWork> TakeDue()
    {
        List<ScheduledWork> due = [];
        ScheduledWork? write = null; // the first that is not done
        foreach (var work in _work)
        {
            var isNext = work.IsRead ? write is null or { WaitsForOthers: true } : work == _work.First!.Value;
            if (isNext && !work.IsDue)
            {
                work.IsDue = true;
                due.Add(work);
            }
            if (!work.IsRead) write ??= work;
        }
        return due;
    }
}
