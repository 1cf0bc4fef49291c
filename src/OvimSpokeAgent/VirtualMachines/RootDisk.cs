namespace OvimSpokeAgent.VirtualMachines;

/// <summary>Where a VM's root disk comes from.</summary>
internal abstract record RootDisk
{
    /// <summary>A container disk: ephemeral, read from an image.</summary>
    public sealed record Container(string Image) : RootDisk;

    /// <summary>A PersistentVolumeClaim that is there already, in the VM's namespace.</summary>
    public sealed record Claim(string Name) : RootDisk;
}
