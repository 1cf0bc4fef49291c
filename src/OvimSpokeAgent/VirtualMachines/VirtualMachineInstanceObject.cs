using System.Text.Json;
using System.Text.Json.Serialization;
using OvimSpokeAgent.Cluster;

namespace OvimSpokeAgent.VirtualMachines;

internal sealed record VirtualMachineInstanceSpec
{
    /// <summary>The guest's, e.g. <c>arm64</c>.</summary>
    public string? Architecture { get; init; }

    public VirtualMachineDomain? Domain { get; init; }

    public IReadOnlyList<VirtualMachineVolume?>? Volumes { get; init; }
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

    public IReadOnlyList<VolumeStatus?>? VolumeStatus { get; init; }
}

/// <summary><c>status.volumeStatus[]</c>; hot-plugged ones are there, too.</summary>
internal sealed record VolumeStatus
{
    public string? Name { get; init; }

    public VolumeClaimInfo? PersistentVolumeClaimInfo { get; init; }
}

/// <summary><c>status.volumeStatus[].persistentVolumeClaimInfo</c>: of quantities both strings and numbers.</summary>
internal sealed record VolumeClaimInfo
{
    public string? ClaimName { get; init; }

    public IReadOnlyDictionary<string, JsonElement>? Capacity { get; init; }

    public IReadOnlyDictionary<string, JsonElement>? Requests { get; init; }

    /// <summary>As large as it is; else as large as was asked for.</summary>
    [JsonIgnore]
    public JsonElement? Size =>
        Capacity?.TryGetValue("storage", out var capacity) is true ? capacity
        : Requests?.TryGetValue("storage", out var requested) is true ? requested : null;
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
