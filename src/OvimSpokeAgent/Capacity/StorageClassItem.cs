using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Validation;
using OvimSpokeAgent.VirtualMachines;

namespace OvimSpokeAgent.Capacity;

/// <summary>A StorageClass that there is.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Provisioner">The driver that makes its volumes.</param>
/// <param name="IsDefault">Claims that name no class get this one.</param>
/// <param name="IsDefaultOfKubeVirt">VMs' disks that name no class get this one, before the other.</param>
/// <param name="Created">Of several defaults the one made last is it.</param>
internal sealed record StorageClassItem(string Name, string Provisioner, bool IsDefault, bool IsDefaultOfKubeVirt, DateTimeOffset? Created)
{
    private const int MaxNameLength = 253;

    /// <summary>How much it is the class of disks that name none (CDI, doc/datavolumes.md); 0 is not at all.</summary>
    public int Default => IsDefaultOfKubeVirt ? 2 : IsDefault ? 1 : 0;

    public static WatchSpec<StorageClassObject, StorageClassItem> Watch { get; } = new()
    {
        Kind = KubernetesKinds.StorageClass,
        Type = KubeVirtJson.Default.StorageClassObject,
        Project = (item, _) => new StorageClassItem(
            item.Metadata.Name,
            JsonText.Shorten(item.Provisioner ?? "", MaxNameLength),
            item.Metadata.Annotation("storageclass.kubernetes.io/is-default-class") == "true",
            item.Metadata.Annotation("storageclass.kubevirt.io/is-default-virt-class") == "true",
            item.Metadata.CreationTimestamp),
        IsOptional = true,
    };
}
