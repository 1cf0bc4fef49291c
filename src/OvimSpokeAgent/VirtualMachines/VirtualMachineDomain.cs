using System.Text.Json;
using System.Text.Json.Serialization;
using OvimSpokeAgent.Cluster;

namespace OvimSpokeAgent.VirtualMachines;

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
