using OvimSpokeAgent.Cluster;

namespace OvimSpokeAgent.VirtualMachines;

/// <summary>A disk of a VM as the server has it now: a DataVolume or a claim.</summary>
/// <param name="Kind">Its kind.</param>
/// <param name="Metadata">What counts of it.</param>
/// <param name="Left">The owners that it keeps.</param>
/// <param name="Other">An owner of which the agent cannot tell whether it goes with the VM; null: there is none.</param>
/// <param name="Problem">Why the agent does not touch it; null: it may.</param>
internal sealed record FoundDisk(
    ResourceKind Kind, ObjectMetadata Metadata, IReadOnlyList<OwnerReference> Left, OwnerReference? Other, string? Problem)
{
    public string Name => Metadata.Name;

    public bool IsGoing => Metadata.DeletionTimestamp is not null;

    /// <summary>Whether nothing that stays owns it any more, although something did: the garbage collector takes it.</summary>
    public bool IsTaken => Left.Count == 0 && Metadata.OwnerReferences is { Count: > 0 };

    /// <summary>Whether it would go with the VM, or is marked as ours.</summary>
    public bool IsToBeReleased => !IsGoing
        && (Problem is not null || Left.Count < (Metadata.OwnerReferences?.Count ?? 0)
            || DiskMarks.Of(Metadata.Labels).Any() || DiskMarks.Of(Metadata.Annotations).Any());
}
