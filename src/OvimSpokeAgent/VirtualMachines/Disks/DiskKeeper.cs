using System.Text.Json;
using System.Text.Json.Nodes;
using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Validation;

namespace OvimSpokeAgent.VirtualMachines;

/// <summary>A disk of a VM as the server has it now: a DataVolume or a claim.</summary>
/// <param name="Kind">Its kind.</param>
/// <param name="Metadata">What counts of it.</param>
/// <param name="Left">The owners that it keeps.</param>
/// <param name="Other">An owner of which the agent cannot tell whether it goes with the VM; null: there is none.</param>
internal sealed record FoundDisk(ResourceKind Kind, ObjectMetadata Metadata, IReadOnlyList<OwnerReference> Left, OwnerReference? Other)
{
    public string Name => Metadata.Name;

    public bool IsGoing => Metadata.DeletionTimestamp is not null;

    /// <summary>Whether it would go with the VM, or is marked as ours.</summary>
    public bool IsToBeReleased => !IsGoing && (Left.Count < (Metadata.OwnerReferences?.Count ?? 0) || DiskKeeper.MarksOf(Metadata.Labels).Any() || DiskKeeper.MarksOf(Metadata.Annotations).Any());
}

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

    /// <summary>The agent's own among labels or annotations.</summary>
    public static IEnumerable<string> MarksOf(IReadOnlyDictionary<string, string>? entries) => (entries ?? new Dictionary<string, string>())
        .Where(entry => entry.Key.StartsWith(WellKnownNames.Prefix, StringComparison.Ordinal)
            || (entry.Key == WellKnownNames.ManagedByLabel && entry.Value == WellKnownNames.Agent))
        .Select(entry => entry.Key);

    /// <summary>All DataVolumes and claims that the VM or its guest names, or that would go with it.</summary>
    public async Task<IReadOnlyList<FoundDisk>> FindAsync(
        VirtualMachineObject vm, VirtualMachineInstanceObject? vmi, CancellationToken cancellationToken)
    {
        var owners = new DiskOwners(api, vm.Metadata.Key, vm.Metadata.Uid);
        var named = NamesOf(vm, vmi);
        var found = new List<FoundDisk>();
        foreach (var kind in (ResourceKind[])[KubeVirtKinds.DataVolume, KubernetesKinds.PersistentVolumeClaim])
        {
            foreach (var item in await api.ListAllAsync(kind, vm.Metadata.Namespace, ClusterJson.Default.AnyObject, cancellationToken, keep: Bounded))
            {
                var disk = await LookAtAsync(kind, item.Metadata, owners, cancellationToken);
                if (named.Contains(disk.Name) || disk.Left.Count < (disk.Metadata.OwnerReferences?.Count ?? 0)) found.Add(disk);
            }
        }
        return found;
    }

    /// <summary>What a deletion of the VM keeps, and what not.</summary>
    public static KeptDisks Judge(VirtualMachineObject vm, IReadOnlyList<FoundDisk> disks)
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

    private static async Task<FoundDisk> LookAtAsync(ResourceKind kind, ObjectMetadata metadata, DiskOwners owners, CancellationToken cancellationToken)
    {
        var left = new List<OwnerReference>();
        OwnerReference? other = null;
        foreach (var owner in metadata.OwnerReferences ?? [])
        {
            var fate = await owners.FateOfAsync(owner, cancellationToken);
            if (fate is OwnerFate.Goes) continue;
            left.Add(owner);
            if (fate is OwnerFate.Unknown) other ??= owner;
        }
        return new FoundDisk(kind, metadata, left, other);
    }

    // Null: done, or to be looked at again.
    private async Task<string?> ReleaseAsync(FoundDisk disk, CancellationToken cancellationToken)
    {
        var metadata = new JsonObject
        {
            ["uid"] = disk.Metadata.Uid,
            ["resourceVersion"] = disk.Metadata.ResourceVersion,
            ["ownerReferences"] = new JsonArray([.. disk.Left.Select(owner => JsonSerializer.SerializeToNode(owner, KubeVirtJson.Default.OwnerReference))]),
        };
        foreach (var (field, entries) in (ReadOnlySpan<(string, IReadOnlyDictionary<string, string>?)>)[("labels", disk.Metadata.Labels), ("annotations", disk.Metadata.Annotations)])
        {
            var gone = new JsonObject();
            foreach (var mark in MarksOf(entries)) gone[mark] = null;
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

    // There may be thousands of them, as large as anyone likes.
    private static AnyObject Bounded(AnyObject item) => item with
    {
        Metadata = new ObjectMetadata
        {
            Name = item.Metadata.Name,
            Namespace = item.Metadata.Namespace,
            Uid = item.Metadata.Uid,
            ResourceVersion = item.Metadata.ResourceVersion,
            DeletionTimestamp = item.Metadata.DeletionTimestamp,
            OwnerReferences = item.Metadata.OwnerReferences,
            Labels = Own(item.Metadata.Labels),
            Annotations = Own(item.Metadata.Annotations),
        },
    };

    private static Dictionary<string, string>? Own(IReadOnlyDictionary<string, string>? entries) =>
        MarksOf(entries).ToDictionary(mark => mark, _ => WellKnownNames.Agent) is { Count: > 0 } own ? own : null;
}
