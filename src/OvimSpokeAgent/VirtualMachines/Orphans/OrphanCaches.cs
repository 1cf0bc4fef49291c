using System.Collections.Concurrent;
using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Configuration;
using OvimSpokeAgent.Supervision;

namespace OvimSpokeAgent.VirtualMachines;

/// <summary>Finds in the watch caches what may have been left behind, and when it is to be looked at. No request.</summary>
internal sealed class OrphanCaches(
    WatchCache<VirtualMachineObject, VirtualMachineItem> machines,
    WatchCache<VirtualMachineInstanceObject, VirtualMachineInstanceItem> instances,
    WatchCache<DataVolumeObject, DataVolumeItem> volumes,
    WatchCache<NamespaceObject, ManagedNamespace> namespaces,
    ManagedNamespaces managed,
    AgentSettings settings,
    TimeProvider time)
{
    /// <summary>The operation that deletes a VM may be about to end.</summary>
    private static readonly TimeSpan HeldPatience = TimeSpan.FromMinutes(1);

    // Since when VMs are held that have no guest any more, by their uids.
    private readonly ConcurrentDictionary<string, DateTimeOffset> _heldSince = [];

    /// <summary>Completes when the server told what there is.</summary>
    public async Task WaitForFirstAnswerAsync(CancellationToken cancellationToken)
    {
        // Without DataVolumes, which an older role may not let it see, the VMs are looked after all the same.
        foreach (var cache in (IWatchCacheStatus[])[machines, instances, namespaces])
            await cache.WaitForFirstAnswerAsync(cancellationToken);
    }

    /// <summary>
    /// Tells of what may have become an orphan, after how long it is one, and whether that is news also where it was refused before: its
    /// namespace is another one now.
    /// </summary>
    public void Subscribe(Action<Orphan, TimeSpan, bool> onChange)
    {
        machines.Subscribe(change =>
        {
            if (change.Old is { } old && old.Uid != change.New?.Uid) _heldSince.TryRemove(old.Uid, out _);
            Report(change.New);
            if (change.New is not null) return;
            foreach (var disk in change.Old!.Disks.All) ReportVolume(volumes.Get(change.Name with { Name = disk.Claim }));
        });
        instances.Subscribe(change =>
        {
            if (change.New is null) Report(machines.Get(change.Name));
        });
        volumes.Subscribe(change => ReportVolume(change.New));
        namespaces.Subscribe(change =>
        {
            var isNews = IsGoing(change.Name.Name);
            foreach (var vm in machines.ItemsIn(change.Name.Name)) Report(vm, isNews);
            foreach (var volume in volumes.ItemsIn(change.Name.Name)) ReportVolume(volume);
        });

        void Report(VirtualMachineItem? vm, bool isNews = false)
        {
            if (vm is not null && Find(vm) is var (orphan, wait)) onChange(orphan, wait, isNews);
        }

        void ReportVolume(DataVolumeItem? volume)
        {
            if (volume is not null && Find(volume) is var (orphan, wait)) onChange(orphan, wait, false);
        }
    }

    /// <summary>All that there may be.</summary>
    public IEnumerable<(Orphan Orphan, TimeSpan Wait)> All() =>
        machines.Items.Select(Find).Concat(volumes.Items.Select(Find)).OfType<(Orphan, TimeSpan)>();

    /// <summary>After how long something is an orphan, zero: it is one; null: it is none.</summary>
    public TimeSpan? UntilDue(Orphan orphan)
    {
        var found = orphan.Kind is OrphanKind.StrayVolume
            ? volumes.Get(orphan.Name) is { } volume ? Find(volume) : null
            : machines.Get(orphan.Name) is { } vm ? Find(vm) : null;
        return found is var (known, wait) && known == orphan ? wait : null;
    }

    /// <summary>Whether a namespace goes, with all that is in it.</summary>
    public bool IsGoing(string ns) => namespaces.Get(NamespacedName.ClusterScoped(ns)) is { } found
        && (found.IsTerminating || found.OwnAnnotations.ContainsKey(WellKnownNames.DeletionAnnotation));

    /// <summary>Whether another VM, or another's guest, names a disk, or may name it.</summary>
    public bool IsNamedByAnother(NamespacedName vm, string disk) => IsNamed(vm with { Name = disk }, vm);

    private bool IsNamed(NamespacedName disk, NamespacedName? except)
    {
        return machines.ItemsIn(disk.Namespace).Any(vm => vm.Name != except && (vm.Unreadable is not null || Names(vm.Disks)))
            || instances.ItemsIn(disk.Namespace).Any(vmi => vmi.Name != except && (vmi.Unreadable is not null || Names(vmi.Disks)));

        bool Names(DiskList disks) => disks.AreTruncated || disks.All.Any(one => one.Claim == disk.Name);
    }

    private (Orphan Orphan, TimeSpan Wait)? Find(VirtualMachineItem vm)
    {
        if (!managed.IsManaged(vm.Name.Namespace)) return null;
        if (vm is { IsDeleting: true, IsHeldForDisks: true })
            return instances.Get(vm.Name) is null ? (new(OrphanKind.HeldVm, vm.Name), UntilDue(vm)) : null;
        return vm.IsHalfMade ? (new(OrphanKind.HalfMadeVm, vm.Name), Left(vm.CreatedAt, settings.OrphanGrace)) : null;
    }

    // However often the VM is changed meanwhile; where all goes, no disk is to be kept.
    private TimeSpan UntilDue(VirtualMachineItem held) => IsGoing(held.Name.Namespace)
        ? TimeSpan.Zero
        : Left(_heldSince.GetOrAdd(held.Uid, _ => time.GetUtcNow()), TimeSpans.Min(HeldPatience, settings.OrphanGrace));

    // One that a VM names is that VM's, whoever owns it; a VM that names more than is kept may name it.
    private (Orphan Orphan, TimeSpan Wait)? Find(DataVolumeItem volume)
    {
        if (!volume.IsStray || !managed.IsManaged(volume.Name.Namespace)) return null;
        return IsNamed(volume.Name, null) ? null : (new(OrphanKind.StrayVolume, volume.Name), Left(volume.CreatedAt ?? volume.SeenAt, settings.OrphanGrace));
    }

    private TimeSpan Left(DateTimeOffset since, TimeSpan limit) => TimeSpans.Max(limit - (time.GetUtcNow() - since), TimeSpan.Zero);
}
