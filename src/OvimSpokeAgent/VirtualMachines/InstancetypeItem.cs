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

/// <summary>Finds the sizes that instancetypes give.</summary>
internal sealed class Instancetypes(
    IKubernetesApi api,
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

    /// <summary>As <see cref="Resolve"/>; a type that the cache does not have is looked for on the server. Null: it is not there.</summary>
    public async Task<VirtualMachineFootprint?> ResolveNowAsync(
        VirtualMachineFootprint vm, string ns, CancellationToken cancellationToken)
    {
        if (vm.Instancetype is not { } type || Find(type, ns) is not null) return Resolve(vm, ns);
        try
        {
            var found = type.Kind == TypeReference.ClusterInstancetype
                ? InstancetypeItem.From(await api.GetAsync(
                    KubeVirtKinds.ClusterInstancetype,
                    NamespacedName.ClusterScoped(type.Name),
                    KubeVirtJson.Default.ClusterInstancetypeObject,
                    cancellationToken), default)
                : InstancetypeItem.From(await api.GetAsync(
                    KubeVirtKinds.Instancetype,
                    new NamespacedName(ns, type.Name),
                    KubeVirtJson.Default.InstancetypeObject,
                    cancellationToken), default);
            return vm with { Vcpus = found.Vcpus, MemoryBytes = found.MemoryBytes };
        }
        catch (KubernetesApiException e) when (e.Reason is ApiErrorReason.NotFound or ApiErrorReason.KindMissing)
        {
            return null;
        }
    }
}
