using OvimSpokeAgent.Cluster;

namespace OvimSpokeAgent.Templates;

/// <summary>A NetworkAttachmentDefinition that there is.</summary>
internal sealed record NetworkItem(NamespacedName Name)
{
    public static WatchSpec<AnyObject, NetworkItem> Watch { get; } = new()
    {
        Kind = OfferedKinds.Network,
        Type = ClusterJson.Default.AnyObject,
        Project = (item, _) => new NetworkItem(item.Metadata.Key),
        IsOptional = true,
    };
}
