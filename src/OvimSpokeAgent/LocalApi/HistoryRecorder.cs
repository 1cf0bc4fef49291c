using OvimSpokeAgent.Supervision;

namespace OvimSpokeAgent.LocalApi;

/// <summary>Takes a sample for the status page's charts every minute.</summary>
internal sealed class HistoryRecorder(HistorySource history, TimeProvider time) : ILoop
{
    public string Name => "history";

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(HistorySource.Interval, time);
        while (await timer.WaitForNextTickAsync(cancellationToken))
        {
            using var turn = LoopTurn.Begin();
            history.TakeSample();
        }
    }
}
