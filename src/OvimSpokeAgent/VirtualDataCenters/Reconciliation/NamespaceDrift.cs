using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Configuration;

namespace OvimSpokeAgent.VirtualDataCenters;

/// <summary>
/// How the namespace of a VDC differs from what makes it this VDC: its labels, and the annotations that say what is declared and who
/// made it. Looser is a weaker pod security standard, a name that others' policies would take for another namespace, and a
/// declaration that the next agent could not read. Pure.
/// </summary>
internal static class NamespaceDrift
{
    /// <summary>The label of the pod security standard that is enforced (Kubernetes 1.23 and later).</summary>
    public const string PodSecurityLabel = "pod-security.kubernetes.io/enforce";

    // From the weakest on; without the label, or with a wrong one, the cluster's default holds, which is the first.
    private static readonly string[] Standards = ["privileged", "baseline", "restricted"];

    /// <param name="vdc">The VDC as the agent knows it.</param>
    /// <param name="labels">The labels that are there.</param>
    /// <param name="declared">The declaration that is there.</param>
    /// <param name="createdBy">Who made it, as it is there.</param>
    /// <param name="settings">The settings.</param>
    /// <param name="mayHaveMore">There are more labels than these: one without a meaning here that is missing is no difference.</param>
    public static Drift Of(
        DeclaredNamespace vdc, IReadOnlyDictionary<string, string> labels, string? declared, string? createdBy, AgentSettings settings,
        bool mayHaveMore = false)
    {
        if (!vdc.IsVdc || vdc.Declaration is not { } declaration) return new(false, []);
        var fields = new List<FieldDrift>();
        var wanted = VdcManifests.NamespaceLabels(vdc.Name, declaration, settings, labels.GetValueOrDefault(WellKnownNames.ZoneLabel));
        foreach (var (key, value) in wanted)
        {
            var there = labels.GetValueOrDefault(key);
            if (there != value && !(there is null && mayHaveMore && !KeptLabels.IsAlwaysKept(key))) fields.Add(new(["metadata", "labels", key], there, value));
        }
        if (declared is null || VdcDeclaration.Parse(declared) is not { Declaration.Name: not null })
            fields.Add(new(["metadata", "annotations", WellKnownNames.DeclaredAnnotation], declared, declaration.ToText()));
        if (createdBy is null) fields.Add(new(["metadata", "annotations", WellKnownNames.CreatedByAnnotation], null, vdc.MadeBy));
        return new(fields.Exists(IsLooser), fields);
    }

    private static bool IsLooser(FieldDrift field) => field.Path[1] == "annotations" || field.Path[2] switch
    {
        PodSecurityLabel => StrengthOf(field.Found) < StrengthOf(field.Wanted),
        NetworkPolicyManifests.NamespaceNameLabel => true,
        _ => false,
    };

    private static int StrengthOf(string? standard) => Math.Max(0, Array.IndexOf(Standards, standard));
}
