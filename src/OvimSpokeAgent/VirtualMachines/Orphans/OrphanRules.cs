using OvimSpokeAgent.Cluster;

namespace OvimSpokeAgent.VirtualMachines;

/// <summary>Tells what a creation that failed has left behind, by the agent's own marks. Pure.</summary>
internal static class OrphanRules
{
    /// <summary>What virt-controller sets on a DataVolume that it makes, and leaves as it is on one that it finds: the VM's uid.</summary>
    private const string MadeForLabel = "kubevirt.io/created-by";

    /// <summary>A VM that the agent began to make and has not let run.</summary>
    public static bool IsHalfMade(ObjectMetadata vm) =>
        IsOurs(vm) && vm.Annotation(WellKnownNames.IncompleteAnnotation) is not null && vm.DeletionTimestamp is null;

    /// <summary>A DataVolume of ours that nobody owns and that was never filled.</summary>
    public static bool IsStray(DataVolumeObject volume) =>
        IsOurs(volume.Metadata) && volume.Metadata is { DeletionTimestamp: null, OwnerReferences: null or { Count: 0 } }
        && volume.Status?.Phase != "Succeeded";

    /// <summary>Why a VM that is half made is left all the same; null: nobody can have used it.</summary>
    public static string? GetUse(VirtualMachineObject vm, VirtualMachineInstanceObject? vmi) =>
        vm.Spec?.Strategy is not "Halted" || vm.Status?.RunStrategy is not null || vmi is not null ? "it was started meanwhile" : null;

    /// <summary>The DataVolumes that the VM brings with it.</summary>
    public static IEnumerable<string> DisksOf(VirtualMachineObject vm) =>
        (vm.Spec?.DataVolumeTemplates ?? []).Select(template => template.Metadata.Name).Where(name => name.Length > 0);

    /// <summary>The claims and DataVolumes that its volumes name.</summary>
    public static IEnumerable<string> NamedBy(VirtualMachineObject vm) =>
        (vm.Spec?.Template?.Spec?.Volumes ?? []).Select(volume => volume?.Claim).OfType<string>();

    /// <summary>Whether nobody but one owns an object.</summary>
    public static bool IsOwnedByAtMost(ObjectMetadata item, string uid) => (item.OwnerReferences ?? []).All(owner => owner.Uid == uid);

    /// <summary>Whether a DataVolume was made for the VM: one that was there before, and that KubeVirt gave to it, was not.</summary>
    public static bool IsMadeFor(VirtualMachineObject vm, ObjectMetadata volume) =>
        volume.Label(MadeForLabel) == vm.Metadata.Uid && volume.CreationTimestamp >= vm.Metadata.CreationTimestamp;

    /// <summary>The operation that made an object; null: it carries none that the journal can know.</summary>
    public static string? MakerOf(ObjectMetadata item) =>
        item.Annotation(WellKnownNames.CreatedByAnnotation) is { Length: > 0 and <= 253 } maker ? maker : null;

    private static bool IsOurs(ObjectMetadata item) =>
        item.Label(WellKnownNames.ManagedByLabel) == WellKnownNames.Agent && MakerOf(item) is not null;
}
