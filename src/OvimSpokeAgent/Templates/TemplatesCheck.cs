using OvimSpokeAgent.Configuration;
using OvimSpokeAgent.Supervision;

namespace OvimSpokeAgent.Templates;

/// <summary>How many templates there are, what keeps them from being stored, and what is wrong with those of the hub.</summary>
internal sealed class TemplatesCheck(TemplateCache cache, TemplateSource source, TemplatePull pull, AgentSettings settings) : IHealthCheck
{
    private const int ShownProblems = 3;

    public string Name => "templates";

    public bool NeededForReady => false;

    public HealthFinding Check()
    {
        if (!cache.IsLeading) return HealthFinding.Healthy("kept by the agent that leads");
        if (cache.Problem is { } problem) return HealthFinding.Warning($"templates cannot be read or stored: {problem}");
        if (cache.Count is not { } count) return HealthFinding.Healthy("not read yet");
        var known = (count == 1 ? "1 template" : $"{count} templates") + (source.OfCluster is { } others ? $"; {others}" : "");
        if (cache.Lost is { Count: > 0 } lost)
        {
            return HealthFinding.Warning(
                $"{known}; others may be missing until the hub sends them again: {string.Join("; ", lost.Take(ShownProblems))}");
        }
        List<string> problems = [];
        if (settings.Templates.Sync && pull.Problem is { } why) problems.Add($"the hub's cannot be taken: {why}");
        if (pull.Rejected is { Count: > 0 } rejected) problems.Add($"of the hub's {rejected.Count} are rejected: {RejectedTemplates.Some(rejected)}");
        if (source.Unusable() is { Count: > 0 } unusable) problems.Add($"{unusable.Count} are not usable here: {RejectedTemplates.Some(unusable)}");
        if (problems.Count > 0) return HealthFinding.Warning($"{known}; {string.Join("; ", problems)}");
        return HealthFinding.Healthy(settings.Templates.Sync ? known : $"{known}; {SettingsTable.TemplateSync.Name} is false");
    }
}
