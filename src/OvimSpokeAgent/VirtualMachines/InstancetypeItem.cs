using OvimSpokeAgent.Cluster;

namespace OvimSpokeAgent.VirtualMachines;

/// <summary>What is kept of an instancetype: the size it gives, and what makes its VMs' pods larger.</summary>
/// <param name="Vcpus">vCPUs.</param>
/// <param name="MemoryBytes">Guest memory.</param>
/// <param name="Problem">Why they are not as they are written; null: they are.</param>
internal sealed record InstancetypeItem(long Vcpus, long MemoryBytes, string? Problem = null)
{
    public bool HasDedicatedCpus { get; init; }

    public bool HasHostDevices { get; init; }

    public static InstancetypeItem From(InstancetypeObjectBase type, DateTimeOffset now) => From(type.Spec);

    public static InstancetypeItem From(InstancetypeSpec? spec)
    {
        var sizes = new SizeReader();
        return new(
            sizes.Vcpus("cpu.guest", spec?.Cpu?.Guest ?? 1),
            Saturating.Ceiling(sizes.Read("memory.guest", spec?.Memory?.Guest)?.Value ?? 0),
            sizes.Problem)
        {
            HasDedicatedCpus = spec?.Cpu?.DedicatedCpuPlacement is true,
            HasHostDevices = spec is { HostDevices.Count: > 0 } or { Gpus.Count: > 0 },
        };
    }
}

/// <summary>The instancetype of a VM, and where KubeVirt has pinned it.</summary>
/// <param name="Type">As the VM names it.</param>
/// <param name="Revision">
/// The ControllerRevision of <c>spec.instancetype.revisionName</c>: where there is one, KubeVirt takes the size from there
/// and from nowhere else.
/// </param>
/// <param name="NotedRevision">
/// The ControllerRevision of <c>status.instancetypeRef</c>, which only KubeVirt writes: else it takes the size from there, as
/// long as the VM names the same instancetype.
/// </param>
internal sealed record InstancetypeReference(TypeReference Type, string? Revision = null, string? NotedRevision = null)
{
    /// <summary>Why the size is not known, for the hub's user.</summary>
    public string Missing => Revision is null
        ? $"instancetype: \"{Type.Name}\" does not exist, so that the VM's size is not known"
        : $"instancetype: \"{Type.Name}\" is pinned to the ControllerRevision \"{Revision}\", which does not exist or holds no "
            + "instancetype, so that the VM's size is not known";
}
