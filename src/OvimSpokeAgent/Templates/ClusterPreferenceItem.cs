using OvimSpokeAgent.Cluster;

namespace OvimSpokeAgent.Templates;

/// <summary>A preference of the cluster that there is.</summary>
internal sealed record ClusterPreferenceItem
{
    public static WatchSpec<AnyObject, ClusterPreferenceItem> Watch { get; } = new()
    {
        Kind = OfferedKinds.ClusterPreference,
        Type = ClusterJson.Default.AnyObject,
        Project = (_, _) => new ClusterPreferenceItem(),
        IsOptional = true,
    };
}
