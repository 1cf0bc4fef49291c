using System.Text.Json.Serialization;

namespace OvimSpokeAgent.Health;

/// <summary>How well a component does; the worst decides for the agent.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<HealthStatus>))]
internal enum HealthStatus
{
    Healthy,

    /// <summary>Works; someone should look at it in time. The agent's state stays Healthy: hubs give a degraded agent less work.</summary>
    Warning,

    Degraded,
    Unhealthy,
}

/// <summary>What a check says.</summary>
internal readonly record struct HealthFinding(HealthStatus Status, string Message)
{
    public static HealthFinding Healthy(string message) => new(HealthStatus.Healthy, message);

    public static HealthFinding Warning(string message) => new(HealthStatus.Warning, message);

    public static HealthFinding Degraded(string message) => new(HealthStatus.Degraded, message);

    public static HealthFinding Unhealthy(string message) => new(HealthStatus.Unhealthy, message);
}

/// <summary>The health of one component. Checks look at what is in memory: no request, no wait.</summary>
internal interface IHealthCheck
{
    string Name { get; }

    /// <summary>Whether the agent is not ready while this is unhealthy.</summary>
    bool NeededForReady { get; }

    HealthFinding Check();
}

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

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DictionaryKeyPolicy = JsonKnownNamingPolicy.Unspecified,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(HealthDocument))]
internal sealed partial class HealthJson : JsonSerializerContext;
