using OvimSpokeAgent.Cluster;

namespace OvimSpokeAgent.VirtualMachines;

/// <summary>What the watch caches know of disks: CDI's DataVolumes, where the cluster has them, and the claims behind them.</summary>
internal sealed class DiskCaches(
    WatchCache<DataVolumeObject, DataVolumeItem> volumes, WatchCache<ClaimObject, ClaimItem> claims)
{
    /// <summary>The cluster has no kind DataVolume: the watch finds none, at a second look where there were some.</summary>
    public bool LackVolumes => volumes is { Status.State: CacheState.NoKindMatch, Count: 0 };

    /// <summary>Tells of every DataVolume or claim that changes. Dispose both to end it.</summary>
    public IEnumerable<IDisposable> Subscribe(Action<NamespacedName> onChange) =>
        [volumes.Subscribe(change => onChange(change.Name)), claims.Subscribe(change => onChange(change.Name))];

    /// <summary>How the disks of a VM do; those that its guest alone has come last.</summary>
    public IReadOnlyList<DiskState> Of(VirtualMachineItem vm, VirtualMachineInstanceItem? vmi)
    {
        if (vm.Disks.All.Count == 0 && vmi is null or { Disks.All.Count: 0 }) return [];
        // A cache that fails, or has not listed yet, does not say that something is not there.
        var isComplete = claims.Status.State is CacheState.Synced && volumes.Status.State is CacheState.Synced or CacheState.NoKindMatch;
        var used = vmi?.Disks.All.ToDictionary(disk => disk.Claim) ?? [];
        return
        [
            .. vm.Disks.All.Concat(used.Values).DistinctBy(disk => disk.Claim).Select(disk =>
            {
                var name = new NamespacedName(vm.Name.Namespace, disk.Claim);
                return Of(disk, used.GetValueOrDefault(disk.Claim)?.Size, volumes.Get(name), claims.Get(name), isComplete);
            }),
        ];
    }

    /// <summary>When a disk of the VM last changed, or null.</summary>
    public DateTimeOffset? SeenAt(VirtualMachineItem vm) => vm.Disks.All
        .Select(disk => volumes.Get(new NamespacedName(vm.Name.Namespace, disk.Claim))?.SeenAt)
        .Max();

    /// <summary>How one disk does. Pure.</summary>
    /// <param name="disk">As the VM names it.</param>
    /// <param name="used">Its size as the guest's.</param>
    /// <param name="volume">Its DataVolume; null: there is none.</param>
    /// <param name="claim">Its claim; null: there is none.</param>
    /// <param name="isComplete">What is not known is not there.</param>
    public static DiskState Of(NamedDisk disk, Quantity? used, DataVolumeItem? volume, ClaimItem? claim, bool isComplete)
    {
        var state = new DiskState
        {
            Name = disk.Name,
            Claim = disk.Claim,
            Phase = "",
            Size = used ?? claim?.Size ?? volume?.Size ?? disk.Size,
        };
        if (claim is { Phase: "Lost" }) return state with { Phase = claim.Phase, Failure = $"claim {disk.Claim} has lost its volume" };
        // A filled one is nothing without its claim.
        if (claim is null && volume is null or { Phase: "Succeeded" }) return state with { IsAbsent = isComplete };
        if (volume is not null) return state with { Phase = volume.Phase, Percent = volume.Percent, Failure = volume.Failure };
        return disk.IsFilled && claim is { Phase: "Bound" }
            ? state with { Phase = "Succeeded", Percent = 100 } // CDI tidies away what is done
            : state with { Phase = claim!.Phase };
    }
}
