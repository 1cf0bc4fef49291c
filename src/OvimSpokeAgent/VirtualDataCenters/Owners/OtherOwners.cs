using OvimSpokeAgent.Cluster;

namespace OvimSpokeAgent.VirtualDataCenters;

/// <summary>
/// Namespaces of VDCs that the agent did not make, by their labels: those of agents before this one, which it takes over, and those of the
/// hub's own controller, in which it owns nothing. Pure.
/// </summary>
internal static class OtherOwners
{
    /// <summary>Selects the namespaces of the hub's own controller.</summary>
    public const string HubSelector = $"{WellKnownNames.ManagedByLabel}={HubController}";

    /// <summary>On the namespaces and objects of former agents.</summary>
    public const string FormerLabel = WellKnownNames.FormerManagedByLabel;

    /// <summary>Selects what former agents made.</summary>
    public const string FormerSelector = $"{FormerLabel} in (spoke-agent,ovim-spoke-agent)";

    private const string HubController = "ovim";
    private const string VdcNameLabel = WellKnownNames.VdcNameLabel;

    private static readonly string[] FormerAgents = ["spoke-agent", "ovim-spoke-agent"];

    /// <summary>Whether a former agent made it, as some VDC.</summary>
    public static bool IsFormerAgents(IReadOnlyDictionary<string, string> labels) =>
        FormerAgents.Contains(labels.GetValueOrDefault(FormerLabel)) && VdcNameOf(labels) is not null;

    /// <summary>Whether a former agent made it as the VDC of this name.</summary>
    public static bool IsFormerAgents(IReadOnlyDictionary<string, string> labels, string vdcName) =>
        IsFormerAgents(labels) && IsNamed(labels, vdcName);

    /// <summary>Whether the hub's own controller made it.</summary>
    public static bool IsHubs(IReadOnlyDictionary<string, string> labels) => labels.GetValueOrDefault(WellKnownNames.ManagedByLabel) == HubController;

    /// <summary>Whether the labels name this VDC.</summary>
    public static bool IsNamed(IReadOnlyDictionary<string, string> labels, string vdcName) =>
        labels.GetValueOrDefault(VdcNameLabel) == vdcName || labels.GetValueOrDefault(WellKnownNames.VdcLabel) == vdcName;

    /// <summary>The VDC that the labels name; null: none.</summary>
    public static string? VdcNameOf(IReadOnlyDictionary<string, string> labels) =>
        labels.GetValueOrDefault(VdcNameLabel) ?? labels.GetValueOrDefault(WellKnownNames.VdcLabel);
}
