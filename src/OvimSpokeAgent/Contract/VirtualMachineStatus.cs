using System.Text.Json;

namespace OvimSpokeAgent.Contract;

/// <summary>The contract's VM status: one VM in a status report, and the result of most VM operations.</summary>
public sealed record VirtualMachineStatus
{
    public required string Name { get; init; }

    public required string Namespace { get; init; }

    /// <summary>The hub's word: <c>pending</c>, <c>provisioning</c>, <c>starting</c>, <c>running</c>, <c>paused</c>,
    /// <c>migrating</c>, <c>stopping</c>, <c>stopped</c>, <c>deleting</c> or <c>error</c>.</summary>
    public required string Status { get; init; }

    /// <summary>KubeVirt's <c>status.printableStatus</c>, as it is.</summary>
    public required string Phase { get; init; }

    public string? NodeName { get; init; }

    public string? IpAddress { get; init; }

    /// <summary>vCPUs, as a quantity string.</summary>
    public string? Cpu { get; init; }

    /// <summary>Guest memory, as a quantity string.</summary>
    public string? Memory { get; init; }

    /// <summary>CPU that its pods use, in millicores, as metrics.k8s.io says (an extra field, only in reports); absent: not measured.</summary>
    public long? CpuUsed { get; init; }

    /// <summary>Memory that its pods use, in bytes, the guest's and KubeVirt's (an extra field, only in reports); absent: not measured.</summary>
    public long? MemoryUsed { get; init; }

    /// <summary>Sum of the VM's disks, however they came to it, as a quantity string; absent where there are none.</summary>
    public string? Storage { get; init; }

    /// <summary>Its disks that last (an extra field: hubs that do not know it ignore it); absent where there are none.</summary>
    public IReadOnlyList<DiskStatus>? Disks { get; init; }

    /// <summary>Set where <see cref="Disks"/> are not all: the first 32, those with which something is wrong before others.</summary>
    public bool? DisksTruncated { get; init; }

    public IReadOnlyDictionary<string, string>? Labels { get; init; }

    /// <summary>Set where <see cref="Labels"/> are not all: the agent's own, and of others at most 32 and 4 KiB.</summary>
    public bool? LabelsTruncated { get; init; }

    public DateTimeOffset CreatedAt { get; init; }

    /// <summary>When the agent last saw this VM change.</summary>
    public DateTimeOffset UpdatedAt { get; init; }

    /// <summary>Why the VM is not what it should be (an extra field: hubs that do not know it ignore it).</summary>
    public string? Message { get; init; }

    /// <summary>Set where a change waits for a restart (VM condition <c>RestartRequired</c>).</summary>
    public bool? RestartRequired { get; init; }

    /// <summary>Fields of the request that had no effect, each with the reason (only in results).</summary>
    public IReadOnlyList<string>? IgnoredFields { get; init; }

    /// <summary>What was done as asked, but may not be what was meant (only in results).</summary>
    public IReadOnlyList<string>? Warnings { get; init; }

    /// <summary>What a new VM was made of: an object with the fields of the request, a template's share and defaults included (only in results).</summary>
    public JsonElement? Used { get; init; }
}
