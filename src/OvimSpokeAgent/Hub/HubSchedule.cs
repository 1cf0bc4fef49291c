using OvimSpokeAgent.Supervision;

namespace OvimSpokeAgent.Hub;

/// <summary>
/// When the agent turns to the hub next. Pure but for the jitter, so that a fleet of agents can be simulated by the very
/// rules that the loops follow.
/// </summary>
/// <param name="heartbeat"><c>OVIM_HEARTBEAT_INTERVAL</c>.</param>
/// <param name="poll">Time between two polls when nothing is queued.</param>
/// <param name="jitter">Spreads agents that would come together.</param>
internal sealed class HubSchedule(TimeSpan heartbeat, TimeSpan poll, Jitter jitter)
{
    private const double PollSpread = 0.2;
    private static readonly TimeSpan MaxFailedPollInterval = TimeSpan.FromSeconds(30);

    // Once the hub pushes, polls are the safety net.
    private static readonly TimeSpan MinPollIntervalWithPush = TimeSpan.FromSeconds(30);

    private readonly Backoff _betweenRetries = new(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(60), jitter);

    /// <summary>How long after a report's beginning the next one is due, and whether a change of state may hasten it.</summary>
    /// <param name="before">The facts before the report.</param>
    /// <param name="after">The facts after it.</param>
    public (TimeSpan Wait, bool MayBeSooner) AfterReport(HubLinkStatus before, HubLinkStatus after)
    {
        if (!after.IsRegistered) return (_betweenRetries.After(after.MissedReports - 1), false);
        // A fleet that lost its hub comes back spread over the retries; here it spreads over the interval again.
        var isReconnect = !before.IsRegistered && before.LastContact is not null;
        return isReconnect ? (heartbeat * jitter(), false) : (heartbeat, after.MissedReports == 0);
    }

    /// <summary>How long after an empty or failed poll the next one is due.</summary>
    /// <param name="failures">Polls that failed in a row.</param>
    /// <param name="isPushed">A push was accepted. That the hub could push says nothing: it may never do.</param>
    public TimeSpan AfterPoll(int failures, bool isPushed = false)
    {
        var interval = isPushed && poll < MinPollIntervalWithPush ? MinPollIntervalWithPush : poll;
        var wait = TimeSpan.FromTicks(interval.Ticks << Math.Clamp(failures - 1, 0, 16));
        var longest = TimeSpans.Max(interval, MaxFailedPollInterval);
        return jitter.Around(TimeSpans.Min(wait, longest), PollSpread);
    }
}
