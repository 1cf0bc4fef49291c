using System.Text.Json.Nodes;
using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Operations;

namespace OvimSpokeAgent.VirtualDataCenters;

/// <summary>
/// What the VMs of a namespace may have in sum, as the hub's user thinks of it; what is null is not limited.
/// </summary>
internal sealed record QuotaDeclaration
{
    private const decimal MaxCores = 1_000_000;
    private const decimal MaxBytes = 1L << 59;
    private const int MaxVms = 1_000_000;

    /// <summary>vCPUs.</summary>
    public Quantity? Cpu { get; init; }

    /// <summary>Guest memory, in bytes.</summary>
    public Quantity? Memory { get; init; }

    /// <summary>Storage that PersistentVolumeClaims ask for, in bytes.</summary>
    public Quantity? Storage { get; init; }

    /// <summary>The number of VMs.</summary>
    public int? Vms { get; init; }

    public bool IsEmpty => Cpu is null && Memory is null && Storage is null && Vms is null;

    /// <summary>Reads the field <c>quota</c>.</summary>
    public static QuotaDeclaration Read(PayloadReader payload)
    {
        var quota = payload.Section("quota");
        return new QuotaDeclaration
        {
            Cpu = ReadUpTo(quota, "", MaxCores, "cpu"),
            Memory = ReadUpTo(quota, "Gi", MaxBytes, "memory"),
            Storage = ReadUpTo(quota, "Gi", MaxBytes, "storage"),
            Vms = quota.OptionalInt("vms", 1, MaxVms),
        };
    }

    /// <summary>As <see cref="Read"/> takes it; null when nothing is declared.</summary>
    public JsonObject? ToJson()
    {
        if (IsEmpty) return null;
        var json = new JsonObject();
        if (Cpu is { } cpu) json["cpu"] = cpu.Text;
        if (Memory is { } memory) json["memory"] = memory.Text;
        if (Storage is { } storage) json["storage"] = storage.Text;
        if (Vms is { } vms) json["vms"] = vms;
        return json;
    }

    internal static Quantity? ReadUpTo(PayloadReader payload, string unit, decimal max, params ReadOnlySpan<string> names)
    {
        var quantity = payload.OptionalQuantity(unit, names);
        if (quantity is { } q && q.Value > max)
            payload.Reject(names[0], q.Text, $"at most {(unit.Length == 0 ? "1000000 cores" : "512Pi")}");
        return quantity;
    }
}

/// <summary>What one VM may have; what is null is not limited.</summary>
internal sealed record LimitDeclaration
{
    private const decimal MaxCores = 1_000_000;
    private const decimal MaxBytes = 1L << 59;

    /// <summary>vCPUs.</summary>
    public Quantity? MinCpu { get; init; }

    public Quantity? MaxCpu { get; init; }

    /// <summary>Guest memory, in bytes.</summary>
    public Quantity? MinMemory { get; init; }

    public Quantity? MaxMemory { get; init; }

    public bool IsEmpty => MinCpu is null && MaxCpu is null && MinMemory is null && MaxMemory is null;

    /// <summary>The names of the contract and their other spelling, which some hubs send.</summary>
    public static readonly IReadOnlyDictionary<string, string> Aliases = new Dictionary<string, string>
    {
        ["minCpu"] = "min_cpu",
        ["maxCpu"] = "max_cpu",
        ["minMemory"] = "min_memory",
        ["maxMemory"] = "max_memory",
    };

    /// <summary>Reads the field <c>limit_range</c>; 0 means no limit.</summary>
    public static LimitDeclaration Read(PayloadReader payload)
    {
        var limits = payload.Section("limit_range");
        var read = new LimitDeclaration
        {
            MinCpu = ReadLimit(limits, "", MaxCores, "min_cpu", "minCpu"),
            MaxCpu = ReadLimit(limits, "", MaxCores, "max_cpu", "maxCpu"),
            MinMemory = ReadLimit(limits, "Gi", MaxBytes, "min_memory", "minMemory"),
            MaxMemory = ReadLimit(limits, "Gi", MaxBytes, "max_memory", "maxMemory"),
        };
        RejectCrossed(limits, "min_cpu", read.MinCpu, "max_cpu", read.MaxCpu);
        RejectCrossed(limits, "min_memory", read.MinMemory, "max_memory", read.MaxMemory);
        return read;
    }

    /// <summary>As <see cref="Read"/> takes it; null when nothing is declared.</summary>
    public JsonObject? ToJson()
    {
        if (IsEmpty) return null;
        var json = new JsonObject();
        if (MinCpu is { } minCpu) json["min_cpu"] = minCpu.Text;
        if (MaxCpu is { } maxCpu) json["max_cpu"] = maxCpu.Text;
        if (MinMemory is { } minMemory) json["min_memory"] = minMemory.Text;
        if (MaxMemory is { } maxMemory) json["max_memory"] = maxMemory.Text;
        return json;
    }

    private static Quantity? ReadLimit(PayloadReader limits, string unit, decimal max, string name, string alias) =>
        limits.IsZero(name, alias) ? null : QuotaDeclaration.ReadUpTo(limits, unit, max, name, alias);

    private static void RejectCrossed(PayloadReader limits, string minName, Quantity? min, string maxName, Quantity? max)
    {
        if (min is { } low && max is { } high && low.Value > high.Value)
            limits.Reject(minName, low.Text, $"at most {maxName} ({high.Text})");
    }
}
