using OvimSpokeAgent.Supervision;

namespace OvimSpokeAgent.Capacity;

/// <summary>
/// Whether it is known what the cluster has and uses. Never more than a warning: the agent does its work without, and a hub gives a
/// degraded agent less of it.
/// </summary>
internal sealed class UsageCheck(ClusterFiguresReader figures, UsageCollector usage) : IHealthCheck
{
    public string Name => "cluster-metrics";

    public bool NeededForReady => false;

    public HealthFinding Check()
    {
        var (warnings, nodes, measured) = figures.Look();
        var text = string.Join("; ", warnings);
        if (nodes is null || (usage.Status.State is UsageState.Measured or UsageState.Failing && warnings.Count > 0)) return HealthFinding.Warning(text);
        // A cluster without metrics-server is a choice.
        return HealthFinding.Healthy(warnings.Count > 0 ? text : $"{measured} of {nodes} nodes measured");
    }
}
