using OvimSpokeAgent.Configuration;
using OvimSpokeAgent.Leadership;
using OvimSpokeAgent.Supervision;

namespace OvimSpokeAgent.Operations;

/// <summary>
/// Runs everything that has to do with operations while this agent leads: reads the journal, goes on with what it holds,
/// delivers, keeps the journal clean; and stops all of it when the term ends. A failure in there starts it anew.
/// </summary>
internal sealed class OperationLoop(
    ILeadership leadership,
    OperationJournal journal,
    OperationProcessor processor,
    OperationReceiver receiver,
    OperationScheduler scheduler,
    ResultDelivery delivery,
    AgentSettings settings,
    TimeProvider time) : ILoop
{
    private static readonly TimeSpan CleaningInterval = TimeSpan.FromMinutes(1);

    private readonly AsyncSignal _changed = new();
    private volatile Term? _openTerm;

    public string Name => "operations";

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await journal.WaitUntilReadableAsync(cancellationToken);
        while (true)
        {
            var term = await leadership.WaitUntilLeadingAsync(cancellationToken);
            // One of its own for each time the journal is opened: what belongs to an earlier one is told apart by it.
            var session = new Term();
            await using var withTerm = term.Ended.UnsafeRegister(_ => session.End(), null);
            await using var withLoop = cancellationToken.UnsafeRegister(_ => session.End(), null);
            try
            {
                await WorkAsync(term, session);
            }
            catch (OperationCanceledException) when (session.IsOver && !cancellationToken.IsCancellationRequested)
            {
                // Another agent may lead now.
            }
            finally
            {
                session.End();
                _openTerm = null;
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
        leadership.Current is { } term && _openTerm == term && journal.CanStore()
        && scheduler.Backlog < settings.Operations.Backlog;

    private Task WaitUntilBegunAsync(CancellationToken cancellationToken) =>
        _changed.WaitUntilAsync(() => _openTerm is { IsOver: false } || leadership.Current is null, cancellationToken);

    private async Task WorkAsync(Term term, Term session)
    {
        await processor.BeginAsync(session);
        Task[] running = [delivery.RunAsync(processor.ReopenAsync, session.Ended), CleanAsync(session.Ended), OpenForIntakeAsync(term, session.Ended)];
        try
        {
            await await Task.WhenAny([.. running, scheduler.Failure]);
        }
        finally
        {
            session.End();
            await Task.WhenAll(running).ConfigureAwait(
                ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        }
    }

    // Nothing is taken from the hub before it is certain that it could be stored.
    private async Task OpenForIntakeAsync(Term term, CancellationToken cancellationToken)
    {
        await receiver.WarmUpAsync(cancellationToken);
        _openTerm = term;
        _changed.Set();
        await Task.Delay(Timeout.InfiniteTimeSpan, time, cancellationToken);
    }

    private async Task CleanAsync(CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(CleaningInterval, time);
        while (await timer.WaitForNextTickAsync(cancellationToken))
        {
            using var turn = LoopTurn.Begin();
            await processor.TakeOverAsync(await journal.CleanAsync(cancellationToken), cancellationToken);
        }
    }
}
