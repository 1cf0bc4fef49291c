using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Events;
using OvimSpokeAgent.Supervision;

namespace OvimSpokeAgent.VirtualDataCenters;

/// <summary>
/// Keeps every declared namespace as it is declared: looks at one whenever a watch tells that something of it changed,
/// compares the caches with the declaration, and puts back what differs after the server confirmed that it does. No
/// change, no request.
/// </summary>
internal sealed partial class VdcReconciler : ILoop
{
    // What the agent itself wrote a moment ago may not be in the caches yet.
    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(1.5);
    private static readonly TimeSpan FirstRetry = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestRetry = TimeSpan.FromMinutes(5);
    private const int Workers = 4;

    private readonly DeclaredNamespaces _namespaces;
    private readonly VdcCaches _caches;
    private readonly VdcRepair _repair;
    private readonly VdcStates _states;
    private readonly QuotaNet _net;
    private readonly VdcLocks _locks;
    private readonly VdcMetrics _metrics;
    private readonly EventRecorder _events;
    private readonly VmCaches _vmCaches;
    private readonly ILeadership _leadership;
    private readonly WorkQueue<string> _queue;
    private readonly Backoff _backoff;
    private readonly ObjectGuard _guard;
    private readonly ILogger<VdcReconciler> _logger;
    private readonly System.Collections.Concurrent.ConcurrentDictionary<string, int> _failures = [];

    public VdcReconciler(
        DeclaredNamespaces namespaces,
        VdcCaches caches,
        VmCaches vmCaches,
        ILeadership leadership,
        VdcRepair repair,
        VdcStates states,
        QuotaNet net,
        VdcLocks locks,
        VdcMetrics metrics,
        EventRecorder events,
        ObjectFailures failures,
        Jitter jitter,
        TimeProvider time,
        ILogger<VdcReconciler> logger)
    {
        (_namespaces, _caches, _repair, _states, _net) = (namespaces, caches, repair, states, net);
        (_locks, _metrics, _events, _logger) = (locks, metrics, events, logger);
        _queue = new WorkQueue<string>(time);
        _backoff = new Backoff(FirstRetry, LongestRetry, jitter);
        _guard = failures.At(Name);
        (_vmCaches, _leadership) = (vmCaches, leadership);
        caches.Subscribe(ns => _queue.Add(ns));
        vmCaches.Subscribe(ns => _queue.Add(ns));
    }

    public string Name => "vdc repair";

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await _vmCaches.WaitForFirstAnswerAsync(cancellationToken);
        await _caches.WaitForFirstAnswerAsync(cancellationToken);
        while (true)
        {
            var tenure = await _leadership.WaitUntilLeadingAsync(cancellationToken);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, tenure.Ended);
            try
            {
                // Another agent may have led before: what is remembered of its time means nothing.
                _repair.Forget();
                foreach (var vdc in _namespaces.All()) _queue.Add(vdc.Name);
                await RunWorkersAsync(either.Token);
            }
            catch (OperationCanceledException) when (tenure.IsOver && !cancellationToken.IsCancellationRequested)
            {
                // Another agent may lead now, and repair.
            }
        }
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
            Failed(ns, e);
        }
    }

    private async Task LookAtAsync(string ns, CancellationToken cancellationToken)
    {
        if (_namespaces.Get(ns) is not { } declared || declared.IsTerminating)
        {
            _states.Forget(ns);
            _repair.Forget(ns);
            _failures.TryRemove(ns, out _);
            return;
        }
        if (declared.Declaration is null) return;
        Judge(declared);
        if (_repair.IsAsDeclared(declared))
        {
            _failures.TryRemove(ns, out _);
            _states.Set(ns, _states.Get(ns) with { IsWhole = true, Problem = null });
            if (_net.UntilLowered(ns) is { } wait) _queue.Add(ns, wait + FirstRetry);
            return;
        }
        if (_locks.SinceWrite(ns) is { } since && since < Settling)
        {
            _queue.Add(ns, Settling - since);
            return;
        }
        using (await _locks.HoldAsync(ns, cancellationToken))
        {
            if (_namespaces.Get(ns) is { } now) await _repair.RepairAsync(now, cancellationToken);
        }
        // The caches will tell that it is as declared; if the difference was theirs alone, this asks again.
        _queue.Add(ns, Settling);
    }

    // Someone else's policies are left alone, and told of.
    private void Judge(DeclaredNamespace declared)
    {
        var network = declared.Declaration!.Network;
        var state = _states.Get(declared.Name);
        IReadOnlyList<Weakening> weakenings = network.Mode is NetworkMode.Default
            ? []
            : [.. _caches.PoliciesOf(declared.Name)
                .Where(policy => !VdcNames.Policies.Contains(policy.Name.Name))
                .Select(policy => (policy.Name, Opens: IsolationCheck.Opens(declared.Name, network, policy.Spec)))
                .Where(found => found.Opens is not null)
                .Select(found => new Weakening(found.Name.Name, found.Opens!))
                .OrderBy(weakening => weakening.Policy, StringComparer.Ordinal)];
        foreach (var weakening in weakenings.Except(state.WeakenedBy))
        {
            LogWeakened(declared.VdcName, declared.Name, weakening);
            _events.Record(
                new EventSubject(KubernetesKinds.NetworkPolicy, new(declared.Name, weakening.Policy)),
                EventSeverity.Warning,
                "IsolationWeakened",
                $"VDC {declared.VdcName}: {weakening}");
        }
        _states.Set(declared.Name, state with { WeakenedBy = weakenings });
    }

    private int Retry(string ns, TimeSpan? asked)
    {
        var failures = _failures.AddOrUpdate(ns, 1, (_, count) => count + 1);
        _queue.Add(ns, _backoff.After(failures - 1, asked));
        _metrics.RepairFailed();
        return failures;
    }

    private void Failed(string ns, KubernetesApiException exception)
    {
        var failures = Retry(ns, exception.RetryAfter);
        // The cluster's own health says that, or the next look finds it different.
        if (exception.IsTransient || exception.Reason is ApiErrorReason.Conflict) return;
        if (failures == 1) LogFailed(ns, exception.Message);
        _states.Set(ns, _states.Get(ns) with { IsWhole = false, Problem = exception.Message });
    }

    [LoggerMessage(8001, LogLevel.Warning, "VDC {Vdc} in namespace {Namespace}: {Weakening}")]
    private partial void LogWeakened(string vdc, string @namespace, Weakening weakening);

    [LoggerMessage(8002, LogLevel.Error, "Namespace {Namespace} is not as declared and cannot be made so: {Reason}")]
    private partial void LogFailed(string @namespace, string reason);
}
