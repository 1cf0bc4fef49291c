using System.Text.Json;
using OvimSpokeAgent.Cluster;

namespace OvimSpokeAgent.VirtualMachines;

/// <summary>What a VM takes of its namespace.</summary>
internal sealed record VirtualMachineFootprint
{
    private const long Most = 1L << 59;

    public static readonly VirtualMachineFootprint None = new() { Vcpus = 0, MemoryBytes = 0 };

    /// <summary>vCPUs; 0 where an instancetype says it.</summary>
    public required long Vcpus { get; init; }

    /// <summary>Guest memory; 0 where an instancetype says it, or nobody.</summary>
    public required long MemoryBytes { get; init; }

    /// <summary>Where the two are, if the VM itself does not say them.</summary>
    public InstancetypeReference? Instancetype { get; init; }

    /// <summary>The cores that the VM requests; null: KubeVirt decides, by default a tenth of a core a vCPU.</summary>
    public decimal? CpuRequest { get; init; }

    /// <summary>The bytes that the VM requests for its guest; null: as many as it has.</summary>
    public long? MemoryRequest { get; init; }

    public bool HasTpm { get; init; }

    /// <summary>Dedicated CPUs, or limits equal to requests.</summary>
    public bool HasDedicatedCpus { get; init; }

    public bool IsArm64 { get; init; }

    public bool HasHostDevices { get; init; }

    /// <summary>The footprint of a VM by its template.</summary>
    public static VirtualMachineFootprint Of(VirtualMachineObject vm) => Of(vm.Spec?.Template?.Spec, ReferenceOf(vm));

    /// <summary>The footprint of a VMI.</summary>
    public static VirtualMachineFootprint Of(VirtualMachineInstanceSpec? spec) => Of(spec, null);

    private static VirtualMachineFootprint Of(VirtualMachineInstanceSpec? spec, InstancetypeReference? type)
    {
        var domain = spec?.Domain;
        return new VirtualMachineFootprint
        {
            Vcpus = type is null ? VcpusOf(domain) : 0,
            MemoryBytes = type is null ? MemoryOf(domain) : 0,
            Instancetype = type,
            CpuRequest = Value(domain?.Resources?.Requests?.GetValueOrDefault("cpu")) is { } cores ? Math.Max(0, cores) : null,
            MemoryRequest = Value(domain?.Resources?.Requests?.GetValueOrDefault("memory")) is { } bytes ? Saturated(bytes) : null,
            HasTpm = domain?.Devices?.Tpm is { ValueKind: JsonValueKind.Object },
            HasDedicatedCpus = domain?.Cpu?.DedicatedCpuPlacement is true || domain?.Resources?.Limits is { Count: > 0 },
            IsArm64 = spec?.Architecture == "arm64",
            HasHostDevices = domain?.Devices is { HostDevices.Count: > 0 } or { Gpus.Count: > 0 },
        };
    }

    private static InstancetypeReference? ReferenceOf(VirtualMachineObject vm)
    {
        if (vm.Spec?.Instancetype is not { } matcher || (NullIfEmpty(matcher.Name) ?? NullIfEmpty(matcher.RevisionName)) is null) return null;
        var type = new TypeReference(KindOf(matcher), matcher.Name ?? "");
        var noted = vm.Status?.InstancetypeRef is { } status && (NullIfEmpty(status.Name) ?? type.Name) == type.Name
            ? status.ControllerRevisionRef?.Name
            : null;
        return new InstancetypeReference(type, NullIfEmpty(matcher.RevisionName), NullIfEmpty(noted));

        static string? NullIfEmpty(string? text) => string.IsNullOrEmpty(text) ? null : text;
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
        if (TopologyOf(domain) is { } vcpus) return vcpus;
        var cores = Value(domain?.Resources?.Limits?.GetValueOrDefault("cpu"))
            ?? Value(domain?.Resources?.Requests?.GetValueOrDefault("cpu"));
        return Math.Max(1, Saturated(cores ?? 1));
    }

    /// <summary>sockets × cores × threads, each 1 where absent; null where none is given.</summary>
    public static long? TopologyOf(VirtualMachineDomain? domain)
    {
        if (domain?.Cpu is not { } cpu || (cpu.Sockets ?? cpu.Cores ?? cpu.Threads) is null) return null;
        Int128 product = 1;
        foreach (var count in (long?[])[cpu.Sockets, cpu.Cores, cpu.Threads]) product = Int128.Min(product * Math.Max(1, count ?? 1), Most);
        return (long)product;
    }

    private static long MemoryOf(VirtualMachineDomain? domain) => Saturated(
        Value(domain?.Memory?.Guest)
        ?? Value(domain?.Resources?.Requests?.GetValueOrDefault("memory"))
        ?? Value(domain?.Resources?.Limits?.GetValueOrDefault("memory"))
        ?? 0);

    /// <summary>Absurd values of someone else's objects must not overflow sums.</summary>
    public static long Saturated(decimal value) => (long)Math.Ceiling(Math.Clamp(value, 0, Most));

    /// <summary>A quantity; null where there is none that is right.</summary>
    public static decimal? Value(JsonElement? quantity) =>
        quantity is { ValueKind: JsonValueKind.String or JsonValueKind.Number } q && Quantity.TryParse(q.ToString(), out var parsed)
            ? parsed.Value
            : null;
}
