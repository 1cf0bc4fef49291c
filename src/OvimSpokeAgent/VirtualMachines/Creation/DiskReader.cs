using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Operations;
using OvimSpokeAgent.Validation;

namespace OvimSpokeAgent.VirtualMachines;

/// <summary>Reads the disks of a <c>create_vm</c>: the root disk from the VM's own fields, others from <c>disks</c>.</summary>
/// <param name="payload">The payload.</param>
/// <param name="vm">The VM.</param>
/// <param name="notes">Takes what has no effect, and what the hub's user should know.</param>
internal sealed class DiskReader(PayloadReader payload, NamespacedName vm, RequestNotes notes)
{
    private const int MaxDisks = 32;
    private const int MaxBootOrder = 1000;

    // KubeVirt makes the container "volumeNAME-init" of a container disk: a DNS label, of 63 characters.
    private const int MaxNameLength = 52;

    // Names of volumes that the pod of a VM has for itself, and those that KubeVirt makes of the agent's own volumes.
    private static readonly string[] TakenNames =
    [
        DiskRequest.Root, GuestData.VolumeName, GuestData.SysprepVolumeName, $"{GuestData.VolumeName}-udata", $"{GuestData.VolumeName}-ndata",
        "private", "public", "sockets", "virt-bin-share-dir", "libvirt-runtime", "ephemeral-disks", "container-disks", "hotplug-disks",
        "hugepages", "hugetblfs-dir", "vm-state", "private-libvirt", "private-libvirt-qemu",
    ];

    private const string SizeRule = "the size of the disk that the image is imported into, such as \"20Gi\"";

    // CDI takes any; a disk that only reads cannot be filled.
    private static readonly string[] AccessModes = ["ReadWriteOnce", "ReadWriteMany", "ReadWriteOncePod"];

    /// <summary>The disks; the first is the root disk. What is wrong is in the payload's errors.</summary>
    public IReadOnlyList<DiskRequest> Read()
    {
        var root = ReadRoot();
        var disks = new List<DiskRequest> { root };
        var names = new HashSet<string>(TakenNames);
        foreach (var item in payload.Sections("disks", MaxDisks))
        {
            var disk = ReadDisk(item, $"disks[{disks.Count - 1}].");
            if (disk.Name.Length > 0 && !names.Add(disk.Name))
                item.Reject("name", disk.Name, "a name that no other disk of the VM has, nor its pod for itself");
            disks.Add(disk);
        }
        return WithBootOrder(disks);
    }

    private DiskRequest ReadRoot()
    {
        var size = payload.OptionalQuantity("Gi", "storage", "disk_size");
        var image = payload.OptionalString("image_url");
        if (image is null)
        {
            if (!payload.IsRejected("image_url", "template_name", "template")) payload.RejectMissing("image_url", ImageUrl.Rule);
            image = "";
        }
        var source = image.Length == 0 ? new DiskSource.Container("") : new ImageUrl(payload, vm).Read(image, size);
        if (source is DiskSource.Import && size is null && !payload.IsRejected("image_url", "storage", "disk_size"))
            payload.RejectMissing("storage", SizeRule);
        RequireBytes(payload, "storage", size);
        return Checked(payload, new DiskRequest
        {
            Name = DiskRequest.Root,
            Field = "image_url",
            Source = source,
            Size = size,
            BootOrder = payload.OptionalInt("boot_order", 1, MaxBootOrder),
        }, "");
    }

    private DiskRequest ReadDisk(PayloadReader item, string prefix)
    {
        var name = item.RequiredString("name");
        if (name.Length > 0 && (name.Length > MaxNameLength || !KubernetesNames.IsDnsLabel(name)))
            item.Reject("name", name, $"a DNS label of at most {MaxNameLength} characters (lower-case letters, digits and '-')");
        var size = item.OptionalQuantity("Gi", "size", "storage", "disk_size");
        var isBlank = item.OptionalBool("blank") is true;
        var image = item.OptionalString("image_url");
        DiskSource source = new DiskSource.Blank();
        if (isBlank && image is not null)
            item.Reject("image_url", image, "allowed with blank: a disk is empty, or comes from an image");
        else if (image is not null)
            source = new ImageUrl(item, vm).Read(image, size);
        else if (!isBlank && !item.IsRejected("image_url", "blank"))
            payload.RejectBecause(prefix.TrimEnd('.'), $"disk {JsonText.Show(name)} names nothing that it is made of, expected one of image_url, blank");
        if (source is DiskSource.Import or DiskSource.Blank && size is null && !item.IsRejected("size", "image_url") && (isBlank || image is not null))
            item.RejectMissing("size", "the size of the new disk, such as \"20Gi\"");
        RequireBytes(item, "size", size);
        return Checked(item, new DiskRequest
        {
            Name = name,
            Field = prefix + "image_url",
            Source = source,
            Size = size,
            BootOrder = item.OptionalInt("boot_order", 1, MaxBootOrder),
        }, prefix);
    }

    // What only a new disk can have is told where the disk is none.
    private DiskRequest Checked(PayloadReader from, DiskRequest disk, string prefix)
    {
        var storageClass = from.OptionalString("storage_class");
        if (storageClass is not null && !KubernetesNames.IsDnsSubdomain(storageClass))
            from.Reject("storage_class", storageClass, KubernetesNames.DnsSubdomainRule);
        var accessMode = from.OptionalChoice("access_mode", AccessModes);
        var secret = from.OptionalString("secret_name");
        if (secret is not null && !KubernetesNames.IsDnsSubdomain(secret))
            from.Reject("secret_name", secret, $"the name of a Secret in the VM's namespace: {KubernetesNames.DnsSubdomainRule}");
        if (!disk.IsNew)
        {
            Unused("storage_class", storageClass);
            Unused("access_mode", accessMode);
        }
        if (disk.Source is not DiskSource.Import && secret is not null)
            notes.Ignored($"{prefix}secret_name: it is the login for an import, and nothing is imported");
        if (disk.Source is DiskSource.Container { Image.Length: > 0 })
        {
            notes.Warn(
                $"disk \"{disk.Name}\" is a container disk: what the guest writes to it is lost when it stops; with a size it is imported "
                + "into a disk that stays");
        }
        return disk with { StorageClass = storageClass, AccessMode = accessMode, SecretName = secret };

        void Unused(string field, string? value)
        {
            if (value is not null) notes.Ignored($"{prefix}{field} ({JsonText.Shorten(value)}): disk \"{disk.Name}\" is not made anew");
        }
    }

    // A guest that boots from one of its disks by order must find its root disk, too.
    private List<DiskRequest> WithBootOrder(List<DiskRequest> disks)
    {
        var taken = new Dictionary<int, string>();
        foreach (var (index, disk) in disks.Index())
        {
            if (disk.BootOrder is not { } order || taken.TryAdd(order, disk.Name)) continue;
            payload.RejectBecause(
                index == 0 ? "boot_order" : $"disks[{index - 1}].boot_order", $"{order} is disk \"{taken[order]}\"'s already, expected another number");
        }
        if (taken.Count > 0 && disks[0].BootOrder is null) disks[0] = disks[0] with { BootOrder = taken.Keys.Max() + 1 };
        return disks;
    }

    private static void RequireBytes(PayloadReader from, string field, Quantity? size)
    {
        if (size is { } given && (given.Value < 1 << 20 || !decimal.IsInteger(given.Value)))
            from.Reject(field, given.Text, "a whole number of bytes, at least 1Mi");
    }
}
