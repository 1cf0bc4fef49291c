using OvimSpokeAgent.Cluster;

namespace OvimSpokeAgent.VirtualMachines;

/// <summary>How much a StorageClass is the one of disks that name none: KubeVirt's default goes before Kubernetes' (CDI, doc/datavolumes.md).</summary>
/// <param name="Name">The class.</param>
/// <param name="IsOfKubernetes">Claims that name no class get this one.</param>
/// <param name="IsOfKubeVirt">VMs' disks that name no class get this one, before the other.</param>
/// <param name="Created">Of several defaults the one made last is it.</param>
internal readonly record struct DefaultStorageClass(string Name, bool IsOfKubernetes, bool IsOfKubeVirt, DateTimeOffset? Created)
{
    public static DefaultStorageClass Of(ObjectMetadata metadata) => new(
        metadata.Name,
        metadata.Annotation("storageclass.kubernetes.io/is-default-class") == "true",
        metadata.Annotation("storageclass.kubevirt.io/is-default-virt-class") == "true",
        metadata.CreationTimestamp);

    /// <summary>The class of disks that name none; null: there is none.</summary>
    public static string? Find(IEnumerable<DefaultStorageClass> classes) => classes
        .Where(one => one.IsOfKubernetes || one.IsOfKubeVirt)
        .OrderByDescending(one => one.IsOfKubeVirt).ThenByDescending(one => one.Created).ThenBy(one => one.Name, StringComparer.Ordinal)
        .Select(one => one.Name)
        .FirstOrDefault();
}
