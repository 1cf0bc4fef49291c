using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Validation;
using OvimSpokeAgent.VirtualMachines;

namespace OvimSpokeAgent.Capacity;

/// <summary>A StorageClass that there is.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Provisioner">The driver that makes its volumes.</param>
/// <param name="Default">Whether disks that name no class get this one.</param>
internal sealed record StorageClassItem(string Name, string Provisioner, DefaultStorageClass Default)
{
    private const int MaxNameLength = 253;

    public static WatchSpec<StorageClassObject, StorageClassItem> Watch { get; } = new()
    {
        Kind = KubernetesKinds.StorageClass,
        Type = KubeVirtJson.Default.StorageClassObject,
        Project = (item, _) => new StorageClassItem(
            item.Metadata.Name, JsonText.Shorten(item.Provisioner ?? "", MaxNameLength), DefaultStorageClass.Of(item.Metadata)),
        IsOptional = true,
    };
}
