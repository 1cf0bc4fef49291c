using OvimSpokeAgent.Cluster;

namespace OvimSpokeAgent.Templates;

/// <summary>The kinds of what a cluster offers to VMs.</summary>
internal static class OfferedKinds
{
    public static readonly ResourceKind Network =
        new("k8s.cni.cncf.io", "v1", "network-attachment-definitions", "NetworkAttachmentDefinition");

    public static readonly ResourceKind Preference =
        new("instancetype.kubevirt.io", "v1beta1", "virtualmachinepreferences", "VirtualMachinePreference");

    public static readonly ResourceKind ClusterPreference =
        new("instancetype.kubevirt.io", "v1beta1", "virtualmachineclusterpreferences", "VirtualMachineClusterPreference");

    /// <summary>CDI's name for the newest of several golden disks.</summary>
    public static readonly ResourceKind DataSource = new("cdi.kubevirt.io", "v1beta1", "datasources", "DataSource");

    /// <summary>OpenShift's.</summary>
    public static readonly ResourceKind OpenShiftTemplate = new("template.openshift.io", "v1", "templates", "Template");
}
