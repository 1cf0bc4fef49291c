using System.Globalization;
using OvimSpokeAgent.Cluster;

namespace OvimSpokeAgent.VirtualMachines;

/// <summary>
/// What is kept of a DataVolume or claim while those of a namespace are listed: a few KiB at most, however large its owner made it,
/// and nothing of one that has nothing to do with the VM.
/// </summary>
/// <param name="Kind">Its kind.</param>
/// <param name="Metadata">What counts of it.</param>
/// <param name="IsNamed">The VM, or its guest, names it.</param>
/// <param name="Problem">Why it cannot be judged; null: it can.</param>
internal sealed record DiskCandidate(ResourceKind Kind, ObjectMetadata Metadata, bool IsNamed, string? Problem)
{
    /// <summary>As many owners as are looked at: a disk has one or two.</summary>
    public const int MaxOwners = 8;

    /// <summary>As long as the texts of all its owners are at most, in characters.</summary>
    public const int MaxOwnersLength = 4 << 10;

    /// <summary>It, or null where it cannot be a disk of the VM.</summary>
    public static DiskCandidate? Of(ResourceKind kind, ObjectMetadata item, DiskUser user)
    {
        var (owners, isNamed) = (item.OwnerReferences ?? [], user.Names(item));
        if (owners.Count == 0 && !isNamed) return null;
        var problem = ProblemOf(owners);
        // Nobody could tell of which VM it is; it is a problem of that one alone which it names, or that names it.
        if (!isNamed && problem is not null && owners.All(owner => owner.Uid != user.Uid)) return null;
        if (!isNamed && problem is null && owners.All(user.IsOfOthers)) return null;
        return new DiskCandidate(kind, Bounded(item, problem is null ? owners : []), isNamed, problem);
    }

    private static string? ProblemOf(IReadOnlyList<OwnerReference> owners)
    {
        if (owners.Count > MaxOwners)
            return string.Create(CultureInfo.InvariantCulture, $"it has {owners.Count} owners, more than the {MaxOwners} that the agent looks at");
        return owners.Sum(owner => owner.ApiVersion.Length + owner.Kind.Length + owner.Name.Length + owner.Uid.Length) > MaxOwnersLength
            ? string.Create(CultureInfo.InvariantCulture, $"its owners have names of more than {MaxOwnersLength} characters together")
            : null;
    }

    private static ObjectMetadata Bounded(ObjectMetadata item, IReadOnlyList<OwnerReference> owners) => new()
    {
        Name = item.Name,
        Namespace = item.Namespace,
        Uid = item.Uid,
        ResourceVersion = item.ResourceVersion,
        DeletionTimestamp = item.DeletionTimestamp,
        OwnerReferences = owners,
        Labels = DiskMarks.Alone(item.Labels),
        Annotations = DiskMarks.Alone(item.Annotations),
    };
}
