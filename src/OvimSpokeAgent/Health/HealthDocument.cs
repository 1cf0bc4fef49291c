using OvimSpokeAgent.Supervision;

namespace OvimSpokeAgent.Health;

/// <summary>A component in the health document.</summary>
internal sealed record ComponentHealth
{
    public required HealthStatus Status { get; init; }

    public required string Message { get; init; }

    public required DateTimeOffset LastCheck { get; init; }

    /// <summary>How long the check took.</summary>
    public required double DurationMs { get; init; }
}

/// <summary>The health document: <c>/health/status</c> and the result of <c>get_health</c>.</summary>
internal sealed record HealthDocument
{
    /// <summary>The agent's state.</summary>
    public required string State { get; init; }

    public required bool Ready { get; init; }

    public required double UptimeSeconds { get; init; }

    public required string Version { get; init; }

    public required string AgentId { get; init; }

    public required IReadOnlyDictionary<string, ComponentHealth> Components { get; init; }
}
