using System.Text.Json;
using System.Text.Json.Nodes;
using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Validation;

namespace OvimSpokeAgent.VirtualMachines;

/// <summary>
/// Finds the disks of a VM, and takes from them whatever would have them go with it: the owners that lead to the VM, and the agent's
/// own marks. What owns a disk besides stays its owner. Each step can be repeated.
/// </summary>
internal sealed class DiskKeeper(IKubernetesApi api)
{
    /// <summary>As many disks as one operation keeps.</summary>
    public const int MaxDisks = 128;

    private const int MaxPasses = 5;
    private const int MaxRefusals = 3;

    /// <summary>All DataVolumes and claims that the VM or its guest names, or that would go with it.</summary>
    public async Task<IReadOnlyList<FoundDisk>> FindAsync(
        VirtualMachineObject vm, VirtualMachineInstanceObject? vmi, CancellationToken cancellationToken)
    {
        var owners = new DiskOwners(api, vm.Metadata.Key, vm.Metadata.Uid);
        var named = NamesOf(vm, vmi);
        var candidates = new List<DiskCandidate>();
        foreach (var kind in (ResourceKind[])[KubeVirtKinds.DataVolume, KubernetesKinds.PersistentVolumeClaim])
        {
            await api.VisitAllAsync(
                kind,
                vm.Metadata.Namespace,
                ClusterJson.Default.AnyObject,
                item =>
                {
                    if (DiskCandidate.Of(kind, item.Metadata, vm.Metadata, named.Contains(item.Metadata.Name)) is { } one) candidates.Add(one);
                },
                cancellationToken);
        }
        var found = new List<FoundDisk>();
        foreach (var candidate in candidates)
        {
            var disk = await LookAtAsync(candidate, owners, cancellationToken);
            if (candidate.IsNamed || disk.Problem is not null || disk.Left.Count < (disk.Metadata.OwnerReferences?.Count ?? 0)) found.Add(disk);
        }
        return found;
    }

    /// <summary>What a deletion of the VM keeps, and what not.</summary>
    public static KeptDisks Classify(VirtualMachineObject vm, IReadOnlyList<FoundDisk> disks)
    {
        var going = disks.Where(disk => disk.IsGoing).Select(disk => disk.Name).ToHashSet();
        var others = disks.Where(disk => disk.Other is not null && !going.Contains(disk.Name)).DistinctBy(disk => disk.Name).ToList();
        var ephemeral = (vm.Spec?.Template?.Spec?.Volumes ?? []).Where(volume => volume is { IsEphemeral: true }).Select(volume => volume!.Name ?? "");
        return new KeptDisks
        {
            Uid = vm.Metadata.Uid,
            Kept = [.. disks.Select(disk => disk.Name).Except(going).Except(others.Select(disk => disk.Name)).Order(StringComparer.Ordinal)],
            OfOthers = [.. others.Select(disk => $"{disk.Name}: {JsonText.Shorten(disk.Other!.Kind)} {JsonText.Shorten(disk.Other.Name)} owns it, and decides whether it stays")],
            Lost =
            [
                .. going.Order(StringComparer.Ordinal).Select(name => $"{name}: it was being deleted already"),
                .. ephemeral.Take(MaxDisks).Select(name => $"{JsonText.Shorten(name)}: what a guest writes to this volume does not outlive it"),
            ],
        };
    }

    /// <summary>
    /// Releases all disks, looks at the server whether they are, and does so again if something put an owner back. Null: none would
    /// go with the VM. Otherwise why one would.
    /// </summary>
    public async Task<string?> ReleaseAsync(
        VirtualMachineObject vm, VirtualMachineInstanceObject? vmi, CancellationToken cancellationToken)
    {
        for (var pass = 1; ; pass++)
        {
            var left = await FindUnreleasedAsync(vm, vmi, cancellationToken);
            if (left.Count == 0) return null;
            if (pass > MaxPasses) return $"{Describe(left[0])} gets its owner or its marks back again and again";
            if (await ReleaseAsync(left, cancellationToken) is { } refusal) return refusal;
        }
    }

    /// <summary>Releases all disks once, of a VM that lives: KubeVirt may give some of them back to it. Null: nothing refuses that.</summary>
    public async Task<string?> TryReleaseAsync(
        VirtualMachineObject vm, VirtualMachineInstanceObject? vmi, CancellationToken cancellationToken) =>
        await ReleaseAsync(await FindUnreleasedAsync(vm, vmi, cancellationToken), cancellationToken);

    private async Task<IReadOnlyList<FoundDisk>> FindUnreleasedAsync(
        VirtualMachineObject vm, VirtualMachineInstanceObject? vmi, CancellationToken cancellationToken) =>
        [.. (await FindAsync(vm, vmi, cancellationToken)).Where(disk => disk.IsToBeReleased)];

    private async Task<string?> ReleaseAsync(IReadOnlyList<FoundDisk> unreleased, CancellationToken cancellationToken)
    {
        var refusals = new List<string>();
        foreach (var disk in unreleased)
        {
            if (await ReleaseAsync(disk, cancellationToken) is { } refusal) refusals.Add(refusal);
        }
        if (refusals.Count == 0) return null;
        return string.Join("; ", refusals.Take(MaxRefusals)) + (refusals.Count > MaxRefusals ? $"; and {refusals.Count - MaxRefusals} more" : "");
    }

    private static HashSet<string> NamesOf(VirtualMachineObject vm, VirtualMachineInstanceObject? vmi) =>
    [
        .. (vm.Spec?.Template?.Spec?.Volumes ?? []).Concat(vmi?.Spec?.Volumes ?? []).Select(volume => volume?.Claim).OfType<string>(),
        .. (vm.Spec?.DataVolumeTemplates ?? []).Select(template => template.Metadata.Name),
        .. (vmi?.Status?.VolumeStatus ?? []).Select(status => status?.PersistentVolumeClaimInfo?.ClaimName).OfType<string>(),
    ];

    private static async Task<FoundDisk> LookAtAsync(DiskCandidate candidate, DiskOwners owners, CancellationToken cancellationToken)
    {
        var left = new List<OwnerReference>();
        OwnerReference? other = null;
        foreach (var owner in candidate.Metadata.OwnerReferences ?? [])
        {
            var fate = await owners.FateOfAsync(owner, cancellationToken);
            // A disk that the VM names is to stay, whatever became of an owner; another may be what somebody else wanted to go.
            if (fate is OwnerFate.Goes || (fate is OwnerFate.Gone && candidate.IsNamed)) continue;
            left.Add(owner);
            if (fate is OwnerFate.Unknown) other ??= owner;
        }
        return new FoundDisk(candidate.Kind, candidate.Metadata, left, other, candidate.Problem);
    }

    // Null: done, or to be looked at again.
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
        catch (KubernetesApiException e) when (e.Reason is ApiErrorReason.Conflict or ApiErrorReason.NotFound)
        {
            return null;
        }
        catch (KubernetesApiException e) when (e.IsDefinitiveRejection)
        {
            return $"{Describe(disk)} cannot be released: {e.Message}";
        }
    }

    private static string Describe(FoundDisk disk) => $"{disk.Kind.Kind} {disk.Name}";
}
