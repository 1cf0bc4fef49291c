using System.Text.Json.Nodes;
using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Operations;

namespace OvimSpokeAgent.VirtualDataCenters;

/// <summary>
/// What the VMs of a namespace may have in sum, as the hub's user thinks of it; what is null is not limited.
/// </summary>
internal sealed record QuotaDeclaration
{
    /// <summary>Its fields; any other is ignored.</summary>
    public static readonly IReadOnlySet<string> Fields = new HashSet<string> { "cpu", "memory", "storage", "vms" };

    public const decimal MaxCores = 1_000_000;
    public const decimal MaxBytes = 1L << 59;
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
            payload.Reject(names[0], q.Text, $"at most {(unit is "" or "m" ? "1000000 cores" : "512Pi")}");
        return quantity;
    }
}
