using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Events;
using OvimSpokeAgent.Operations;
using OvimSpokeAgent.Validation;

namespace OvimSpokeAgent.VirtualMachines;

/// <summary>
/// Removes one orphan, after the server confirmed that it is one: only what carries the agent's marks, and never a disk that may hold
/// what a guest, or anyone, has written.
/// </summary>
internal sealed class OrphanRemoval(
    IKubernetesApi api,
    VirtualMachineManager manager,
    KeepingDeletion keeping,
    DiskKeeper disks,
    OrphanCaches caches,
    OperationFateLookup findFate,
    EventRecorder events)
{
    private static readonly TimeSpan LookAgain = TimeSpan.FromMinutes(1);

    /// <summary>Removes it. Null: it is done with, until something of it changes. Otherwise after how long it is to be looked at again.</summary>
    /// <exception cref="KubernetesApiException">It could not be removed now.</exception>
    public Task<TimeSpan?> RemoveAsync(Orphan orphan, CancellationToken cancellationToken) => orphan.Kind switch
    {
        OrphanKind.HalfMadeVm => RemoveVmAsync(orphan.Name, cancellationToken),
        OrphanKind.HeldVm => ReleaseVmAsync(orphan.Name, cancellationToken),
        _ => RemoveVolumeAsync(orphan.Name, cancellationToken),
    };

    /// <summary>Says of an orphan that it cannot be removed.</summary>
    public void Refused(Orphan orphan, string reason) => events.Record(
        new EventSubject(orphan.Kind is OrphanKind.StrayVolume ? KubeVirtKinds.DataVolume : KubeVirtKinds.VirtualMachine, orphan.Name) { IsUidLookedUp = true },
        EventSeverity.Warning,
        "OrphanNotRemoved",
        reason,
        "RemoveOrphan");

    private async Task<TimeSpan?> RemoveVmAsync(NamespacedName name, CancellationToken cancellationToken)
    {
        if (await manager.ReadAsync(name, cancellationToken) is not { } vm || !OrphanRules.IsHalfMade(vm.Metadata)) return null;
        var maker = OrphanRules.MakerOf(vm.Metadata)!;
        var fate = await findFate(new OperationKey(maker), cancellationToken);
        if (fate is OperationFate.NotKnownYet or OperationFate.UnderWay) return LookAgain;
        var vmi = await manager.ReadInstanceAsync(name, cancellationToken);
        var doubt = fate is OperationFate.Failed
            ? OrphanRules.GetUse(vm, vmi) ?? await GetDiskUseAsync(vm, vmi, cancellationToken)
            : fate is OperationFate.Completed ? "the journal says that it completed" : "the journal does not know any more that it failed";
        if (doubt is not null)
        {
            Record(KubeVirtKinds.VirtualMachine, vm.Metadata, EventSeverity.Warning, "OrphanLeft", $"it is marked as half made by operation {maker}, and left: {doubt}");
            return null;
        }
        await DeleteAsync(KubeVirtKinds.VirtualMachine, vm.Metadata, $"operation {maker} failed and left it half made", cancellationToken);
        return null;
    }

    // What a VM brings with it goes with it, and so does whatever else it owns. Null: that is nothing but disks that were made for it alone.
    private async Task<string?> GetDiskUseAsync(VirtualMachineObject vm, VirtualMachineInstanceObject? vmi, CancellationToken cancellationToken)
    {
        var own = OrphanRules.DisksOf(vm).ToHashSet();
        if (own.Count > DiskKeeper.MaxDisks) return $"it brings more than {DiskKeeper.MaxDisks} disks with it";
        if (OrphanRules.NamedBy(vm).FirstOrDefault(name => !own.Contains(name)) is { } named) return $"it does not bring disk {JsonText.Shorten(named)} with it";
        foreach (var disk in await disks.FindAsync(DiskUser.Of(vm, vmi), cancellationToken))
        {
            if (!own.Contains(disk.Name)) return $"{disk.Kind.Kind} {disk.Name} would go with it, which it does not bring with it";
        }
        foreach (var name in own)
        {
            if (caches.IsNamedByAnother(vm.Metadata.Key, name)) return $"another VM may use disk {name}";
            if (await GetDiskUseAsync(vm, vm.Metadata.Key with { Name = name }, cancellationToken) is { } use) return use;
        }
        return null;
    }

    private async Task<string?> GetDiskUseAsync(VirtualMachineObject vm, NamespacedName disk, CancellationToken cancellationToken)
    {
        var volume = await api.FindAsync(KubeVirtKinds.DataVolume, disk, KubeVirtJson.Default.DataVolumeObject, cancellationToken);
        if (volume is not null && !OrphanRules.IsMadeFor(vm, volume.Metadata)) return $"disk {disk.Name} was not made for it";
        if (volume is not null && !OrphanRules.IsOwnedByAtMost(volume.Metadata, vm.Metadata.Uid)) return $"something else owns disk {disk.Name}, too";
        if (await FindAsync(KubernetesKinds.PersistentVolumeClaim, disk, cancellationToken) is not { } claim) return null;
        if (volume is null) return $"nothing says for whom claim {disk.Name} was made";
        return OrphanRules.IsOwnedByAtMost(claim.Metadata, volume.Metadata.Uid) && claim.Metadata.OwnerReferences is { Count: > 0 }
            ? null
            : $"claim {disk.Name} is not its DataVolume's alone";
    }

    private Task<AnyObject?> FindAsync(ResourceKind kind, NamespacedName name, CancellationToken cancellationToken) =>
        api.FindAsync(kind, name, ClusterJson.Default.AnyObject, cancellationToken);

    private async Task<TimeSpan?> RemoveVolumeAsync(NamespacedName name, CancellationToken cancellationToken)
    {
        var volume = await api.FindAsync(KubeVirtKinds.DataVolume, name, KubeVirtJson.Default.DataVolumeObject, cancellationToken);
        if (volume is null || !OrphanRules.IsStray(volume)) return null;
        var maker = OrphanRules.MakerOf(volume.Metadata)!;
        switch (await findFate(new OperationKey(maker), cancellationToken))
        {
            case OperationFate.NotKnownYet or OperationFate.UnderWay:
                return LookAgain;
            case OperationFate.Failed:
                await DeleteAsync(KubeVirtKinds.DataVolume, volume.Metadata, $"operation {maker} failed, and it was never filled", cancellationToken);
                return null;
            default:
                return null;
        }
    }

    // The operation that was to do it is over; what it was asked for is not done yet.
    private async Task<TimeSpan?> ReleaseVmAsync(NamespacedName name, CancellationToken cancellationToken)
    {
        // Metadata alone: what else is in it, or in its guest, may be unreadable.
        if (await FindAsync(KubeVirtKinds.VirtualMachine, name, cancellationToken) is not { Metadata: { DeletionTimestamp: not null } vm } || !KeepingDeletion.IsHeld(vm)) return null;
        if (await FindAsync(KubeVirtKinds.VirtualMachineInstance, name, cancellationToken) is not null) return null;
        if (caches.IsGoing(name.Namespace)) await keeping.LetGoAsync(vm, cancellationToken);
        else if (await EndAsync(vm, cancellationToken) is { } refusal) throw new KubernetesApiException(ApiErrorReason.Invalid, refusal);
        else Record(KubeVirtKinds.VirtualMachine, vm, EventSeverity.Normal, "DisksKept", "its disks are released, and it is let go");
        return null;
    }

    private async Task<string?> EndAsync(ObjectMetadata vm, CancellationToken cancellationToken)
    {
        try
        {
            return await keeping.EndAsync(vm.Key, vm.Uid, cancellationToken);
        }
        catch (KubernetesApiException e) when (e.Reason is ApiErrorReason.Unreadable)
        {
            return $"VM {vm.Key} is held by the finalizer {WellKnownNames.KeepDisksFinalizer}, and the agent cannot read which disks it has ({e.Message}): "
                + "mend the VM, or take the finalizer off, with which the disks go that the VM owns";
        }
    }

    // As it was looked at: whoever changes it keeps it.
    private async Task DeleteAsync(ResourceKind kind, ObjectMetadata item, string reason, CancellationToken cancellationToken)
    {
        try
        {
            await api.DeleteAsync(
                kind, item.Key, new DeleteOptions { Uid = item.Uid, ResourceVersion = item.ResourceVersion, Propagation = "Background" }, cancellationToken);
        }
        catch (KubernetesApiException e) when (e.Reason is ApiErrorReason.NotFound)
        {
            return;
        }
        Record(kind, item, EventSeverity.Normal, "OrphanRemoved", $"removed: {reason}");
    }

    private void Record(ResourceKind kind, ObjectMetadata item, EventSeverity severity, string reason, string message) =>
        events.Record(new EventSubject(kind, item.Key, item.Uid), severity, reason, message);
}
