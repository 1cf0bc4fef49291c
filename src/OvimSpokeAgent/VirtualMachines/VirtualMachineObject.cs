using System.Text.Json;
using System.Text.Json.Serialization;
using OvimSpokeAgent.Cluster;

namespace OvimSpokeAgent.VirtualMachines;

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
    public ObjectMetadata Metadata { get => field ?? ObjectMetadata.None; init; }

    public DataVolumeSpec? Spec { get; init; }
}

internal sealed record DataVolumeSpec
{
    public DiskClaim? Storage { get; init; }

    public DiskClaim? Pvc { get; init; }

    /// <summary>What it is filled from: one field, named by the kind of source.</summary>
    public JsonElement? Source { get; init; }

    /// <summary>Whether CDI takes scratch space while it fills it: it does for all that comes from outside of the cluster.</summary>
    [JsonIgnore]
    public bool IsImported => Source is { ValueKind: JsonValueKind.Object } source
        && source.EnumerateObject().Any(kind => kind.Value.ValueKind is JsonValueKind.Object && kind.Name is not ("blank" or "pvc" or "snapshot"));
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
