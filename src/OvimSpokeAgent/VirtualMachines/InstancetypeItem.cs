using System.Text.Json;
using OvimSpokeAgent.Cluster;

namespace OvimSpokeAgent.VirtualMachines;

/// <summary>What is kept of an instancetype: the size it gives.</summary>
/// <param name="Vcpus">vCPUs.</param>
/// <param name="MemoryBytes">Guest memory.</param>
internal sealed record InstancetypeItem(long Vcpus, long MemoryBytes)
{
    public static InstancetypeItem From(InstancetypeObjectBase type, DateTimeOffset now) => new(
        Math.Max(1, type.Spec?.Cpu?.Guest ?? 1),
        type.Spec?.Memory?.Guest is { ValueKind: JsonValueKind.String or JsonValueKind.Number } guest
            && Quantity.TryParse(guest.ToString(), out var memory)
            ? (long)Math.Ceiling(memory.Value)
            : 0);
}

/// <summary>Finds the sizes that instancetypes give, in the caches.</summary>
internal sealed class Instancetypes(
    WatchCache<InstancetypeObject, InstancetypeItem> namespaced,
    WatchCache<ClusterInstancetypeObject, InstancetypeItem> clusterWide)
{
    /// <summary>The instancetype, or null where there is none of that name.</summary>
    public InstancetypeItem? Find(TypeReference type, string ns) => type.Kind == TypeReference.ClusterInstancetype
        ? clusterWide.Get(NamespacedName.ClusterScoped(type.Name))
        : namespaced.Get(new NamespacedName(ns, type.Name));

    /// <summary>The footprint with its size filled in; as it is where the VM says it itself, or the type is missing.</summary>
    public VirtualMachineFootprint Resolve(VirtualMachineFootprint vm, string ns) =>
        vm.Instancetype is { } type && Find(type, ns) is { } found
            ? vm with { Vcpus = found.Vcpus, MemoryBytes = found.MemoryBytes }
            : vm;
}
