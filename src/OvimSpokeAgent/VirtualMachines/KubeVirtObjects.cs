using System.Text.Json;
using System.Text.Json.Serialization;
using OvimSpokeAgent.Cluster;

namespace OvimSpokeAgent.VirtualMachines;

/// <summary>KubeVirt's kinds.</summary>
internal static class KubeVirtKinds
{
    public static readonly ResourceKind VirtualMachine = new("kubevirt.io", "v1", "virtualmachines", "VirtualMachine");

    public static readonly ResourceKind VirtualMachineInstance =
        new("kubevirt.io", "v1", "virtualmachineinstances", "VirtualMachineInstance");

    public static readonly ResourceKind Instancetype =
        new("instancetype.kubevirt.io", "v1beta1", "virtualmachineinstancetypes", "VirtualMachineInstancetype");

    public static readonly ResourceKind ClusterInstancetype = new(
        "instancetype.kubevirt.io", "v1beta1", "virtualmachineclusterinstancetypes", "VirtualMachineClusterInstancetype");

    /// <summary>start, stop and restart, served by virt-api through the aggregation layer.</summary>
    public static readonly ResourceKind VirtualMachineSubresources =
        new("subresources.kubevirt.io", "v1", "virtualmachines", "VirtualMachine");
}

/// <summary>What the agent reads of a VirtualMachine (kubevirt.io/v1).</summary>
internal sealed record VirtualMachineObject : IKubernetesObject
{
    public ObjectMetadata Metadata { get => field ?? ObjectMetadata.None; init; }

    public VirtualMachineSpec? Spec { get; init; }

    public VirtualMachineObjectStatus? Status { get; init; }
}

internal sealed record VirtualMachineSpec
{
    /// <summary><c>spec.runStrategy</c>; older objects have <see cref="Running"/> instead.</summary>
    public string? RunStrategy { get; init; }

    /// <summary><c>spec.running</c>: true means Always, false means Halted.</summary>
    public bool? Running { get; init; }

    public VirtualMachineTemplate? Template { get; init; }

    /// <summary>Disks that are made with the VM and go with it.</summary>
    public IReadOnlyList<DataVolumeTemplate>? DataVolumeTemplates { get; init; }

    public InstancetypeMatcher? Instancetype { get; init; }

    /// <summary>The strategy, whichever of the two fields says it.</summary>
    [JsonIgnore]
    public string Strategy => RunStrategy ?? (Running is true ? "Always" : "Halted");
}

/// <summary><c>spec.dataVolumeTemplates[]</c>: a DataVolume (cdi.kubevirt.io/v1beta1) says its size in one of two places.</summary>
internal sealed record DataVolumeTemplate
{
    public DataVolumeSpec? Spec { get; init; }
}

internal sealed record DataVolumeSpec
{
    public DiskClaim? Storage { get; init; }

    public DiskClaim? Pvc { get; init; }
}

internal sealed record DiskClaim
{
    public VirtualMachineResources? Resources { get; init; }

    /// <summary>A quantity: a string or a number.</summary>
    [JsonIgnore]
    public JsonElement? Size =>
        Resources?.Requests is { } requests && requests.TryGetValue("storage", out var size) ? size : null;
}

/// <summary><c>spec.instancetype</c>; without a kind the cluster-wide one is meant.</summary>
internal sealed record InstancetypeMatcher
{
    public string? Kind { get; init; }

    public string? Name { get; init; }

    /// <summary>The ControllerRevision with the instancetype as it is to be used.</summary>
    public string? RevisionName { get; init; }
}

/// <summary><c>status.instancetypeRef</c>: what KubeVirt took for the VM.</summary>
internal sealed record InstancetypeStatusRef
{
    public string? Name { get; init; }

    public ControllerRevisionRef? ControllerRevisionRef { get; init; }
}

internal sealed record ControllerRevisionRef
{
    public string? Name { get; init; }
}

internal sealed record VirtualMachineTemplate
{
    public VirtualMachineInstanceSpec? Spec { get; init; }
}

internal sealed record VirtualMachineInstanceSpec
{
    /// <summary>The guest's, e.g. <c>arm64</c>.</summary>
    public string? Architecture { get; init; }

    public VirtualMachineDomain? Domain { get; init; }
}

internal sealed record VirtualMachineDomain
{
    public VirtualMachineCpu? Cpu { get; init; }

    public VirtualMachineMemory? Memory { get; init; }

    public VirtualMachineResources? Resources { get; init; }

    public VirtualMachineDevices? Devices { get; init; }

    /// <summary>Set where there are I/O threads beside the vCPUs.</summary>
    public string? IoThreadsPolicy { get; init; }

    /// <summary>Set where the guest's memory is encrypted.</summary>
    public JsonElement? LaunchSecurity { get; init; }
}

internal sealed record VirtualMachineDevices
{
    public JsonElement? Tpm { get; init; }

    public IReadOnlyList<JsonElement>? HostDevices { get; init; }

    public IReadOnlyList<JsonElement>? Gpus { get; init; }

    public bool? NetworkInterfaceMultiqueue { get; init; }
}

internal sealed record VirtualMachineNuma
{
    public JsonElement? GuestMappingPassthrough { get; init; }
}

internal sealed record VirtualMachineCpu
{
    public JsonElement? Realtime { get; init; }

    public VirtualMachineNuma? Numa { get; init; }

    /// <summary>How many sockets can be reached without a restart.</summary>
    public long? MaxSockets { get; init; }

    public bool? DedicatedCpuPlacement { get; init; }

    public long? Sockets { get; init; }

    public long? Cores { get; init; }

    public long? Threads { get; init; }

    /// <summary>The vCPUs of one socket: cores × threads, each at least 1.</summary>
    [JsonIgnore]
    public long VcpusOfSocket => Saturating.Multiply(Math.Max(1, Cores ?? 1), Math.Max(1, Threads ?? 1));
}

internal sealed record VirtualMachineMemory
{
    public JsonElement? Guest { get; init; }

    /// <summary>How much can be reached without a restart.</summary>
    public JsonElement? MaxGuest { get; init; }

    public VirtualMachineHugepages? Hugepages { get; init; }
}

internal sealed record VirtualMachineHugepages
{
    /// <summary><c>2Mi</c>, <c>1Gi</c>, …</summary>
    public string? PageSize { get; init; }
}

internal sealed record VirtualMachineResources
{
    /// <summary>Quantities: strings or numbers.</summary>
    public IReadOnlyDictionary<string, JsonElement>? Requests { get; init; }

    public IReadOnlyDictionary<string, JsonElement>? Limits { get; init; }
}

internal sealed record VirtualMachineObjectStatus
{
    public string? PrintableStatus { get; init; }

    /// <summary>The run strategy that KubeVirt has acted by last; absent until the VM was started for the first time.</summary>
    public string? RunStrategy { get; init; }

    public IReadOnlyList<KubeVirtCondition>? Conditions { get; init; }

    /// <summary>Starts and stops asked for through the subresources and not done yet.</summary>
    public IReadOnlyList<StateChangeRequest>? StateChangeRequests { get; init; }

    public StartFailure? StartFailure { get; init; }

    public InstancetypeStatusRef? InstancetypeRef { get; init; }
}

/// <summary><c>status.stateChangeRequests[]</c>: action Start or Stop.</summary>
internal sealed record StateChangeRequest
{
    public string Action { get => field ?? ""; init; }

    public string? Uid { get; init; }
}

/// <summary><c>status.startFailure</c>: a VM that fails again and again.</summary>
internal sealed record StartFailure
{
    public int ConsecutiveFailCount { get; init; }
}

internal sealed record KubeVirtCondition
{
    public string Type { get => field ?? ""; init; }

    public string Status { get => field ?? ""; init; }

    public string? Reason { get; init; }

    public string? Message { get; init; }

    /// <summary>What it says: its message, else its reason, else its type.</summary>
    [JsonIgnore]
    public string Text => NullIfEmpty(Message) ?? NullIfEmpty(Reason) ?? Type;

    private static string? NullIfEmpty(string? text) => string.IsNullOrEmpty(text) ? null : text;
}

/// <summary>What the agent reads of a VirtualMachineInstance (kubevirt.io/v1): the running guest.</summary>
internal sealed record VirtualMachineInstanceObject : IKubernetesObject
{
    public ObjectMetadata Metadata { get => field ?? ObjectMetadata.None; init; }

    public VirtualMachineInstanceSpec? Spec { get; init; }

    public VirtualMachineInstanceStatus? Status { get; init; }

    /// <summary>The guest has ended, well or not: this boot never runs again.</summary>
    [JsonIgnore]
    public bool IsFinal => Status?.Phase is "Succeeded" or "Failed";
}

internal sealed record VirtualMachineInstanceStatus
{
    public string? Phase { get; init; }

    public string? NodeName { get; init; }

    public IReadOnlyList<KubeVirtCondition>? Conditions { get; init; }

    public IReadOnlyList<VirtualMachineInterface>? Interfaces { get; init; }

    public VirtualMachineMemoryStatus? Memory { get; init; }
}

/// <summary><c>status.memory</c>.</summary>
internal sealed record VirtualMachineMemoryStatus
{
    /// <summary>As much as this the guest keeps until it boots anew.</summary>
    public JsonElement? GuestAtBoot { get; init; }
}

/// <summary><c>status.interfaces[]</c>.</summary>
internal sealed record VirtualMachineInterface
{
    /// <summary>As the VM names it; absent where only the guest knows it.</summary>
    public string? Name { get; init; }

    public string? IpAddress { get; init; }

    /// <summary>All of them, <see cref="IpAddress"/> among them.</summary>
    public IReadOnlyList<string>? IpAddresses { get; init; }
}

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

/// <summary>What the agent reads of a ControllerRevision (apps/v1): KubeVirt keeps in them, among others, instancetypes.</summary>
internal sealed record ControllerRevisionObject : IKubernetesObject
{
    public ObjectMetadata Metadata { get => field ?? ObjectMetadata.None; init; }

    /// <summary>Anything: StatefulSets, DaemonSets and others keep theirs. It never changes (the API server sees to that).</summary>
    public JsonElement? Data { get; init; }
}

/// <summary>JSON of KubeVirt's kinds.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(VirtualMachineObject))]
[JsonSerializable(typeof(VirtualMachineInstanceObject))]
[JsonSerializable(typeof(InstancetypeObject))]
[JsonSerializable(typeof(ClusterInstancetypeObject))]
[JsonSerializable(typeof(InstancetypeSpec))]
[JsonSerializable(typeof(ControllerRevisionObject))]
internal sealed partial class KubeVirtJson : JsonSerializerContext;
