namespace OvimSpokeAgent.Supervision;

/// <summary>The agent's own loops: whether one failed within the last minute.</summary>
internal sealed class LoopsCheck(RunningLoops registry) : IHealthCheck
{
    public string Name => "loops";

    public bool NeededForReady => false;

    public HealthFinding Check()
    {
        var failing = registry.Loops.Where(loop => loop.RecentFailure is not null)
            .Select(loop => $"{loop.Name} failed: {loop.RecentFailure!.Message}")
            .ToList();
        return failing.Count == 0 ? HealthFinding.Healthy("running") : HealthFinding.Degraded(string.Join("; ", failing));
    }
}
