using System.Collections.Concurrent;
using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Leadership;
using OvimSpokeAgent.Supervision;

namespace OvimSpokeAgent.VirtualDataCenters;

/// <summary>
/// Keeps every declared namespace as it is declared: looks at one whenever a watch tells that something of it changed,
/// compares the caches with the declaration, and puts back what differs after the server confirmed that it does. No
/// change, no request.
/// </summary>
internal sealed class VdcReconciler : ILoop
{
    // What the agent itself wrote a moment ago may not be in the caches yet.
    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(1.5);
    private static readonly TimeSpan FirstRetry = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan MaxRetry = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan BetweenLooksAtDeletion = TimeSpan.FromSeconds(10);
    private const int Workers = 4;

    private readonly VdcDeclarationCache _namespaces;
    private readonly VdcCaches _caches;
    private readonly VdcRepair _repair;
    private readonly RepairHistory _history;
    private readonly WeakeningCheck _weakenings;
    private readonly VdcDeletion _deletion;
    private readonly VdcConditions _states;
    private readonly HeadroomTracker _headroom;
    private readonly ClusterNetworkView _network;
    private readonly VdcLocks _locks;
    private readonly VdcMetrics _metrics;
    private readonly VmCaches _vmCaches;
    private readonly ILeadership _leadership;
    private readonly WorkQueue<string> _queue;
    private readonly Backoff _backoff;
    private readonly ObjectGuard _guard;
    private readonly TimeProvider _time;
    private readonly ConcurrentDictionary<string, Pause> _pauses = [];

    public VdcReconciler(
        VdcDeclarationCache namespaces,
        VdcCaches caches,
        VmCaches vmCaches,
        ILeadership leadership,
        VdcRepair repair,
        RepairHistory history,
        WeakeningCheck weakenings,
        VdcDeletion deletion,
        VdcConditions states,
        HeadroomTracker headroom,
        ClusterNetworkView network,
        VdcLocks locks,
        VdcMetrics metrics,
        ObjectFailures failures,
        Jitter jitter,
        TimeProvider time)
    {
        (_namespaces, _caches, _vmCaches, _leadership) = (namespaces, caches, vmCaches, leadership);
        (_repair, _history, _weakenings, _deletion, _states, _headroom) = (repair, history, weakenings, deletion, states, headroom);
        (_network, _locks, _metrics, _time) = (network, locks, metrics, time);
        _queue = new WorkQueue<string>(time);
        _backoff = new Backoff(FirstRetry, MaxRetry, jitter);
        _guard = failures.At(Name);
        caches.Subscribe(ns => _queue.Add(ns));
        vmCaches.Subscribe(ns => _queue.Add(ns));
        network.Subscribe(AddAll);
    }

    public string Name => "vdc repair";

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await _vmCaches.WaitForFirstAnswerAsync(cancellationToken);
        await _caches.WaitForFirstAnswerAsync(cancellationToken);
        await _network.WaitForFirstAnswerAsync(cancellationToken);
        await _leadership.WhileLeadingAsync(
            token =>
            {
                // Another agent may have led before: what is remembered of its time means nothing.
                _repair.Forget();
                AddAll();
                return RunWorkersAsync(token);
            },
            cancellationToken);
    }

    private void AddAll()
    {
        foreach (var vdc in _namespaces.All()) _queue.Add(vdc.Name);
    }

    // All of them end with the first that does.
    private async Task RunWorkersAsync(CancellationToken cancellationToken)
    {
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var workers = Enumerable.Range(0, Workers).Select(_ => WorkAsync(ended.Token)).ToList();
        try
        {
            await await Task.WhenAny(workers);
        }
        finally
        {
            ended.Cancel();
            await Task.WhenAll(workers).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        }
    }

    private async Task WorkAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var ns = await _queue.TakeAsync(cancellationToken);
            using var turn = LoopTurn.Begin();
            try
            {
                var fault = await _guard.RunAsync(ns, () => LookAtOrRetryAsync(ns, cancellationToken), cancellationToken);
                if (fault is not null) Retry(ns, null);
                _states.SetFault(ns, fault?.Message);
            }
            finally
            {
                _queue.Done(ns);
            }
        }
    }

    private async Task LookAtOrRetryAsync(string ns, CancellationToken cancellationToken)
    {
        try
        {
            await LookAtAsync(ns, cancellationToken);
        }
        catch (KubernetesApiException e)
        {
            Retry(ns, e.RetryAfter); // the cluster's own health says what it is
        }
    }

    private async Task LookAtAsync(string ns, CancellationToken cancellationToken)
    {
        if (_namespaces.Get(ns) is not { } declared || declared.IsTerminating)
        {
            _states.Forget(ns);
            _repair.Forget(ns);
            _pauses.TryRemove(ns, out _);
            _locks.Forget(ns);
            return;
        }
        if (declared.DeletedBy is not null) await GoOnDeletingAsync(declared, cancellationToken);
        else if (_states.Get(ns) is { DeletionWaitsFor: not null } state) _states.Set(ns, state with { DeletionWaitsFor = null });
        if (declared.Declaration is null) return;
        var wait = UntilSettled(ns);
        if (wait == TimeSpan.Zero) _weakenings.Check(declared);
        var deviations = _repair.DeviationsOf(declared, _repair.UpdateExpected(declared));
        _history.Settle(ns, deviations);
        if (deviations.Count == 0)
        {
            _pauses.TryRemove(ns, out _);
            Show(ns, isWhole: true);
            LookAgain(ns, wait == TimeSpan.Zero ? null : wait, _headroom.UntilLowered(ns) + FirstRetry, _history.UntilCalm(ns));
            return;
        }
        Show(ns, isWhole: false);
        wait = TimeSpans.Max(wait, TimeSpans.Max(UntilPauseEnds(ns), _repair.UntilTurn(ns, deviations)));
        if (wait == TimeSpan.Zero)
        {
            using (await _locks.HoldAsync(ns, cancellationToken))
            {
                if (_namespaces.Get(ns) is { } now) await _repair.RepairAsync(now, cancellationToken);
            }
            _pauses.TryRemove(ns, out _);
            Show(ns, isWhole: false);
            // The caches will tell that it is as declared; if the difference was theirs alone, this asks again.
            wait = Settling;
        }
        LookAgain(ns, wait);
    }

    // What an operation began and could not end within its time. What is there stays isolated and limited meanwhile.
    private async Task GoOnDeletingAsync(DeclaredNamespace declared, CancellationToken cancellationToken)
    {
        _queue.Add(declared.Name, BetweenLooksAtDeletion);
        if (_namespaces.HasDeleter(declared.Name)) return;
        string? waitsFor;
        try
        {
            var left = await _deletion.GoOnAsync(declared.Name, declared.Uid, cancellationToken);
            waitsFor = left.Count == 0 ? null : $"waits for the guests of {left.Count} VMs ({string.Join(", ", left.Take(3))}{(left.Count > 3 ? ", …" : "")})";
        }
        catch (KubernetesApiException e) when (!e.IsTransient)
        {
            waitsFor = e.Reason is ApiErrorReason.Conflict ? null : e.Message;
        }
        _states.Set(declared.Name, _states.Get(declared.Name) with { DeletionWaitsFor = waitsFor });
    }

    // Until all is put right a VDC stays what it was; only what cannot be put right makes it another.
    private void Show(string ns, bool isWhole)
    {
        var (state, problem) = (_states.Get(ns), _history.ProblemOf(ns));
        _states.Set(ns, state with
        {
            IsWhole = problem is null && (isWhole || state.IsWhole),
            Problem = problem,
            Contests = _history.ContestsIn(ns),
        });
    }

    private void LookAgain(string ns, params ReadOnlySpan<TimeSpan?> waits)
    {
        foreach (var wait in waits)
        {
            if (wait is { } after) _queue.Add(ns, after);
        }
    }

    private TimeSpan UntilSettled(string ns) => _locks.SinceWrite(ns) is { } since ? TimeSpans.Max(Settling - since, TimeSpan.Zero) : TimeSpan.Zero;

    private TimeSpan UntilPauseEnds(string ns) =>
        _pauses.TryGetValue(ns, out var pause) ? TimeSpans.Max(pause.Length - _time.GetElapsedTime(pause.Since), TimeSpan.Zero) : TimeSpan.Zero;

    // Nothing can be written now: a change in the namespace does not make that another try.
    private void Retry(string ns, TimeSpan? asked)
    {
        var failures = _pauses.TryGetValue(ns, out var before) ? before.Failures + 1 : 1;
        var length = _backoff.After(failures - 1, asked);
        _pauses[ns] = new Pause(failures, _time.GetTimestamp(), length);
        _queue.Add(ns, length);
        _metrics.RepairFailed();
    }

    private sealed record Pause(int Failures, long Since, TimeSpan Length);
}
