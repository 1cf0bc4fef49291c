using OvimSpokeAgent.Cluster;

namespace OvimSpokeAgent.VirtualMachines;

/// <summary>
/// The VM whose disks are meant. Of one that is there those that it or its guest names; of one that is gone those that were fixed
/// before, by their uids: what was made since under the same name is somebody else's.
/// </summary>
internal sealed record DiskUser
{
    private readonly IReadOnlySet<string> _named;

    private DiskUser(NamespacedName vm, string uid, bool isGone, IReadOnlySet<string> named) => (Vm, Uid, IsGone, _named) = (vm, uid, isGone, named);

    public NamespacedName Vm { get; }

    public string Uid { get; }

    public bool IsGone { get; }

    /// <summary>A VM that is there.</summary>
    public static DiskUser Of(VirtualMachineObject vm, VirtualMachineInstanceObject? vmi) => new(vm.Metadata.Key, vm.Metadata.Uid, false, new HashSet<string>(
    [
        .. (vm.Spec?.Template?.Spec?.Volumes ?? []).Concat(vmi?.Spec?.Volumes ?? []).Select(volume => volume?.Claim).OfType<string>(),
        .. (vm.Spec?.DataVolumeTemplates ?? []).Select(template => template.Metadata.Name),
        .. (vmi?.Status?.VolumeStatus ?? []).Select(status => status?.PersistentVolumeClaimInfo?.ClaimName).OfType<string>(),
    ]));

    /// <summary>A VM that is gone.</summary>
    /// <param name="vm">Its name, which another may have by now.</param>
    /// <param name="judged">What was fixed.</param>
    public static DiskUser Gone(NamespacedName vm, KeptDisks judged) =>
        new(vm, judged.Uid, true, new HashSet<string>(judged.Kept.SelectMany(disk => disk.Uids)));

    /// <summary>Whether it names a DataVolume or claim.</summary>
    public bool Names(ObjectMetadata item) => _named.Contains(IsGone ? item.Uid : item.Name);

    // Pods with volumes of their own, of which a namespace may have hundreds; those of guests lead to their VM.
    private static bool IsWorkload(OwnerReference owner) =>
        owner.Group is "apps" or "batch"
        || (owner.Group.Length == 0 && owner.Kind == "Pod" && !owner.Name.StartsWith("virt-launcher-", StringComparison.Ordinal));

    /// <summary>Whether what someone owns need not be looked at, where it is not named.</summary>
    public bool IsOfOthers(OwnerReference owner)
    {
        if (owner.Uid == Uid) return false;
        // Another disk is looked at itself; what another VM owns is that one's.
        return IsGone || DiskOwners.IsDisk(owner) || IsWorkload(owner)
            || (owner.Name != Vm.Name && (owner.Is(KubeVirtKinds.VirtualMachine) || owner.Is(KubeVirtKinds.VirtualMachineInstance)));
    }
}
