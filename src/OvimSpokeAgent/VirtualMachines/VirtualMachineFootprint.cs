using System.Text.Json;
using OvimSpokeAgent.Cluster;

namespace OvimSpokeAgent.VirtualMachines;

/// <summary>What a VM takes of its namespace.</summary>
internal sealed record VirtualMachineFootprint
{
    public static readonly VirtualMachineFootprint None = new() { Vcpus = 0, MemoryBytes = 0 };

    /// <summary>vCPUs, at most <see cref="SizeReader.MaxVcpus"/>; 0 where an instancetype says it.</summary>
    public required long Vcpus { get; init; }

    /// <summary>Guest memory; 0 where an instancetype says it, or nobody.</summary>
    public required long MemoryBytes { get; init; }

    /// <summary>Where the two are, if the VM itself does not say them.</summary>
    public InstancetypeReference? Instancetype { get; init; }

    /// <summary>The cores that the VM requests; null: KubeVirt decides, by default a tenth of a core a vCPU.</summary>
    public decimal? CpuRequest { get; init; }

    /// <summary>The bytes that the VM requests for its guest; null: as many as it has.</summary>
    public long? MemoryRequest { get; init; }

    /// <summary>What its own new disks ask for, in bytes; 0 where they do not say it.</summary>
    public long StorageBytes { get; init; }

    /// <summary>What CDI takes beside that as long as it fills them, in bytes; 0 when they are filled.</summary>
    public long FillingBytes { get; init; }

    public bool HasTpm { get; init; }

    /// <summary>Dedicated CPUs, or any resource limits: with those KubeVirt may give the guest dedicated CPUs.</summary>
    public bool HasDedicatedCpus { get; init; }

    public bool IsArm64 { get; init; }

    public bool HasHostDevices { get; init; }

    /// <summary>Why it is not what the VM takes; null: it is.</summary>
    public string? Problem { get; init; }

    /// <summary>What virt-launcher's pod requests, in cores, beside its small containers: KubeVirt's default is a tenth of a vCPU.</summary>
    public decimal PodCpu => CpuRequest ?? (HasDedicatedCpus ? Vcpus : Vcpus * 0.1m);

    /// <summary>What virt-launcher's pod requests, in bytes, beside its overhead.</summary>
    public long PodMemory => MemoryRequest ?? MemoryBytes;

    /// <summary>The footprint of a VM by its template.</summary>
    public static VirtualMachineFootprint Of(VirtualMachineObject vm)
    {
        var (spec, type, sizes) = (vm.Spec?.Template?.Spec, InstancetypeReference.Of(vm), new SizeReader());
        return Of(spec, type, type is null ? VirtualMachineSize.Of(spec?.Domain, sizes) : null, sizes);
    }

    /// <summary>The footprint of a VMI.</summary>
    public static VirtualMachineFootprint Of(VirtualMachineInstanceSpec? spec)
    {
        var sizes = new SizeReader();
        return Of(spec, null, VirtualMachineSize.Of(spec?.Domain, sizes), sizes);
    }

    /// <summary>The footprint of which the size is known already.</summary>
    /// <param name="spec">The spec of the VMI, or of the VM's template.</param>
    /// <param name="type">The instancetype that the VM names.</param>
    /// <param name="size">Null where the instancetype says it.</param>
    /// <param name="sizes">Read it, and knows what was odd about other sizes of the VM.</param>
    public static VirtualMachineFootprint Of(
        VirtualMachineInstanceSpec? spec, InstancetypeReference? type, VirtualMachineSize? size, SizeReader sizes)
    {
        var domain = spec?.Domain;
        return new VirtualMachineFootprint
        {
            Vcpus = size?.Vcpus ?? 0,
            MemoryBytes = size?.MemoryBytes ?? 0,
            Instancetype = type,
            CpuRequest = sizes.Read("requests.cpu", VirtualMachineSize.Request(domain, "cpu"))?.Value,
            MemoryRequest = sizes.Read("requests.memory", VirtualMachineSize.Request(domain, "memory")) is { } bytes ? Saturating.Ceiling(bytes.Value) : null,
            HasTpm = domain?.Devices?.Tpm is { ValueKind: JsonValueKind.Object },
            HasDedicatedCpus = domain?.Cpu?.DedicatedCpuPlacement is true || domain?.Resources?.Limits is { Count: > 0 },
            IsArm64 = spec?.Architecture == "arm64",
            HasHostDevices = domain?.Devices is { HostDevices.Count: > 0 } or { Gpus.Count: > 0 },
            Problem = sizes.Problem, // after all else was read
        };
    }

    /// <summary>A quantity, within bounds; null where there is none.</summary>
    public static decimal? Value(JsonElement? quantity) => new SizeReader().Read("", quantity)?.Value;
}
