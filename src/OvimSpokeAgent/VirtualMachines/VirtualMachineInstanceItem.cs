using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Validation;

namespace OvimSpokeAgent.VirtualMachines;

/// <summary>What is kept of a VMI: a few hundred bytes.</summary>
internal sealed record VirtualMachineInstanceItem
{
    private const int MaxNameLength = 253;

    /// <summary>What is watched for it.</summary>
    public static WatchSpec<VirtualMachineInstanceObject, VirtualMachineInstanceItem> Watch { get; } = new()
    {
        Kind = KubeVirtKinds.VirtualMachineInstance,
        Type = KubeVirtJson.Default.VirtualMachineInstanceObject,
        Project = From,
        Unreadable = FromUnreadable,
    };

    public required NamespacedName Name { get; init; }

    public required string Uid { get; init; }

    public required string Phase { get; init; }

    /// <summary>The guest has ended, well or not.</summary>
    public bool IsFinal => Phase is "Succeeded" or "Failed";

    public string? NodeName { get; init; }

    public string? IpAddress { get; init; }

    /// <summary>As it is: an instancetype's, too.</summary>
    public VirtualMachineSize? Size { get; init; }

    /// <summary>The disks that it has, hot-plugged ones too.</summary>
    public DiskList Disks { get; init; } = DiskList.None;

    /// <summary>What the guest takes as it runs.</summary>
    public VirtualMachineFootprint Footprint { get; init; } = VirtualMachineFootprint.None;

    /// <summary>Why the VMI cannot be read, and all else but name and uid may be of before or nothing; null: it can.</summary>
    public string? Unreadable { get; init; }

    public required DateTimeOffset SeenAt { get; init; }

    public static VirtualMachineInstanceItem From(VirtualMachineInstanceObject vmi, DateTimeOffset now)
    {
        var sizes = new SizeReader();
        var size = VirtualMachineSize.Of(vmi.Spec?.Domain, sizes);
        return new VirtualMachineInstanceItem
        {
            Name = vmi.Metadata.Key,
            Uid = vmi.Metadata.Uid,
            Phase = JsonText.Shorten(vmi.Status?.Phase ?? ""),
            NodeName = NullIfEmpty(vmi.Status?.NodeName),
            IpAddress = NullIfEmpty(GuestAddress.Of(vmi.Status?.Interfaces)),
            Size = size,
            Disks = DiskList.Of(vmi, sizes),
            Footprint = VirtualMachineFootprint.Of(vmi.Spec, null, size, sizes),
            SeenAt = now,
        };
    }

    /// <summary>A VMI that cannot be read: what was known of it before still holds, as far as anyone can tell.</summary>
    public static VirtualMachineInstanceItem FromUnreadable(UnreadableObject vmi, VirtualMachineInstanceItem? before)
    {
        var known = before?.Uid == vmi.Metadata.Uid ? before : new VirtualMachineInstanceItem
        {
            Name = vmi.Metadata.Key,
            Uid = vmi.Metadata.Uid,
            Phase = "",
            SeenAt = vmi.SeenAt,
        };
        return known! with { Unreadable = $"the agent cannot read its VMI: {vmi.Problem}", SeenAt = vmi.SeenAt };
    }

    // What a guest's agent says comes through here, too.
    private static string? NullIfEmpty(string? text) => string.IsNullOrEmpty(text) ? null : JsonText.Shorten(text, MaxNameLength);
}
