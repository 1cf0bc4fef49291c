using OvimSpokeAgent.Cluster;

namespace OvimSpokeAgent.Templates;

/// <summary>A StorageClass that there is.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Default">How much it is the one that disks have which name none: 0 is not at all.</param>
/// <param name="Created">Of several that are it as much the one made last is it.</param>
internal sealed record StorageClassItem(string Name, int Default, DateTimeOffset? Created)
{
    // CDI takes KubeVirt's default before Kubernetes' (CDI, doc/datavolumes.md).
    private const string DefaultOfKubeVirt = "storageclass.kubevirt.io/is-default-virt-class";
    private const string DefaultOfKubernetes = "storageclass.kubernetes.io/is-default-class";

    public static WatchSpec<AnyObject, StorageClassItem> Watch { get; } = new()
    {
        Kind = OfferedKinds.StorageClass,
        Type = ClusterJson.Default.AnyObject,
        Project = (item, _) => new StorageClassItem(item.Metadata.Name, DefaultOf(item.Metadata), item.Metadata.CreationTimestamp),
        IsOptional = true,
    };

    private static int DefaultOf(ObjectMetadata metadata) =>
        metadata.Annotation(DefaultOfKubeVirt) == "true" ? 2 : metadata.Annotation(DefaultOfKubernetes) == "true" ? 1 : 0;
}
