using OvimSpokeAgent.Cluster;

namespace OvimSpokeAgent.VirtualMachines;

/// <summary>
/// The agent's own labels and annotations on a disk. Those that it sets, and no others: anyone may write as many that look like them
/// as an object holds.
/// </summary>
internal static class DiskMarks
{
    private static readonly string[] Keys =
    [
        WellKnownNames.ManagedByLabel, WellKnownNames.FormerManagedByLabel, WellKnownNames.VmLabel, WellKnownNames.VdcLabel,
        WellKnownNames.VdcNameLabel, WellKnownNames.OrganizationLabel, WellKnownNames.ZoneLabel, WellKnownNames.TemplateLabel,
        WellKnownNames.CreatedByAnnotation, WellKnownNames.OperationAnnotation, WellKnownNames.IncompleteAnnotation,
    ];

    /// <summary>The keys of those that are among labels or annotations.</summary>
    public static IEnumerable<string> Of(IReadOnlyDictionary<string, string>? entries) => entries is null ? [] : Keys.Where(key =>
        entries.TryGetValue(key, out var value) && (key != WellKnownNames.ManagedByLabel || value == WellKnownNames.Agent));

    /// <summary>Those alone, without what they say; null: there are none.</summary>
    public static IReadOnlyDictionary<string, string>? Alone(IReadOnlyDictionary<string, string>? entries) =>
        Of(entries).ToDictionary(mark => mark, _ => WellKnownNames.Agent) is { Count: > 0 } marks ? marks : null;
}
