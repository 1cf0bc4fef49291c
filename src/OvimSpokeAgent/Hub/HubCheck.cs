using OvimSpokeAgent.Configuration;
using OvimSpokeAgent.Supervision;

namespace OvimSpokeAgent.Hub;

/// <summary>
/// The way to the hub. While the hub takes no reports, this decides nothing about the agent's state, which has values of its
/// own for that.
/// </summary>
internal sealed class HubCheck(HubConnection connection, AgentSettings settings) : IHealthCheck
{
    public const string ComponentName = "hub";

    public string Name => ComponentName;

    public bool NeededForReady => false;

    public HealthFinding Check()
    {
        if (connection.IsSilent) return HealthFinding.Healthy("another agent reports to it");
        var link = connection.Link;
        if (!link.IsRegistered)
        {
            return HealthFinding.Degraded(link.Problem is null
                ? $"connecting to {settings.Hub.Endpoint}"
                : $"connecting to {settings.Hub.Endpoint}: {link.Problem}");
        }
        if (link is { IsIdInUse: true, Problem: { } inUse }) return HealthFinding.Degraded(inUse);
        if (link.Problem is not null)
            return HealthFinding.Warning($"the last {link.MissedReports} reports were not taken: {link.Problem}");
        if (connection.PollProblem is { } problem) return HealthFinding.Degraded($"registered, but it gives no operations: {problem}");
        return settings.Hub.TlsInsecure
            ? HealthFinding.Warning("registered, but OVIM_HUB_TLS_INSECURE accepts any certificate")
            : HealthFinding.Healthy("registered");
    }
}
