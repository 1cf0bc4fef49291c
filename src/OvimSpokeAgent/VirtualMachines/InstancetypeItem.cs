using OvimSpokeAgent.Cluster;

namespace OvimSpokeAgent.VirtualMachines;

/// <summary>What is kept of an instancetype: the size it gives, and what makes its VMs' pods larger.</summary>
/// <param name="Size">vCPUs and guest memory.</param>
/// <param name="Problem">Why they are not as they are written; null: they are.</param>
internal sealed record InstancetypeItem(VirtualMachineSize Size, string? Problem = null)
{
    /// <summary>What is watched for those of namespaces.</summary>
    public static WatchSpec<InstancetypeObject, InstancetypeItem> Watch { get; } = new()
    {
        Kind = KubeVirtKinds.Instancetype,
        Type = KubeVirtJson.Default.InstancetypeObject,
        Project = InstancetypeItem.From,
        IsOptional = true,
    };

    /// <summary>What is watched for those of the cluster.</summary>
    public static WatchSpec<ClusterInstancetypeObject, InstancetypeItem> ClusterWatch { get; } = new()
    {
        Kind = KubeVirtKinds.ClusterInstancetype,
        Type = KubeVirtJson.Default.ClusterInstancetypeObject,
        Project = InstancetypeItem.From,
        IsOptional = true,
    };

    public bool HasDedicatedCpus { get; init; }

    public bool HasHostDevices { get; init; }

    public static InstancetypeItem From(InstancetypeObjectBase type, DateTimeOffset now) => From(type.Spec);

    public static InstancetypeItem From(InstancetypeSpec? spec)
    {
        var sizes = new SizeReader();
        return new(
            new(sizes.Vcpus("cpu.guest", spec?.Cpu?.Guest ?? 1), sizes.Read("memory.guest", spec?.Memory?.Guest)),
            sizes.Problem)
        {
            HasDedicatedCpus = spec?.Cpu?.DedicatedCpuPlacement is true,
            HasHostDevices = spec is { HostDevices.Count: > 0 } or { Gpus.Count: > 0 },
        };
    }
}
