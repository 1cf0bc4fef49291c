using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Validation;

namespace OvimSpokeAgent.VirtualMachines;

/// <summary>Whether what owns a disk goes when a VM goes.</summary>
internal enum OwnerFate
{
    /// <summary>It stays, or its own reference is looked at: another disk.</summary>
    Stays,

    /// <summary>It is the VM, or goes with it: the disk would go, too.</summary>
    Goes,

    /// <summary>It is gone, or a restore of which nobody says whose it is: nothing says that it was this VM's.</summary>
    Gone,

    /// <summary>More was to be looked up than the agent looks up.</summary>
    NotLookedUp,

    /// <summary>The agent may not look at it.</summary>
    Unknown,
}

/// <summary>Follows the owners of disks up to a VM. What it has looked up it remembers: for one pass over the disks.</summary>
/// <param name="api">Looks owners up.</param>
/// <param name="user">The VM.</param>
/// <param name="volumes">The uids of the DataVolumes that are there and do not go; null: the cluster has none.</param>
internal sealed class DiskOwners(IKubernetesApi api, DiskUser user, IReadOnlySet<string>? volumes)
{
    /// <summary>As many owners as are looked up: what one deletion asks of the API server.</summary>
    public const int MaxLookUps = 500;

    /// <summary>As many owners as are followed one above the other: VM, restore, and whatever is between them.</summary>
    public const int MaxDepth = 5;

    private readonly Dictionary<OwnerReference, OwnerFate> _known = [];
    private int _lookUps;

    /// <summary>Whether an owner is itself a disk.</summary>
    public static bool IsDisk(OwnerReference owner) => owner.Is(KubeVirtKinds.DataVolume) || owner.Is(KubernetesKinds.PersistentVolumeClaim);

    /// <summary>What becomes of an owner.</summary>
    public Task<OwnerFate> FateOfAsync(OwnerReference owner, CancellationToken cancellationToken) => FateOfAsync(owner, 0, cancellationToken);

    private async Task<OwnerFate> FateOfAsync(OwnerReference owner, int depth, CancellationToken cancellationToken)
    {
        if (owner.Uid == user.Uid) return OwnerFate.Goes;
        if (owner.Is(KubernetesKinds.PersistentVolumeClaim)) return OwnerFate.Stays;
        if (owner.Is(KubeVirtKinds.DataVolume))
        {
            if (volumes is null) return OwnerFate.Gone;
            if (volumes.Contains(owner.Uid)) return OwnerFate.Stays;
        }
        // One of that name may be the guest of another VM that was made since.
        if (!user.IsGone && owner.Is(KubeVirtKinds.VirtualMachineInstance) && owner.Name == user.Vm.Name) return OwnerFate.Goes;
        // Not by its uid alone, which anyone may have written beside another name.
        var key = owner with { Controller = null, BlockOwnerDeletion = null };
        if (_known.TryGetValue(key, out var known)) return known;
        // Whoever may write a claim writes its owners, and their kind becomes a path.
        if (!IsKind(KindOf(owner))) return OwnerFate.Unknown;
        if (depth >= MaxDepth || _lookUps >= MaxLookUps) return OwnerFate.NotLookedUp;
        _lookUps++;
        _known[key] = OwnerFate.Unknown; // one that leads to itself
        return _known[key] = await LookUpAsync(owner, depth, cancellationToken);
    }

    private async Task<OwnerFate> LookUpAsync(OwnerReference owner, int depth, CancellationToken cancellationToken)
    {
        var isRestore = owner.Is(KubeVirtKinds.Restore);
        ObjectMetadata found;
        try
        {
            found = (await api.GetAsync(KindOf(owner), user.Vm with { Name = owner.Name }, ClusterJson.Default.AnyObject, cancellationToken)).Metadata;
        }
        catch (KubernetesApiException e) when (e.Reason is ApiErrorReason.NotFound)
        {
            return OwnerFate.Gone;
        }
        catch (KubernetesApiException e) when (!e.IsTransient)
        {
            // A restore is nothing but what became of a snapshot: its disk loses nothing with it.
            return isRestore ? OwnerFate.Gone : OwnerFate.Unknown;
        }
        if (found.Uid != owner.Uid) return OwnerFate.Gone;
        // A disk is looked at itself.
        if (owner.Is(KubeVirtKinds.DataVolume)) return found.DeletionTimestamp is null ? OwnerFate.Stays : OwnerFate.Gone;
        var fates = new List<OwnerFate>();
        foreach (var above in (found.OwnerReferences ?? []).Take(DiskCandidate.MaxOwners)) fates.Add(await FateOfAsync(above, depth + 1, cancellationToken));
        if (fates.Contains(OwnerFate.Goes)) return OwnerFate.Goes;
        if (fates.Contains(OwnerFate.NotLookedUp)) return OwnerFate.NotLookedUp;
        if (fates.Contains(OwnerFate.Unknown)) return OwnerFate.Unknown;
        return fates.Count > 0 && fates.All(fate => fate is OwnerFate.Gone) ? OwnerFate.Gone : OwnerFate.Stays;
    }

    private static bool IsKind(ResourceKind kind) =>
        KubernetesNames.IsDnsLabel(kind.Plural) && KubernetesNames.IsDnsLabel(kind.Version)
        && (kind.Group.Length == 0 || KubernetesNames.IsDnsSubdomain(kind.Group));

    // As the API's kinds are named in paths; KubeVirt's are all regular.
    private static ResourceKind KindOf(OwnerReference owner)
    {
        var name = owner.Kind.ToLowerInvariant();
        var plural = name.EndsWith('y') ? name[..^1] + "ies" : name.EndsWith('s') ? name + "es" : name + "s";
        return new ResourceKind(owner.Group, owner.ApiVersion.Split('/')[^1], plural, owner.Kind);
    }
}
