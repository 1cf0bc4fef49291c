using OvimSpokeAgent.Health;

namespace OvimSpokeAgent.LocalApi;

/// <summary><c>/debug/state</c>: what the agent is, how it is and how that changed.</summary>
internal sealed record StateDocument
{
    public required string AgentId { get; init; }

    public required string ClusterId { get; init; }

    public required string ZoneId { get; init; }

    public required string Namespace { get; init; }

    public required string Version { get; init; }

    /// <summary>The agent's clock; all times here are by it.</summary>
    public required DateTimeOffset Now { get; init; }

    public required DateTimeOffset StartedAt { get; init; }

    public required string State { get; init; }

    public required DateTimeOffset Since { get; init; }

    /// <summary><c>leader</c>, <c>standby</c>, or <c>candidate</c> while that is not known.</summary>
    public required string Mode { get; init; }

    /// <summary>The agent that leads while this one is a standby.</summary>
    public string? Leader { get; init; }

    public string? LeadershipProblem { get; init; }

    public required bool Ready { get; init; }

    public required bool Stopping { get; init; }

    public required long MemoryBytes { get; init; }

    /// <summary>The most that the container may have; absent: as much as there is.</summary>
    public long? MemoryLimitBytes { get; init; }

    public required LogLevelDocument LogLevel { get; init; }

    /// <summary>The last <see cref="StateHistory.Kept"/> changes, the newest first.</summary>
    public required IReadOnlyList<StateChangeDocument> History { get; init; }
}

/// <summary>What is logged at least.</summary>
/// <param name="Current">The level now.</param>
/// <param name="Configured">What the setting says.</param>
/// <param name="ReturnsAt">When the configured one comes back; absent: it is there.</param>
internal sealed record LogLevelDocument(string Current, string Configured, DateTimeOffset? ReturnsAt);

/// <summary>A change of the state.</summary>
internal sealed record StateChangeDocument(DateTimeOffset At, string From, string To, string Reason);
