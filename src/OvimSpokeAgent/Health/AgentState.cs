using OvimSpokeAgent.Supervision;

namespace OvimSpokeAgent.Health;

/// <summary>The agent's state as a whole.</summary>
internal enum AgentState
{
    /// <summary>No hub took a report yet, or the agent tries again after it lost the hub.</summary>
    Connecting,

    Healthy,

    /// <summary>Works, with something missing.</summary>
    Degraded,

    /// <summary>Cannot do its main job.</summary>
    Unhealthy,

    /// <summary>The hub has been unreachable for three heartbeats.</summary>
    Disconnected,
}

/// <summary>The state machine: which state follows from which state and fact.</summary>
internal static class AgentStateMachine
{
    /// <summary>The next state.</summary>
    /// <param name="current">The state so far.</param>
    /// <param name="isRegistered">The hub takes reports.</param>
    /// <param name="isTrying">A new attempt to reach a lost hub has begun.</param>
    /// <param name="health">The worst of the components; counts while the hub takes reports.</param>
    public static AgentState Next(AgentState current, bool isRegistered, bool isTrying, HealthStatus health)
    {
        if (isRegistered)
        {
            return health switch
            {
                HealthStatus.Healthy or HealthStatus.Warning => AgentState.Healthy,
                HealthStatus.Degraded => AgentState.Degraded,
                _ => AgentState.Unhealthy,
            };
        }
        return current switch
        {
            AgentState.Connecting => AgentState.Connecting,
            AgentState.Disconnected when isTrying => AgentState.Connecting,
            _ => AgentState.Disconnected,
        };
    }

    /// <summary>The contract's word for a state.</summary>
    /// <param name="state">The state.</param>
    /// <param name="healthyWord">The word for <see cref="AgentState.Healthy"/>.</param>
    public static string ToWire(AgentState state, string healthyWord) => state switch
    {
        AgentState.Healthy => healthyWord,
        AgentState.Degraded or AgentState.Connecting => "degraded",
        _ => Unavailable,
    };

    /// <summary>What the last report before the end says, too.</summary>
    public const string Unavailable = "unavailable";
}
