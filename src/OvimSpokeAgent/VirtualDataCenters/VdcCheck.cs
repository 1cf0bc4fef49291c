using OvimSpokeAgent.Supervision;
using OvimSpokeAgent.Validation;

namespace OvimSpokeAgent.VirtualDataCenters;

/// <summary>Whether VDCs are as they are declared, and as closed.</summary>
internal sealed class VdcCheck(VdcDeclarationCache namespaces, VdcConditions states) : IHealthCheck
{
    private const int Shown = 3;

    public string Name => "vdcs";

    public bool NeededForReady => false;

    public HealthFinding Check()
    {
        var vdcs = namespaces.Vdcs();
        var problems = vdcs.SelectMany(vdc => ProblemsOf(vdc).Select(problem => $"VDC {vdc.VdcName} ({vdc.Name}): {problem}")).ToList();
        return problems.Count == 0
            ? HealthFinding.Healthy($"{vdcs.Count} as declared")
            : HealthFinding.Degraded(ShortList.Sentences(problems, Shown));
    }

    private IEnumerable<string> ProblemsOf(DeclaredNamespace vdc)
    {
        var state = states.Get(vdc.Name);
        if (vdc.Problem is { } unreadable) yield return $"what is declared cannot be read: {unreadable}";
        if (state.Problem is { } problem) yield return problem;
        foreach (var weakening in state.WeakenedBy) yield return weakening.ToString();
        foreach (var contest in state.Contests) yield return contest;
    }
}
