using OvimSpokeAgent.Cluster;

namespace OvimSpokeAgent.VirtualMachines;

/// <summary>What the new disks of a VM take of the storage quota of their namespace, which counts what claims ask for.</summary>
/// <param name="Bytes">What they take for good.</param>
/// <param name="FillingBytes">What CDI takes beside that, as long as it fills them.</param>
internal readonly record struct DiskRoom(long Bytes, long FillingBytes)
{
    /// <summary>What CDI adds for a file system where nobody says anything else (CDI, doc/cdi-config.md).</summary>
    public const decimal UsualOverhead = 0.06m;

    private const decimal Alignment = 1 << 20;

    /// <summary>With one more disk. Saturates.</summary>
    /// <param name="disk">A new disk.</param>
    /// <param name="ns">The VM's namespace.</param>
    /// <param name="overhead">The share of a claim that its file system takes; 0: it has none.</param>
    /// <param name="hasPopulator">
    /// CDI fills a second claim of the same size, and gives its volume to the first (doc/cdi-populators.md): where the storage class is of a CSI driver.
    /// </param>
    public DiskRoom With(DiskRequest disk, string ns, decimal overhead, bool hasPopulator)
    {
        // As CDI reckons (pkg/controller/common/util.go, GetRequiredSpace).
        var claim = Saturating.Ceiling(decimal.Ceiling(Math.Min(disk.Size?.Value ?? 0, long.MaxValue) / Alignment) * Alignment / (1 - overhead));
        var second = hasPopulator && !IsFilledElsewhere(disk, ns) ? claim : 0;
        var scratch = disk.Source is DiskSource.Import ? claim : 0;
        return new DiskRoom(Saturating.Add(Bytes, claim), Saturating.Add(FillingBytes, Saturating.Add(second, scratch)));
    }

    /// <summary>What new disks take, as far as it is known without asking the cluster.</summary>
    public static DiskRoom Usual(IEnumerable<DiskRequest> disks, string ns) =>
        disks.Where(disk => disk.IsNew).Aggregate(default(DiskRoom), (room, disk) => room.With(disk, ns, UsualOverhead, hasPopulator: false));

    // A copy from another namespace is made there.
    private static bool IsFilledElsewhere(DiskRequest disk, string ns) => disk.Source is DiskSource.Copy copy && copy.Namespace != ns;
}
