using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Configuration;
using OvimSpokeAgent.Supervision;

namespace OvimSpokeAgent.Leadership;

/// <summary>
/// Lets one of several agents in a namespace work, by a Lease. The holder renews it every four seconds and stops working nine
/// seconds after its last successful renewal, by the monotonic and the wall clock: a process that was paused finds out before its
/// next write. Another agent takes the Lease twelve seconds after the last renewal that it saw, by its own clock; at once when the
/// holder released it, or when the Lease names this process as holder (a container that was restarted in its pod).
/// </summary>
internal sealed partial class LeaderElection(
    IKubernetesApi api, AgentSettings settings, TimeProvider time, ILogger<LeaderElection> logger) : ILoop, ILeadership
{
    /// <summary>How long others leave the Lease to a holder that does not renew it.</summary>
    public static readonly TimeSpan LeaseDuration = TimeSpan.FromSeconds(12);

    /// <summary>How long the holder works after its last renewal; the rest is for what is on the wire.</summary>
    public static readonly TimeSpan RenewDeadline = TimeSpan.FromSeconds(9);

    private static readonly TimeSpan RenewInterval = TimeSpan.FromSeconds(4);
    private static readonly TimeSpan RetryPeriod = TimeSpan.FromSeconds(1);

    private readonly NamespacedName _name = new(settings.Namespace, WellKnownNames.Agent);
    private readonly AsyncSignal _changed = new();
    private volatile State _state = new();
    private volatile bool _steppedDown;
    private Observation? _observed;

    /// <summary>The name under which this agent holds the Lease.</summary>
    public string Identity { get; } = settings.PodName
        ?? $"{Environment.MachineName}_{time.GetUtcNow():yyyyMMdd'T'HHmmss'Z'}_{Guid.NewGuid():N}";

    public string Name => "leader election";

    public string? OtherLeader => _state.OtherLeader;

    public string? Problem => _state.Problem;

    public Term? Current
    {
        get
        {
            if (_state is not { Term: { IsOver: false } term, Limit: { } limit }) return null;
            if (!limit.IsOver(time)) return term;
            term.End(); // the loop did not get to it: the process was paused
            return null;
        }
    }

    public async Task<Term> WaitUntilLeadingAsync(CancellationToken cancellationToken)
    {
        Term? term = null;
        await _changed.WaitUntilAsync(() => (term = Current) is not null, cancellationToken);
        return term!;
    }

    public Task WaitForFirstAnswerAsync(CancellationToken cancellationToken) =>
        WaitUntilAsync(state => state.IsKnown, cancellationToken);

    public Task WaitUntilNotStandbyAsync(CancellationToken cancellationToken) =>
        WaitUntilAsync(state => state.OtherLeader is null, cancellationToken);

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (!_steppedDown)
        {
            try
            {
                if (await TryAcquireAsync(cancellationToken) is { } held) await HoldAsync(held.Lease, held.Limit, cancellationToken);
            }
            catch (KubernetesApiException e)
            {
                // Not known now; who was seen to lead still does, as far as this agent can tell.
                Enter(_state with { Problem = e.Message });
            }
            await Task.Delay(RetryPeriod, time, cancellationToken);
        }
        await Task.Delay(Timeout.InfiniteTimeSpan, time, cancellationToken);
    }

    public void StepDown()
    {
        _steppedDown = true;
        _state.Term?.End();
    }

    public async Task ReleaseAsync(CancellationToken cancellationToken)
    {
        while (await ReadAsync(cancellationToken) is { } lease && lease.Spec.HolderIdentity == Identity)
        {
            try
            {
                await PatchAsync(lease.Release(), cancellationToken);
                LogReleased(Identity);
                return;
            }
            catch (KubernetesApiException e) when (e.Reason is ApiErrorReason.Conflict)
            {
                // Changed meanwhile, perhaps by the last renewal, which was cut off and arrived all the same.
            }
        }
    }

    /// <summary>The Lease and how long it lets this agent work, if it is free or its holder is gone; else null.</summary>
    private async Task<(LeaseObject Lease, Deadline Limit)?> TryAcquireAsync(CancellationToken cancellationToken)
    {
        using var turn = LoopTurn.Begin();
        var lease = await ReadAsync(cancellationToken);
        if (lease is not null && !IsFree(lease))
        {
            if (OtherLeader != lease.Spec.HolderIdentity) LogStandby(lease.Spec.HolderIdentity!);
            Enter(new State { IsKnown = true, OtherLeader = lease.Spec.HolderIdentity });
            return null;
        }
        var limit = Deadline.In(RenewDeadline, time);
        try
        {
            return (await TakeAsync(lease, cancellationToken), limit);
        }
        catch (KubernetesApiException e) when (e.Reason is ApiErrorReason.Conflict or ApiErrorReason.AlreadyExists)
        {
            return null; // another was faster
        }
    }

    private Task<LeaseObject> TakeAsync(LeaseObject? lease, CancellationToken cancellationToken) => lease is null
        ? api.CreateAsync(
            KubernetesKinds.Lease,
            _name.Namespace,
            LeaseObject.Create(_name, Identity, LeaseDuration, time.GetUtcNow()),
            LeaseJson.Default.LeaseObject,
            cancellationToken)
        : PatchAsync(lease.Take(Identity, LeaseDuration, time.GetUtcNow()), cancellationToken);

    // Whose it is counts as long as that one changes it: other clocks say nothing.
    private bool IsFree(LeaseObject lease)
    {
        var holder = lease.Spec.HolderIdentity;
        if (string.IsNullOrEmpty(holder) || holder == Identity) return true;
        if (_observed?.Version != lease.Metadata.ResourceVersion)
            _observed = new Observation(lease.Metadata.ResourceVersion, time.GetTimestamp());
        var duration = lease.Spec.LeaseDurationSeconds is > 0 and var seconds ? TimeSpan.FromSeconds(seconds) : LeaseDuration;
        return time.GetElapsedTime(_observed.At) >= duration;
    }

    private async Task HoldAsync(LeaseObject lease, Deadline limit, CancellationToken cancellationToken)
    {
        var term = new Term();
        LogLeading(Identity);
        Enter(new State { IsKnown = true, Term = term, Limit = limit });
        try
        {
            var wait = RenewInterval;
            while (!_steppedDown && Current == term)
            {
                using var over = new CancellationTokenSource(limit.Left(time), time);
                using var until = CancellationTokenSource.CreateLinkedTokenSource(over.Token, term.Ended, cancellationToken);
                await Task.Delay(wait, time, until.Token);
                var next = Deadline.In(RenewDeadline, time);
                try
                {
                    using var turn = LoopTurn.Begin();
                    lease = await RenewAsync(lease, until.Token);
                    Enter(_state with { Limit = limit = next, Problem = null });
                    wait = RenewInterval;
                }
                catch (KubernetesApiException e) when (e.Reason is not ApiErrorReason.NotLeading)
                {
                    Enter(_state with { Problem = e.Message });
                    wait = RetryPeriod;
                }
            }
        }
        catch (KubernetesApiException)
        {
            // NotLeading: another agent has taken the Lease.
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // Stepped down, or not renewed in time: a renewal that hangs fails with no error of its own.
            if (!_steppedDown && _state.Problem is null) Enter(_state with { Problem = "the Lease was not renewed in time" });
        }
        finally
        {
            term.End();
            if (!_steppedDown) LogLost(_state.Problem);
            Enter(_state with { Term = null, Limit = null });
        }
    }

    /// <exception cref="KubernetesApiException">NotLeading: it is another's; else: it did not work.</exception>
    private async Task<LeaseObject> RenewAsync(LeaseObject lease, CancellationToken cancellationToken)
    {
        try
        {
            return await PatchAsync(lease.Renew(time.GetUtcNow()), cancellationToken);
        }
        catch (KubernetesApiException e) when (e.Reason is ApiErrorReason.Conflict)
        {
            // Changed by an own renewal whose answer was lost, by a person, or by another agent.
            var current = await ReadAsync(cancellationToken);
            if (current?.Spec.HolderIdentity != Identity)
                throw new KubernetesApiException(ApiErrorReason.NotLeading, $"{current?.Spec.HolderIdentity} took the Lease");
            return await PatchAsync(current.Renew(time.GetUtcNow()), cancellationToken);
        }
    }

    private Task<LeaseObject?> ReadAsync(CancellationToken cancellationToken) =>
        api.FindAsync(KubernetesKinds.Lease, _name, LeaseJson.Default.LeaseObject, cancellationToken);

    private Task<LeaseObject> PatchAsync(System.Text.Json.Nodes.JsonObject patch, CancellationToken cancellationToken) =>
        api.MergePatchAsync(KubernetesKinds.Lease, _name, patch, LeaseJson.Default.LeaseObject, cancellationToken);

    private Task WaitUntilAsync(Func<State, bool> condition, CancellationToken cancellationToken) =>
        _changed.WaitUntilAsync(() => condition(_state), cancellationToken);

    private void Enter(State state)
    {
        if (_state == state) return;
        if (state is { Problem: { } problem, Term: null } && _state.Problem is null) LogCannotLead(problem);
        _state = state;
        _changed.Set();
    }

    private sealed record State
    {
        public bool IsKnown { get; init; }

        public string? OtherLeader { get; init; }

        public Term? Term { get; init; }

        public Deadline? Limit { get; init; }

        public string? Problem { get; init; }
    }

    private sealed record Observation(string Version, long At);

    [LoggerMessage(1201, LogLevel.Information, "{Identity} leads")]
    private partial void LogLeading(string identity);

    [LoggerMessage(1202, LogLevel.Information, "Standby: {Leader} leads")]
    private partial void LogStandby(string leader);

    [LoggerMessage(1203, LogLevel.Warning, "The Lease is lost, work stops: {Problem}")]
    private partial void LogLost(string? problem);

    [LoggerMessage(1205, LogLevel.Warning, "Leader election fails, the Lease cannot be read or acquired: {Problem}")]
    private partial void LogCannotLead(string problem);

    [LoggerMessage(1204, LogLevel.Information, "{Identity} released the Lease")]
    private partial void LogReleased(string identity);
}
