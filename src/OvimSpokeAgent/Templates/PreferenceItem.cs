using OvimSpokeAgent.Cluster;

namespace OvimSpokeAgent.Templates;

/// <summary>A preference of a namespace that there is.</summary>
internal sealed record PreferenceItem(NamespacedName Name)
{
    public static WatchSpec<AnyObject, PreferenceItem> Watch { get; } = new()
    {
        Kind = OfferedKinds.Preference,
        Type = ClusterJson.Default.AnyObject,
        Project = (item, _) => new PreferenceItem(item.Metadata.Key),
        IsOptional = true,
    };
}
