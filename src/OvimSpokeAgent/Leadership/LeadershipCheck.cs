using OvimSpokeAgent.Supervision;

namespace OvimSpokeAgent.Leadership;

/// <summary>Whether this agent works, or stands by for another.</summary>
internal sealed class LeadershipCheck(ILeadership leadership) : IHealthCheck
{
    public string Name => "leadership";

    public bool NeededForReady => false;

    public HealthFinding Check()
    {
        if (leadership.Problem is { } problem)
        {
            return HealthFinding.Degraded(leadership.Current is null
                ? $"does not lead, no operations are taken or executed: {problem}"
                : $"leads, but the Lease could not be renewed: {problem}");
        }
        return leadership switch
        {
            { Current: not null } => HealthFinding.Healthy("leads"),
            { OtherLeader: { } other } => HealthFinding.Healthy($"standby: {other} leads"),
            _ => HealthFinding.Degraded("does not lead, no operations are taken or executed"),
        };
    }
}
