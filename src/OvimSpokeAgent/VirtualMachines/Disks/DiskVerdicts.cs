using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Validation;

namespace OvimSpokeAgent.VirtualMachines;

/// <summary>What a deletion that keeps disks keeps: as it is to be before it begins, and as it came when the VM is gone.</summary>
internal static class DiskVerdicts
{
    /// <summary>What a deletion of the VM is to keep, and what not. Pure.</summary>
    public static KeptDisks Classify(VirtualMachineObject vm, IReadOnlyList<FoundDisk> disks)
    {
        // A claim is where the data are: its DataVolume may go without it.
        var byName = disks.GroupBy(disk => disk.Name).OrderBy(parts => parts.Key, StringComparer.Ordinal).ToList();
        var going = byName.Where(parts => (parts.FirstOrDefault(IsClaim) ?? parts.First()).IsGoing).ToList();
        var others = byName.Except(going).Where(parts => parts.Any(disk => disk.Other is not null)).ToList();
        var ephemeral = (vm.Spec?.Template?.Spec?.Volumes ?? []).Where(volume => volume is { IsEphemeral: true }).Select(volume => volume!.Name ?? "");
        return new KeptDisks
        {
            Uid = vm.Metadata.Uid,
            Kept = [.. byName.Except(going).Except(others).Select(ToKept)],
            OfOthers = [.. others.Select(parts => Decides(parts.First(disk => disk.Other is not null)))],
            Lost =
            [
                .. going.Select(parts => $"{parts.Key}: it was being deleted already"),
                .. ephemeral.Take(DiskKeeper.MaxDisks).Select(name => $"{JsonText.Shorten(name)}: what a guest writes to this volume does not outlive it"),
            ],
        };
    }

    /// <summary>What of it came true: which of these very disks are there, and nothing takes them any more. Pure.</summary>
    /// <param name="judged">What was to stay.</param>
    /// <param name="disks">What there is, now that the VM is gone.</param>
    /// <param name="refusal">Why some could not be released, or null.</param>
    public static KeptDisks Verify(KeptDisks judged, IReadOnlyList<FoundDisk> disks, string? refusal)
    {
        var found = disks.DistinctBy(disk => disk.Metadata.Uid).ToDictionary(disk => disk.Metadata.Uid);
        var (kept, others, lost) = (new List<KeptDisk>(), new List<string>(judged.OfOthers), new List<string>(judged.Lost));
        foreach (var disk in judged.Kept)
        {
            var part = (disk.Claim ?? disk.Volume) is { } uid ? found.GetValueOrDefault(uid) : null;
            if (LossOf(part, found, refusal) is { } loss) lost.Add($"{disk.Name}: {loss}");
            else if (part!.Other is not null) others.Add(Decides(part));
            else kept.Add(disk);
        }
        return judged with { Kept = kept, OfOthers = others, Lost = lost };
    }

    // Null: it stays.
    private static string? LossOf(FoundDisk? disk, IReadOnlyDictionary<string, FoundDisk> found, string? refusal)
    {
        if (disk is null) return "it is gone: somebody has deleted it, or the VM before it was released";
        if (disk.IsGoing) return "it is being deleted";
        if (disk.Problem is not null) return $"nobody can tell whether it stays: {disk.Problem}";
        var isTaken = disk.IsTaken || (disk.Left.Count > 0 && disk.Left.All(owner => found.GetValueOrDefault(owner.Uid) is { } above && (above.IsGoing || above.IsTaken)));
        if (!isTaken) return null;
        return "it goes with the VM, which somebody deleted before it was released" + (refusal is null ? "" : $": {refusal}");
    }

    private static KeptDisk ToKept(IGrouping<string, FoundDisk> parts) =>
        new(parts.Key, parts.FirstOrDefault(disk => !IsClaim(disk))?.Metadata.Uid, parts.FirstOrDefault(IsClaim)?.Metadata.Uid);

    private static bool IsClaim(FoundDisk disk) => disk.Kind == KubernetesKinds.PersistentVolumeClaim;

    private static string Decides(FoundDisk disk) =>
        $"{disk.Name}: {JsonText.Shorten(disk.Other!.Kind)} {JsonText.Shorten(disk.Other.Name)} owns it, and decides whether it stays";
}
