using OvimSpokeAgent.Cluster;

namespace OvimSpokeAgent.VirtualMachines;

/// <summary>A disk that a VM is to have.</summary>
internal sealed record DiskRequest
{
    /// <summary>The name of the disk that is given by the VM's own fields.</summary>
    public const string Root = "root";

    /// <summary>Its name in the VM.</summary>
    public required string Name { get; init; }

    /// <summary>How messages name the field of its source: <c>image_url</c>, <c>disks[0].image_url</c>.</summary>
    public required string Field { get; init; }

    public required DiskSource Source { get; init; }

    /// <summary>The size of a new disk; null: that of what is cloned.</summary>
    public Quantity? Size { get; init; }

    /// <summary>Null: the cluster's default.</summary>
    public string? StorageClass { get; init; }

    /// <summary>Null: what CDI knows to be right for the storage class.</summary>
    public string? AccessMode { get; init; }

    /// <summary>From 1 on; null: the guest does not boot from it, if it has another with one.</summary>
    public int? BootOrder { get; init; }

    /// <summary>A Secret of the VM's namespace with the login for the import.</summary>
    public string? SecretName { get; init; }

    /// <summary>Whether the disk is made with the VM, by a DataVolume.</summary>
    public bool IsNew => Source is DiskSource.Blank or DiskSource.Import or DiskSource.Copy;
}
