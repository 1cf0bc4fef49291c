using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Configuration;
using OvimSpokeAgent.Supervision;

namespace OvimSpokeAgent.Operations;

/// <summary>
/// Runs everything that has to do with operations while this agent leads: reads the journal, goes on with what it holds,
/// delivers, keeps the journal clean; and stops all of it when the tenure ends. A failure in there starts it anew.
/// </summary>
internal sealed class OperationLoop(
    ILeadership leadership,
    OperationJournal journal,
    OperationProcessor processor,
    OperationScheduler scheduler,
    ResultDelivery delivery,
    AgentSettings settings,
    TimeProvider time) : ILoop
{
    private static readonly TimeSpan CleaningInterval = TimeSpan.FromMinutes(1);

    private readonly AsyncSignal _changed = new();

    public string Name => "operations";

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await journal.WaitUntilReadableAsync(cancellationToken);
        while (true)
        {
            var tenure = await leadership.WaitUntilLeadingAsync(cancellationToken);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, tenure.Ended);
            try
            {
                await WorkAsync(tenure, either.Token);
            }
            catch (OperationCanceledException) when (tenure.IsOver && !cancellationToken.IsCancellationRequested)
            {
                // Another agent may lead now.
            }
            finally
            {
                await processor.EndAsync();
                _changed.Set();
            }
        }
    }

    /// <summary>
    /// Completes when operations can be taken from the hub: this agent leads, what it had before is under way, the journal
    /// can store, and there is room in the backlog.
    /// </summary>
    public async Task WaitUntilReadyAsync(CancellationToken cancellationToken)
    {
        while (!IsReady())
        {
            await leadership.WaitUntilLeadingAsync(cancellationToken);
            await WaitUntilBegunAsync(cancellationToken);
            await journal.WaitUntilStoringAsync(cancellationToken);
            await scheduler.WaitUntilBelowAsync(settings.Operations.Backlog, cancellationToken);
        }
    }

    private bool IsReady() =>
        leadership.Current is { } tenure && processor.Tenure == tenure && journal.CanStore()
        && scheduler.Backlog < settings.Operations.Backlog;

    private async Task WaitUntilBegunAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var changed = _changed.Next;
            if (processor.Tenure is { IsOver: false } || leadership.Current is null) return;
            await changed.WaitAsync(cancellationToken);
        }
    }

    private async Task WorkAsync(Tenure tenure, CancellationToken cancellationToken)
    {
        await journal.OpenAsync(records => processor.Begin(tenure, records), cancellationToken);
        _changed.Set();
        using var parts = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task[] running = [delivery.RunAsync(parts.Token), CleanAsync(parts.Token)];
        try
        {
            await await Task.WhenAny([.. running, scheduler.Failure]);
        }
        finally
        {
#pragma warning disable CA1849 // CancelAsync would go on somewhere else
            parts.Cancel();
#pragma warning restore CA1849
            await Task.WhenAll(running).ConfigureAwait(
                ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        }
    }

    private async Task CleanAsync(CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(CleaningInterval, time);
        while (await timer.WaitForNextTickAsync(cancellationToken))
            processor.Adopt(await journal.CleanAsync(cancellationToken));
    }
}
