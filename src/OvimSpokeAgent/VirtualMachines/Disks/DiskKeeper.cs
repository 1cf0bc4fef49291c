using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Validation;

namespace OvimSpokeAgent.VirtualMachines;

/// <summary>
/// Finds the disks of a VM, and takes from them whatever would have them go with it: the owners that lead to the VM, and the agent's
/// own marks. What owns a disk besides stays its owner. Each step can be repeated.
/// </summary>
internal sealed class DiskKeeper(IKubernetesApi api, DiskCaches caches)
{
    /// <summary>As many disks as one operation keeps.</summary>
    public const int MaxDisks = 128;

    private const int MaxPasses = 5;
    private const int MaxRefusals = 3;

    /// <summary>All DataVolumes and claims that the VM or its guest names, or that would go with it.</summary>
    /// <exception cref="KubernetesApiException">Also where nobody knows whether there are DataVolumes.</exception>
    public async Task<IReadOnlyList<FoundDisk>> FindAsync(DiskUser user, CancellationToken cancellationToken)
    {
        var (candidates, volumes) = (new List<DiskCandidate>(), new HashSet<string>());
        var areThere = await VisitAsync(KubeVirtKinds.DataVolume, item =>
        {
            if (item.DeletionTimestamp is null) volumes.Add(item.Uid);
        });
        if (!areThere && !await AreMissingForGoodAsync(cancellationToken))
            throw new KubernetesApiException(ApiErrorReason.Unavailable, $"the API server does not show {KubeVirtKinds.DataVolume} for now, which it had or is about to have");
        await VisitAsync(KubernetesKinds.PersistentVolumeClaim, _ => { });
        var owners = new DiskOwners(api, user, areThere ? volumes : null);
        var found = new List<FoundDisk>();
        // As many owners as are looked up: those of the VM's own disks come first.
        foreach (var candidate in candidates.OrderBy(candidate => !candidate.IsNamed))
        {
            var disk = await LookAtAsync(candidate, owners, cancellationToken);
            if (candidate.IsNamed || disk.Problem is not null || disk.Left.Count < (disk.Metadata.OwnerReferences?.Count ?? 0)) found.Add(disk);
        }
        return found;

        Task<bool> VisitAsync(ResourceKind kind, Action<ObjectMetadata> also) => api.VisitAllAsync(
            kind,
            user.Vm.Namespace,
            ClusterJson.Default.AnyObject,
            item =>
            {
                also(item.Metadata);
                if (DiskCandidate.Of(kind, item.Metadata, user) is { } one) candidates.Add(one);
            },
            cancellationToken);
    }

    // One server of several may not know a new kind yet, and discovery is as late as a list: the watch has seen for longer what there is.
    private async Task<bool> AreMissingForGoodAsync(CancellationToken cancellationToken) =>
        caches.LackVolumes && !await api.IsServedAsync(KubeVirtKinds.DataVolume, cancellationToken);

    /// <summary>
    /// Releases all disks, looks at the server whether they are, and does so again if something put an owner back. Null: none would
    /// go with the VM. Otherwise why one would.
    /// </summary>
    /// <exception cref="KubernetesApiException">Also a conflict, where somebody else changes a disk all the time.</exception>
    public async Task<string?> ReleaseAsync(DiskUser user, CancellationToken cancellationToken)
    {
        IReadOnlySet<string> disturbed = new HashSet<string>();
        for (var pass = 1; ; pass++)
        {
            var left = await FindUnreleasedAsync(user, cancellationToken);
            if (left.Count == 0) return null;
            if (pass > MaxPasses)
            {
                return left.FirstOrDefault(disk => !disturbed.Contains(disk.Metadata.Uid)) is { } resisting
                    ? $"{Describe(resisting)} gets its owner or its marks back again and again"
                    : throw new KubernetesApiException(ApiErrorReason.Conflict, $"{Describe(left[0])} is changed by somebody else all the time, and cannot be released");
            }
            (var refusal, disturbed) = await ReleaseAsync(user, left, cancellationToken);
            if (refusal is not null) return refusal;
        }
    }

    /// <summary>Releases all disks once, of a VM that lives: KubeVirt may give some of them back to it. Null: nothing refuses that.</summary>
    public async Task<string?> TryReleaseAsync(DiskUser user, CancellationToken cancellationToken) =>
        (await ReleaseAsync(user, await FindUnreleasedAsync(user, cancellationToken), cancellationToken)).Refusal;

    /// <summary>Why one operation does not keep so many, or null.</summary>
    public static string? GetRefusal(DiskUser user, IReadOnlyList<FoundDisk> disks) => disks.DistinctBy(disk => disk.Name).Count() is > MaxDisks and var count
        ? $"VM {user.Vm} has {count} disks, more than the {MaxDisks} that one operation keeps"
        : null;

    private async Task<IReadOnlyList<FoundDisk>> FindUnreleasedAsync(DiskUser user, CancellationToken cancellationToken) =>
        [.. (await FindAsync(user, cancellationToken)).Where(disk => disk.IsToBeReleased)];

    // Why they cannot be released, or null; and the uids of those that somebody changed meanwhile.
    private async Task<(string? Refusal, IReadOnlySet<string> Disturbed)> ReleaseAsync(
        DiskUser user, IReadOnlyList<FoundDisk> unreleased, CancellationToken cancellationToken)
    {
        var (refusals, disturbed) = (new List<string>(), new HashSet<string>());
        if (GetRefusal(user, unreleased) is { } tooMany) return (tooMany, disturbed);
        foreach (var disk in unreleased)
        {
            try
            {
                if (await ReleaseAsync(disk, cancellationToken) is { } refusal) refusals.Add(refusal);
            }
            catch (KubernetesApiException e) when (e.Reason is ApiErrorReason.Conflict or ApiErrorReason.NotFound)
            {
                disturbed.Add(disk.Metadata.Uid);
            }
        }
        if (refusals.Count == 0) return (null, disturbed);
        return (ShortList.Sentences(refusals, MaxRefusals), disturbed);
    }

    private static async Task<FoundDisk> LookAtAsync(DiskCandidate candidate, DiskOwners owners, CancellationToken cancellationToken)
    {
        var left = new List<OwnerReference>();
        OwnerReference? other = null;
        var problem = candidate.Problem;
        foreach (var owner in candidate.Metadata.OwnerReferences ?? [])
        {
            var fate = await owners.FateOfAsync(owner, cancellationToken);
            if (fate is OwnerFate.NotLookedUp) problem ??= TooMuch(owner);
            // A disk that the VM names is to stay, whatever became of an owner; another may be what somebody else wanted to go.
            if (fate is OwnerFate.Goes || (fate is OwnerFate.Gone && candidate.IsNamed)) continue;
            left.Add(owner);
            if (fate is OwnerFate.Unknown) other ??= owner;
        }
        return new FoundDisk(candidate.Kind, candidate.Metadata, left, other, problem);
    }

    private static string TooMuch(OwnerReference owner) => string.Create(
        CultureInfo.InvariantCulture,
        $"whether {JsonText.Shorten(owner.Kind)} {JsonText.Shorten(owner.Name)}, which owns it, goes with the VM takes more than the agent looks up: {DiskOwners.MaxLookUps} owners "
        + $"of the namespace's disks, and {DiskOwners.MaxDepth} one above the other");

    // Null: done. Fails with a conflict, or not found, where somebody changed it meanwhile.
    private async Task<string?> ReleaseAsync(FoundDisk disk, CancellationToken cancellationToken)
    {
        if (disk.Problem is not null) return $"{Describe(disk)} cannot be released: {disk.Problem}";
        var metadata = new JsonObject
        {
            ["uid"] = disk.Metadata.Uid,
            ["resourceVersion"] = disk.Metadata.ResourceVersion,
            ["ownerReferences"] = new JsonArray([.. disk.Left.Select(owner => JsonSerializer.SerializeToNode(owner, KubeVirtJson.Default.OwnerReference))]),
        };
        foreach (var (field, entries) in (ReadOnlySpan<(string, IReadOnlyDictionary<string, string>?)>)[("labels", disk.Metadata.Labels), ("annotations", disk.Metadata.Annotations)])
        {
            var gone = new JsonObject();
            foreach (var mark in DiskMarks.Of(entries)) gone[mark] = null;
            if (gone.Count > 0) metadata[field] = gone;
        }
        try
        {
            await api.MergePatchAsync(
                disk.Kind, disk.Metadata.Key, new JsonObject { ["metadata"] = metadata }, ClusterJson.Default.AnyObject, cancellationToken);
            return null;
        }
        catch (KubernetesApiException e) when (e.IsDefinitiveRejection && e.Reason is not ApiErrorReason.NotFound)
        {
            return $"{Describe(disk)} cannot be released: {e.Message}";
        }
    }

    private static string Describe(FoundDisk disk) => $"{disk.Kind.Kind} {disk.Name}";
}
