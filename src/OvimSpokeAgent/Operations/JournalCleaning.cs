using OvimSpokeAgent.Supervision;

namespace OvimSpokeAgent.Operations;

/// <summary>Removes expired records from the journal, many at once.</summary>
internal sealed class JournalCleaning(OperationJournal journal, TimeProvider time) : ILoop
{
    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);

    public string Name => "journal cleaning";

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(Interval, time);
        while (await timer.WaitForNextTickAsync(cancellationToken)) await journal.RemoveExpiredAsync(cancellationToken);
    }
}
