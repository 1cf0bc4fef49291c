using System.Text.Json;
using OvimSpokeAgent.Cluster;

namespace OvimSpokeAgent.VirtualMachines;

/// <summary>What a VM takes of its namespace.</summary>
internal sealed record VirtualMachineFootprint
{
    public static readonly VirtualMachineFootprint None = new() { Vcpus = 0, MemoryBytes = 0 };

    /// <summary>vCPUs; 0 where an instancetype says it.</summary>
    public required long Vcpus { get; init; }

    /// <summary>Guest memory; 0 where an instancetype says it, or nobody.</summary>
    public required long MemoryBytes { get; init; }

    /// <summary>Where the two are, if the VM itself does not say them.</summary>
    public TypeReference? Instancetype { get; init; }

    /// <summary>The cores that the VM requests; null: KubeVirt decides, by default a tenth of a core a vCPU.</summary>
    public decimal? CpuRequest { get; init; }

    public bool HasTpm { get; init; }

    /// <summary>Dedicated CPUs, or limits equal to requests.</summary>
    public bool HasDedicatedCpus { get; init; }

    public bool IsArm64 { get; init; }

    public bool HasHostDevices { get; init; }

    /// <summary>The footprint of a VM by its template, or of a VMI.</summary>
    public static VirtualMachineFootprint Of(VirtualMachineInstanceSpec? spec, InstancetypeMatcher? instancetype = null)
    {
        var domain = spec?.Domain;
        var type = instancetype?.Name is { Length: > 0 } name
            ? new TypeReference(KindOf(instancetype), name)
            : null;
        return new VirtualMachineFootprint
        {
            Vcpus = type is null ? VcpusOf(domain) : 0,
            MemoryBytes = type is null ? MemoryOf(domain) : 0,
            Instancetype = type,
            CpuRequest = Value(domain?.Resources?.Requests?.GetValueOrDefault("cpu")),
            HasTpm = domain?.Devices?.Tpm is { ValueKind: JsonValueKind.Object },
            HasDedicatedCpus = domain?.Cpu?.DedicatedCpuPlacement is true || domain?.Resources?.Limits is { Count: > 0 },
            IsArm64 = spec?.Architecture == "arm64",
            HasHostDevices = domain?.Devices is { HostDevices.Count: > 0 } or { Gpus.Count: > 0 },
        };
    }

    // KubeVirt takes the kind in any case and in the plural; without one it means the cluster-wide.
    private static string KindOf(InstancetypeMatcher matcher) => matcher.Kind?.ToLowerInvariant().TrimEnd('s') switch
    {
        TypeReference.Instancetype => TypeReference.Instancetype,
        _ => TypeReference.ClusterInstancetype,
    };

    // sockets × cores × threads, else the limit or the request (KubeVirt rounds up), else 1.
    private static long VcpusOf(VirtualMachineDomain? domain)
    {
        if (domain?.Cpu is { } cpu && (cpu.Sockets ?? cpu.Cores ?? cpu.Threads) is not null)
            return Saturated((decimal)Count(cpu.Sockets) * Count(cpu.Cores) * Count(cpu.Threads));
        var cores = Value(domain?.Resources?.Limits?.GetValueOrDefault("cpu"))
            ?? Value(domain?.Resources?.Requests?.GetValueOrDefault("cpu"));
        return Math.Max(1, Saturated(cores ?? 1));

        static long Count(long? part) => part is > 0 ? part.Value : 1;
    }

    private static long MemoryOf(VirtualMachineDomain? domain) => Saturated(
        Value(domain?.Memory?.Guest)
        ?? Value(domain?.Resources?.Requests?.GetValueOrDefault("memory"))
        ?? Value(domain?.Resources?.Limits?.GetValueOrDefault("memory"))
        ?? 0);

    // Absurd values of someone else's objects must not overflow sums.
    private static long Saturated(decimal value) => (long)Math.Ceiling(Math.Clamp(value, 0, 1L << 59));

    private static decimal? Value(JsonElement? quantity) =>
        quantity is { ValueKind: JsonValueKind.String or JsonValueKind.Number } q && Quantity.TryParse(q.ToString(), out var parsed)
            ? parsed.Value
            : null;
}
