namespace OvimSpokeAgent.Supervision;

/// <summary>The health of one component. Checks look at what is in memory: no request, no wait.</summary>
internal interface IHealthCheck
{
    string Name { get; }

    /// <summary>Whether the agent is not ready while this is unhealthy.</summary>
    bool NeededForReady { get; }

    HealthFinding Check();
}
