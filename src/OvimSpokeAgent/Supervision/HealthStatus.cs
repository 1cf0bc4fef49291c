using System.Text.Json.Serialization;

namespace OvimSpokeAgent.Supervision;

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
