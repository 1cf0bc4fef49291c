using OvimSpokeAgent.Supervision;

namespace OvimSpokeAgent.Hub;

/// <summary>
/// What is known of the way to the hub: whether it answers, since when not, and why. Reports decide it; other parts ask
/// and wait. Of polls it is only known whether they fail.
/// </summary>
internal sealed class HubConnection(TimeProvider time)
{
    /// <summary>How many reports in a row must fail before the hub counts as gone.</summary>
    public const int MissedReportsUntilLost = 3;

    private const int FailedPollsUntilProblem = 3;

    private readonly AsyncSignal _changed = new();
    private volatile HubLinkStatus _link = new();
    private volatile string? _pollProblem;
    private volatile bool _isPushed;
    private volatile bool _isSilent;
    private int _failedPolls;

    public HubLinkStatus Link => _link;

    /// <summary>Why the hub gives no operations, after three polls in a row that failed; null: it does.</summary>
    public string? PollProblem => _pollProblem;

    /// <summary>The hub pushes: an operation was accepted that way since the agent started.</summary>
    public bool IsPushed => _isPushed;

    /// <summary>Another agent reports for both: what this one knows of the hub is of before.</summary>
    public bool IsSilent
    {
        get => _isSilent;
        set => _isSilent = value;
    }

    /// <summary>Raised after every change, with the new facts.</summary>
    public event Action<HubLinkStatus>? Changed;

    /// <summary>A report was taken: the agent is registered.</summary>
    public void Succeeded() => Set(new HubLinkStatus { IsRegistered = true, LastContact = time.GetUtcNow() });

    /// <summary>An attempt begins to reach a hub that is not there.</summary>
    public void Trying()
    {
        if (!_link.IsRegistered) Set(_link with { IsTrying = true });
    }

    /// <summary>A report was not taken.</summary>
    /// <param name="reason">Why.</param>
    /// <param name="isIdInUse">Whether the hub says that another live agent has this agent's id.</param>
    /// <param name="isRefusal">Whether the hub is there, and refuses what it was sent.</param>
    public void Failed(string reason, bool isIdInUse = false, bool isRefusal = false)
    {
        var missed = _link.MissedReports + 1;
        Set(_link with
        {
            MissedReports = missed,
            IsIdInUse = _link.IsIdInUse || isIdInUse,
            IsRegistered = _link.IsRegistered && missed < MissedReportsUntilLost,
            IsTrying = false,
            IsRefused = isRefusal,
            Problem = reason,
        });
    }

    /// <summary>The hub did not answer a poll, or not as it should.</summary>
    public void PollFailed(string reason)
    {
        if (++_failedPolls >= FailedPollsUntilProblem) _pollProblem = reason;
    }

    /// <summary>The hub answered a poll.</summary>
    public void PollAnswered() => (_failedPolls, _pollProblem) = (0, null);

    /// <summary>An operation that the hub pushed is stored.</summary>
    public void PushAccepted() => _isPushed = true;

    /// <summary>
    /// Completes as soon as what the hub has queued under this agent's id is this agent's: it takes its reports, or did, and
    /// refuses one for what is in it.
    /// </summary>
    public Task WaitUntilOperationsMayBeTakenAsync(CancellationToken cancellationToken) => _changed.WaitUntilAsync(
        () => _link is { IsIdInUse: false } and ({ IsRegistered: true } or { IsRefused: true, LastContact: not null }), cancellationToken);

    private void Set(HubLinkStatus link)
    {
        _link = link;
        _changed.Set();
        Changed?.Invoke(link);
    }
}

/// <summary>The facts of the way to the hub at one moment.</summary>
internal sealed record HubLinkStatus
{
    /// <summary>The hub took a report, and no three failed since.</summary>
    public bool IsRegistered { get; init; }

    /// <summary>Not registered, and an attempt is under way.</summary>
    public bool IsTrying { get; init; }

    /// <summary>When a report was last taken; null: never.</summary>
    public DateTimeOffset? LastContact { get; init; }

    /// <summary>Reports that failed in a row.</summary>
    public int MissedReports { get; init; }

    /// <summary>Why the last one failed; null when it did not.</summary>
    public string? Problem { get; init; }

    /// <summary>The hub answered the last report, and refused it for what is in it: it is there, and queues what it did before.</summary>
    public bool IsRefused { get; init; }

    /// <summary>The hub said that another live agent has this agent's id, and took no report since: what it queues is the other's.</summary>
    public bool IsIdInUse { get; init; }
}
