using OvimSpokeAgent.Configuration;
using OvimSpokeAgent.Supervision;

namespace OvimSpokeAgent.Hub;

/// <summary>Whether operations may be pushed, and by whom.</summary>
internal sealed class PushCheck(AgentSettings settings) : IHealthCheck
{
    public string Name => "push";

    public bool NeededForReady => false;

    public HealthFinding Check() => settings.Push switch
    {
        { AllowsUnproven: true } push => HealthFinding.Warning(
            $"{SettingsTable.PushUnproven.Name} accepts operations without proof from {string.Join(", ", push.UnprovenFrom)}"),
        { CanBeProven: true } => HealthFinding.Healthy("operations that prove themselves are accepted"),
        _ => HealthFinding.Healthy("off"),
    };
}
