using OvimSpokeAgent.Cluster;

namespace OvimSpokeAgent.VirtualMachines;

/// <summary>What is looked at.</summary>
internal enum OrphanKind
{
    /// <summary>A VM that the agent began to make.</summary>
    HalfMadeVm,

    /// <summary>A VM that is held until its disks are released.</summary>
    HeldVm,

    /// <summary>A DataVolume of the agent's that nobody owns.</summary>
    StrayVolume,
}

/// <summary>Something that may have been left behind.</summary>
internal sealed record Orphan(OrphanKind Kind, NamespacedName Name)
{
    public override string ToString() => $"{Kind} {Name}";
}
