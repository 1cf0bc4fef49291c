using System.Text.Json;
using System.Text.Json.Serialization;
using OvimSpokeAgent.Cluster;

namespace OvimSpokeAgent.VirtualMachines;

/// <summary>What the agent reads of a VirtualMachineInstancetype, or a cluster-wide one (instancetype.kubevirt.io).</summary>
internal abstract record InstancetypeObjectBase : IKubernetesObject
{
    public ObjectMetadata Metadata { get => field ?? ObjectMetadata.None; init; }

    public InstancetypeSpec? Spec { get; init; }
}

internal sealed record InstancetypeObject : InstancetypeObjectBase;

internal sealed record ClusterInstancetypeObject : InstancetypeObjectBase;

internal sealed record InstancetypeSpec
{
    public InstancetypeCpu? Cpu { get; init; }

    public VirtualMachineMemory? Memory { get; init; }

    public IReadOnlyList<JsonElement>? HostDevices { get; init; }

    public IReadOnlyList<JsonElement>? Gpus { get; init; }
}

internal sealed record InstancetypeCpu
{
    /// <summary>vCPUs.</summary>
    public long? Guest { get; init; }

    /// <summary>Spelled otherwise than in VMs.</summary>
    [JsonPropertyName("dedicatedCPUPlacement")]
    public bool? DedicatedCpuPlacement { get; init; }
}
