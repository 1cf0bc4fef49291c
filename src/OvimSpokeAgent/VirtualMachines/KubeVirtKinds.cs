using OvimSpokeAgent.Cluster;

namespace OvimSpokeAgent.VirtualMachines;

/// <summary>KubeVirt's kinds.</summary>
internal static class KubeVirtKinds
{
    public static readonly ResourceKind VirtualMachine = new("kubevirt.io", "v1", "virtualmachines", "VirtualMachine");

    public static readonly ResourceKind VirtualMachineInstance =
        new("kubevirt.io", "v1", "virtualmachineinstances", "VirtualMachineInstance");

    public static readonly ResourceKind Instancetype =
        new("instancetype.kubevirt.io", "v1beta1", "virtualmachineinstancetypes", "VirtualMachineInstancetype");

    public static readonly ResourceKind ClusterInstancetype = new(
        "instancetype.kubevirt.io", "v1beta1", "virtualmachineclusterinstancetypes", "VirtualMachineClusterInstancetype");

    /// <summary>KubeVirt's own object.</summary>
    public static readonly ResourceKind KubeVirt = new("kubevirt.io", "v1", "kubevirts", "KubeVirt");

    /// <summary>CDI's, which a cluster may lack.</summary>
    public static readonly ResourceKind DataVolume = new("cdi.kubevirt.io", "v1beta1", "datavolumes", "DataVolume");

    /// <summary>CDI's settings as they hold; there is one, <c>config</c>.</summary>
    public static readonly ResourceKind CdiConfig = new("cdi.kubevirt.io", "v1beta1", "cdiconfigs", "CDIConfig");

    /// <summary>What CDI knows of each storage class.</summary>
    public static readonly ResourceKind StorageProfile = new("cdi.kubevirt.io", "v1beta1", "storageprofiles", "StorageProfile");

    /// <summary>Owns the disks that it made of a snapshot, and is owned by their VM.</summary>
    public static readonly ResourceKind Restore = new("snapshot.kubevirt.io", "v1beta1", "virtualmachinerestores", "VirtualMachineRestore");

    /// <summary>start, stop and restart, served by virt-api through the aggregation layer.</summary>
    public static readonly ResourceKind VirtualMachineSubresources =
        new("subresources.kubevirt.io", "v1", "virtualmachines", "VirtualMachine");
}
