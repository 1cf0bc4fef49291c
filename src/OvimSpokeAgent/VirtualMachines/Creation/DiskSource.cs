namespace OvimSpokeAgent.VirtualMachines;

/// <summary>Where a disk's content comes from.</summary>
internal abstract record DiskSource
{
    private DiskSource()
    {
    }

    /// <summary>A container disk, read from an image: what the guest writes is lost when it stops.</summary>
    public sealed record Container(string Image) : DiskSource;

    /// <summary>A PersistentVolumeClaim of the VM's namespace, used as it is.</summary>
    /// <param name="Name">The claim.</param>
    public sealed record Claim(string Name) : DiskSource;

    /// <summary>A DataVolume of the VM's namespace that is there: KubeVirt waits until it is filled.</summary>
    /// <param name="Name">The DataVolume, and the claim that it fills.</param>
    public sealed record Volume(string Name) : DiskSource;

    /// <summary>Nothing: a new, empty disk.</summary>
    public sealed record Blank : DiskSource;

    /// <summary>An image that CDI imports into a new disk.</summary>
    /// <param name="Url"><c>http://</c>, <c>https://</c> or <c>docker://</c>.</param>
    public sealed record Import(string Url) : DiskSource
    {
        public const string RegistryScheme = "docker://";

        /// <summary>It is a container disk in a registry.</summary>
        public bool IsFromRegistry => Url.StartsWith(RegistryScheme, StringComparison.Ordinal);
    }

    /// <summary>A PersistentVolumeClaim that CDI copies into a new disk.</summary>
    /// <param name="Namespace">Its namespace.</param>
    /// <param name="Name">The claim.</param>
    public sealed record Copy(string Namespace, string Name) : DiskSource;
}
