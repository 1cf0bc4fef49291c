using OvimSpokeAgent.Configuration;
using OvimSpokeAgent.Supervision;

namespace OvimSpokeAgent.Templates;

/// <summary>How many templates there are, what keeps them from being stored, and what is wrong with those of the hub.</summary>
internal sealed class TemplatesCheck(TemplateCache cache, TemplatePull pull, AgentSettings settings) : IHealthCheck
{
    private const int ShownProblems = 3;

    public string Name => "templates";

    public bool NeededForReady => false;

    public HealthFinding Check()
    {
        if (cache.Problem is { } problem) return HealthFinding.Warning($"templates cannot be read or stored: {problem}");
        if (cache.Count is not { } count) return HealthFinding.Healthy("read by the agent that leads");
        var known = count == 1 ? "1 template" : $"{count} templates";
        if (cache.Lost is { Count: > 0 } lost)
        {
            return HealthFinding.Warning(
                $"{known}; others may be missing until the hub sends them again: {string.Join("; ", lost.Take(ShownProblems))}");
        }
        if (!settings.Templates.Sync) return HealthFinding.Healthy($"{known}; {SettingsTable.TemplateSync.Name} is false");
        if (pull.Problem is { } why) return HealthFinding.Warning($"{known}; the hub's cannot be taken: {why}");
        return pull.Rejected is { Count: > 0 } rejected
            ? HealthFinding.Warning($"{known}; of the hub's {rejected.Count} are rejected: {RejectedTemplates.Some(rejected)}")
            : HealthFinding.Healthy(known);
    }
}
