using OvimSpokeAgent.Configuration;
using OvimSpokeAgent.Supervision;

namespace OvimSpokeAgent.Health;

/// <summary>
/// The agent's own loops: whether one failed within the last minute; and whether one stands still or fails again and again by itself,
/// so that only a new process helps. Then the agent is not alive any more.
/// </summary>
internal sealed class LoopsCheck(RunningLoops registry, AgentSettings settings) : IHealthCheck
{
    public string Name => "loops";

    public bool NeededForReady => false;

    /// <summary>Why the process has to be started anew; empty: it need not.</summary>
    public IReadOnlyList<string> Fatal => [.. registry.Loops.Select(FatalOf).OfType<string>()];

    public HealthFinding Check()
    {
        if (Fatal is { Count: > 0 } fatal) return HealthFinding.Unhealthy(string.Join("; ", fatal));
        var failing = registry.Loops.Where(loop => loop.RecentFailure is not null)
            .Select(loop => $"{loop.Name} failed: {loop.RecentFailure!.Message}")
            .ToList();
        return failing.Count == 0 ? HealthFinding.Healthy("running") : HealthFinding.Degraded(string.Join("; ", failing));
    }

    private string? FatalOf(ILoopStatus loop)
    {
        if (loop.StandsStillFor is var still && still >= LoopTurn.Limit)
            return $"{loop.Name} stands still for {still:hh\\:mm\\:ss}, expected less than {LoopTurn.Limit.TotalMinutes} minutes";
        if (loop.OwnFailures is var failures && failures >= settings.ComponentRestartLimit)
        {
            return $"{loop.Name} failed {failures} times in {ILoopStatus.RestartPeriod.TotalMinutes} minutes, "
                + $"expected less than {settings.ComponentRestartLimit} (OVIM_COMPONENT_RESTART_LIMIT)";
        }
        return null;
    }
}
