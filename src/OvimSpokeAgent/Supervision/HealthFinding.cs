namespace OvimSpokeAgent.Supervision;

/// <summary>What a check says.</summary>
internal readonly record struct HealthFinding(HealthStatus Status, string Message)
{
    public static HealthFinding Healthy(string message) => new(HealthStatus.Healthy, message);

    public static HealthFinding Warning(string message) => new(HealthStatus.Warning, message);

    public static HealthFinding Degraded(string message) => new(HealthStatus.Degraded, message);

    public static HealthFinding Unhealthy(string message) => new(HealthStatus.Unhealthy, message);
}
