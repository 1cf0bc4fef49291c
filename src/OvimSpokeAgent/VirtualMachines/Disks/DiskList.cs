using OvimSpokeAgent.Cluster;

namespace OvimSpokeAgent.VirtualMachines;

/// <summary>A disk that a VM or a VMI names.</summary>
/// <param name="Name">The volume's name.</param>
/// <param name="Claim">The claim behind it, which has the name of its DataVolume.</param>
/// <param name="IsFilled">It is named as a DataVolume, which CDI fills.</param>
/// <param name="Size">As large as who names it says; null: that one does not say it.</param>
internal sealed record NamedDisk(string Name, string Claim, bool IsFilled, Quantity? Size);

/// <summary>The disks that a VM or a VMI names, each claim once: a few KiB, however many it names.</summary>
/// <param name="All">What is kept of them.</param>
/// <param name="AreTruncated">Others were left out.</param>
internal sealed record DiskList(IReadOnlyList<NamedDisk> All, bool AreTruncated)
{
    public static readonly DiskList None = new([], false);

    /// <summary>As long as all names are at most, in characters.</summary>
    public const int MaxLength = 4 << 10;

    /// <summary>Those of a VM: its volumes, and the DataVolumes that it brings with it.</summary>
    public static DiskList Of(VirtualMachineObject vm, SizeReader sizes)
    {
        var asked = new Dictionary<string, Quantity?>();
        foreach (var template in vm.Spec?.DataVolumeTemplates ?? [])
        {
            if (template.Metadata.Name is { Length: > 0 } name)
                asked[name] = sizes.Read("dataVolumeTemplates", template.Spec?.Storage?.Size ?? template.Spec?.Pvc?.Size);
        }
        return Of(
            [.. vm.Spec?.Template?.Spec?.Volumes ?? [], .. asked.Keys.Select(name => VirtualMachineVolume.Of(name, null, name))],
            claim => asked.GetValueOrDefault(claim));
    }

    /// <summary>Those of a VMI: its volumes, and what KubeVirt says of more.</summary>
    public static DiskList Of(VirtualMachineInstanceObject vmi, SizeReader sizes)
    {
        var volumes = vmi.Spec?.Volumes ?? [];
        var claims = volumes.Where(volume => volume is { Name: not null, Claim: not null }).DistinctBy(volume => volume!.Name).ToDictionary(volume => volume!.Name!, volume => volume!.Claim!);
        var found = new Dictionary<string, Quantity?>();
        List<VirtualMachineVolume?> named = [.. volumes];
        foreach (var status in vmi.Status?.VolumeStatus ?? [])
        {
            if (status is not { Name: { } name, PersistentVolumeClaimInfo: { } info }) continue;
            // Earlier releases do not say which claim it is.
            if ((info.ClaimName ?? claims.GetValueOrDefault(name)) is not { } claim) continue;
            found[claim] = sizes.Read("volumeStatus", info.Size);
            named.Add(VirtualMachineVolume.Of(name, claim, null));
        }
        return Of(named, claim => found.GetValueOrDefault(claim));
    }

    private static DiskList Of(IReadOnlyList<VirtualMachineVolume?> named, Func<string, Quantity?> sizeOf)
    {
        var (kept, known, length) = (new List<NamedDisk>(), new HashSet<string>(), 0);
        foreach (var volume in named)
        {
            if (volume?.Claim is not { Length: > 0 } claim || known.Contains(claim)) continue;
            var name = string.IsNullOrEmpty(volume.Name) ? claim : volume.Name;
            var disk = new NamedDisk(name, claim, volume.DataVolume is not null, sizeOf(claim));
            length += disk.Name.Length + claim.Length;
            if (length > MaxLength) return new DiskList(kept, true);
            known.Add(claim);
            kept.Add(disk);
        }
        return kept.Count == 0 ? None : new DiskList(kept, false);
    }
}
