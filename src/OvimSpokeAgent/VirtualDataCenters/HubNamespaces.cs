using OvimSpokeAgent.Cluster;

namespace OvimSpokeAgent.VirtualDataCenters;

/// <summary>A namespace that the hub's own controller made on the hub's cluster; of one that is a VDC, its name.</summary>
internal sealed record HubNamespace
{
    public required string Name { get; init; }

    public required string Uid { get; init; }

    /// <summary>The VDC; null: it is none.</summary>
    public string? VdcName { get; init; }

    public required bool IsTerminating { get; init; }

    public required KeptLabels Labels { get; init; }

    public DateTimeOffset? CreatedAt { get; init; }

    public required DateTimeOffset SeenAt { get; init; }

    public static HubNamespace From(NamespaceObject ns, DateTimeOffset now)
    {
        var labels = ns.Metadata.Labels ?? new Dictionary<string, string>();
        return new HubNamespace
        {
            Name = ns.Metadata.Name,
            Uid = ns.Metadata.Uid,
            VdcName = OtherOwners.VdcNameOf(labels),
            IsTerminating = ns.Metadata.DeletionTimestamp is not null,
            Labels = KeptLabels.ForReport(labels),
            CreatedAt = ns.Metadata.CreationTimestamp,
            SeenAt = now,
        };
    }
}

/// <summary>
/// Namespaces of VDCs that the agent did not make, by their labels: those of agents before this one, which it takes over, and those of the
/// hub's own controller, in which it owns nothing. Pure.
/// </summary>
internal static class OtherOwners
{
    /// <summary>Selects the namespaces of the hub's own controller.</summary>
    public const string HubSelector = $"{Names.ManagedByLabel}={HubController}";

    /// <summary>On the namespaces and objects of former agents.</summary>
    public const string FormerLabel = Names.FormerManagedByLabel;

    /// <summary>Selects what former agents made.</summary>
    public const string FormerSelector = $"{FormerLabel} in (spoke-agent,ovim-spoke-agent)";

    private const string HubController = "ovim";
    private const string VdcNameLabel = Names.VdcNameLabel;

    private static readonly string[] FormerAgents = ["spoke-agent", "ovim-spoke-agent"];

    /// <summary>Whether a former agent made it, as some VDC.</summary>
    public static bool IsFormerAgents(IReadOnlyDictionary<string, string> labels) =>
        FormerAgents.Contains(labels.GetValueOrDefault(FormerLabel)) && VdcNameOf(labels) is not null;

    /// <summary>Whether a former agent made it as the VDC of this name.</summary>
    public static bool IsFormerAgents(IReadOnlyDictionary<string, string> labels, string vdcName) =>
        IsFormerAgents(labels) && IsNamed(labels, vdcName);

    /// <summary>Whether the hub's own controller made it.</summary>
    public static bool IsHubs(IReadOnlyDictionary<string, string> labels) => labels.GetValueOrDefault(Names.ManagedByLabel) == HubController;

    /// <summary>Whether the labels name this VDC.</summary>
    public static bool IsNamed(IReadOnlyDictionary<string, string> labels, string vdcName) =>
        labels.GetValueOrDefault(VdcNameLabel) == vdcName || labels.GetValueOrDefault(Names.VdcLabel) == vdcName;

    /// <summary>The VDC that the labels name; null: none.</summary>
    public static string? VdcNameOf(IReadOnlyDictionary<string, string> labels) =>
        labels.GetValueOrDefault(VdcNameLabel) ?? labels.GetValueOrDefault(Names.VdcLabel);
}
