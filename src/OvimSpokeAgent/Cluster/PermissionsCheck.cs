using OvimSpokeAgent.Supervision;

namespace OvimSpokeAgent.Cluster;

/// <summary>What the agent may not do and would need to.</summary>
internal sealed class PermissionsCheck(PermissionMonitor permissions) : IHealthCheck
{
    public string Name => "permissions";

    public bool NeededForReady => false;

    public HealthFinding Check() => permissions.Missing switch
    {
        null => HealthFinding.Healthy("not checked yet"),
        [] => HealthFinding.Healthy("all granted"),
        var missing when missing.All(permission => permission.IsOptional) =>
            HealthFinding.Warning($"not allowed, the agent does without: {string.Join(", ", missing)}"),
        var missing => HealthFinding.Degraded($"not allowed: {string.Join(", ", missing)}"),
    };
}
