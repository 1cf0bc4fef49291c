using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Leadership;
using OvimSpokeAgent.Supervision;

namespace OvimSpokeAgent.VirtualMachines;

/// <summary>
/// Removes, after a while, what operations that failed have left behind, and ends deletions that were given up. Told by the watches
/// alone; one at a time, each at its own pace.
/// </summary>
internal sealed class OrphanLoop : ILoop
{
    private static readonly TimeSpan FirstRetry = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan MaxRetry = TimeSpan.FromMinutes(10);

    // One that is slow, or that somebody keeps busy, must not hold up those of others.
    private static readonly TimeSpan Share = TimeSpan.FromSeconds(60);

    private readonly OrphanCaches _caches;
    private readonly OrphanRemoval _removal;
    private readonly ILeadership _leadership;
    private readonly TimeProvider _time;
    private readonly WorkQueue<Orphan> _queue;
    private readonly Backoff _backoff;
    private readonly ObjectGuard _guard;
    private readonly Dictionary<Orphan, int> _failures = [];

    public OrphanLoop(
        OrphanCaches caches, OrphanRemoval removal, ILeadership leadership, ObjectFailures failures, Jitter jitter, TimeProvider time)
    {
        (_caches, _removal, _leadership, _time) = (caches, removal, leadership, time);
        _queue = new WorkQueue<Orphan>(time);
        _backoff = new Backoff(FirstRetry, MaxRetry, jitter);
        _guard = failures.At(Name);
        // What is refused now has its own pace: a change of it is no reason to ask at once.
        caches.Subscribe((orphan, wait, isNews) =>
        {
            // A term begins with all there are; until then nobody takes any from the queue.
            if (leadership.Current is not null && (isNews || !IsRefused(orphan))) _queue.Add(orphan, wait);
        });
    }

    public string Name => "orphans";

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await _caches.WaitForFirstAnswerAsync(cancellationToken);
        await _leadership.WhileLeadingAsync(
            async token =>
            {
                Forget();
                foreach (var (orphan, wait) in _caches.All()) _queue.Add(orphan, wait);
                try
                {
                    while (true) await WorkAsync(token);
                }
                finally
                {
                    Forget();
                }
            },
            cancellationToken);
    }

    private async Task WorkAsync(CancellationToken cancellationToken)
    {
        var orphan = await _queue.TakeAsync(cancellationToken);
        using var turn = LoopTurn.Begin();
        try
        {
            if (await _guard.RunAsync(orphan, () => LookAtAsync(orphan, cancellationToken), cancellationToken) is not null) Retry(orphan, null);
        }
        finally
        {
            _queue.Done(orphan);
        }
    }

    private async Task LookAtAsync(Orphan orphan, CancellationToken cancellationToken)
    {
        if (_caches.UntilDue(orphan) is not { } wait)
        {
            Forget(orphan);
            return;
        }
        if (wait > TimeSpan.Zero)
        {
            _queue.Add(orphan, wait);
            return;
        }
        try
        {
            TimeSpan? again = null;
            if (!await TimeLimit.RunAsync(Share, _time, async token => again = await _removal.RemoveAsync(orphan, token), cancellationToken))
            {
                _removal.Refused(orphan, $"it was not done within {Share.TotalSeconds:0} s, and goes on later: others wait");
                Retry(orphan, null);
                return;
            }
            if (again is { } later) _queue.Add(orphan, later);
            Forget(orphan);
        }
        catch (KubernetesApiException e)
        {
            // The cluster's own health says what is wrong with it as a whole.
            if (!e.IsTransient && e.Reason is not ApiErrorReason.Conflict) _removal.Refused(orphan, e.Message);
            Retry(orphan, e.RetryAfter);
        }
    }

    private void Retry(Orphan orphan, TimeSpan? asked)
    {
        int before;
        lock (_failures)
        {
            before = _failures.GetValueOrDefault(orphan);
            _failures[orphan] = before + 1;
        }
        _queue.Add(orphan, _backoff.After(before, asked));
    }

    // Whoever leads next begins with what there is then.
    private void Forget()
    {
        lock (_failures) _failures.Clear();
        _queue.Clear();
    }

    private bool IsRefused(Orphan orphan)
    {
        lock (_failures) return _failures.ContainsKey(orphan);
    }

    private void Forget(Orphan orphan)
    {
        lock (_failures) _failures.Remove(orphan);
    }
}
