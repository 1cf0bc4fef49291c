using OvimSpokeAgent.Cluster;

namespace OvimSpokeAgent.Templates;

/// <summary>A StorageClass that there is.</summary>
internal sealed record StorageClassItem
{
    public static WatchSpec<AnyObject, StorageClassItem> Watch { get; } = new()
    {
        Kind = KubernetesKinds.StorageClass,
        Type = ClusterJson.Default.AnyObject,
        Project = (_, _) => new StorageClassItem(),
        IsOptional = true,
    };
}
