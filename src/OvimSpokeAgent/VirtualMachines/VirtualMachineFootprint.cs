using System.Text.Json;
using OvimSpokeAgent.Cluster;

namespace OvimSpokeAgent.VirtualMachines;

/// <summary>What a VM takes of its namespace.</summary>
internal sealed record VirtualMachineFootprint
{
    public static readonly VirtualMachineFootprint None = new() { Vcpus = 0, MemoryBytes = 0 };

    // No object's name is longer; what is cut off here names none, as before.
    private const int MaxNameLength = 254;

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

    public bool HasTpm { get; init; }

    /// <summary>Dedicated CPUs, or limits equal to requests.</summary>
    public bool HasDedicatedCpus { get; init; }

    public bool IsArm64 { get; init; }

    public bool HasHostDevices { get; init; }

    /// <summary>Why it is not what the VM takes; null: it is.</summary>
    public string? Problem { get; init; }

    /// <summary>The footprint of a VM by its template.</summary>
    /// <param name="vm">The VM.</param>
    /// <param name="sizes">Reads it, and knows what was odd about other sizes of the VM.</param>
    public static VirtualMachineFootprint Of(VirtualMachineObject vm, SizeReader? sizes = null) =>
        Of(vm.Spec?.Template?.Spec, ReferenceOf(vm), sizes ?? new SizeReader());

    /// <summary>The footprint of a VMI.</summary>
    /// <param name="spec">The VMI's spec.</param>
    /// <param name="sizes">As for a VM.</param>
    public static VirtualMachineFootprint Of(VirtualMachineInstanceSpec? spec, SizeReader? sizes = null) => Of(spec, null, sizes ?? new SizeReader());

    private static VirtualMachineFootprint Of(VirtualMachineInstanceSpec? spec, InstancetypeReference? type, SizeReader sizes)
    {
        var domain = spec?.Domain;
        return new VirtualMachineFootprint
        {
            Vcpus = type is null ? VcpusOf(domain, sizes) : 0,
            MemoryBytes = type is null ? MemoryOf(domain, sizes) : 0,
            Instancetype = type,
            CpuRequest = sizes.Read("requests.cpu", Request(domain, "cpu"))?.Value,
            MemoryRequest = sizes.Read("requests.memory", Request(domain, "memory")) is { } bytes ? Saturating.Ceiling(bytes.Value) : null,
            HasTpm = domain?.Devices?.Tpm is { ValueKind: JsonValueKind.Object },
            HasDedicatedCpus = domain?.Cpu?.DedicatedCpuPlacement is true || domain?.Resources?.Limits is { Count: > 0 },
            IsArm64 = spec?.Architecture == "arm64",
            HasHostDevices = domain?.Devices is { HostDevices.Count: > 0 } or { Gpus.Count: > 0 },
            Problem = sizes.Problem, // after all else was read
        };
    }

    private static InstancetypeReference? ReferenceOf(VirtualMachineObject vm)
    {
        if (vm.Spec?.Instancetype is not { } matcher || (Kept(matcher.Name) ?? Kept(matcher.RevisionName)) is null) return null;
        var type = new TypeReference(KindOf(matcher), Kept(matcher.Name) ?? "");
        var noted = vm.Status?.InstancetypeRef is { } status && (Kept(status.Name) ?? type.Name) == type.Name
            ? status.ControllerRevisionRef?.Name
            : null;
        return new InstancetypeReference(type, Kept(matcher.RevisionName), Kept(noted));

        static string? Kept(string? name) => string.IsNullOrEmpty(name) ? null : name.Length <= MaxNameLength ? name : name[..MaxNameLength];
    }

    // KubeVirt takes the kind in any case and in the plural; without one it means the cluster-wide.
    private static string KindOf(InstancetypeMatcher matcher) => matcher.Kind?.ToLowerInvariant().TrimEnd('s') switch
    {
        TypeReference.Instancetype => TypeReference.Instancetype,
        _ => TypeReference.ClusterInstancetype,
    };

    // sockets × cores × threads, else the limit or the request (KubeVirt rounds up), else 1.
    private static long VcpusOf(VirtualMachineDomain? domain, SizeReader sizes)
    {
        if (sizes.Vcpus(domain?.Cpu) is { } vcpus) return vcpus;
        var cores = sizes.Read("limits.cpu", Limit(domain, "cpu")) ?? sizes.Read("requests.cpu", Request(domain, "cpu"));
        return sizes.Vcpus("cpu", Saturating.Ceiling(cores?.Value ?? 1));
    }

    private static long MemoryOf(VirtualMachineDomain? domain, SizeReader sizes)
    {
        var memory = sizes.Read("memory.guest", domain?.Memory?.Guest)
            ?? sizes.Read("requests.memory", Request(domain, "memory"))
            ?? sizes.Read("limits.memory", Limit(domain, "memory"));
        return Saturating.Ceiling(memory?.Value ?? 0);
    }

    /// <summary>A quantity, within bounds; null where there is none.</summary>
    public static decimal? Value(JsonElement? quantity) => new SizeReader().Read("", quantity)?.Value;

    private static JsonElement? Request(VirtualMachineDomain? domain, string resource) =>
        domain?.Resources?.Requests?.GetValueOrDefault(resource);

    private static JsonElement? Limit(VirtualMachineDomain? domain, string resource) =>
        domain?.Resources?.Limits?.GetValueOrDefault(resource);
}
