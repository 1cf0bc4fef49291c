using OvimSpokeAgent.Supervision;

namespace OvimSpokeAgent.Cluster;

/// <summary>Whether the API server answers, and knows the agent.</summary>
internal sealed class ClusterCheck(ClusterConnectivity connectivity) : IHealthCheck
{
    public string Name => "cluster";

    public bool NeededForReady => false;

    public HealthFinding Check() => connectivity switch
    {
        { IsReachable: false } => HealthFinding.Unhealthy($"the API server does not answer: {connectivity.LastError}"),
        { Refusal: { } refusal } => HealthFinding.Unhealthy($"the API server does not accept the agent's credentials: {refusal}"),
        _ => HealthFinding.Healthy("the API server answers"),
    };
}
