using System.Text.Json.Serialization.Metadata;
using OvimSpokeAgent.Cluster;

namespace OvimSpokeAgent.VirtualMachines;

/// <summary>
/// Finds the sizes that instancetypes give, where KubeVirt takes them from: what is pinned for a VM counts, whatever became
/// of the instancetype since; what is not pinned yet is as it would be pinned now.
/// </summary>
internal sealed class Instancetypes(
    IKubernetesApi api,
    WatchCache<InstancetypeObject, InstancetypeItem> namespaced,
    WatchCache<ClusterInstancetypeObject, InstancetypeItem> clusterWide,
    WatchCache<ControllerRevisionObject, InstancetypeRevisionItem> revisions)
{
    /// <summary>The size that the caches know, or null.</summary>
    public InstancetypeItem? Find(InstancetypeReference reference, string ns)
    {
        if (reference.Revision is { } pinned) return revisions.Get(new(ns, pinned))?.Size;
        return reference.NotedRevision is { } noted && revisions.Get(new(ns, noted)) is { } found && found.IsOf(reference.Type)
            ? found.Size
            : FindCurrent(reference.Type, ns);
    }

    /// <summary>The footprint with its size filled in; as it is where the VM says it itself, or it cannot be found.</summary>
    public VirtualMachineFootprint Resolve(VirtualMachineFootprint vm, string ns) =>
        vm.Instancetype is { } reference && Find(reference, ns) is { } found ? Sized(vm, found) : vm;

    /// <summary>As <see cref="Resolve"/>; what the caches do not have is looked for on the server. Null: it is not there.</summary>
    public async Task<VirtualMachineFootprint?> ResolveNowAsync(
        VirtualMachineFootprint vm, string ns, CancellationToken cancellationToken)
    {
        if (vm.Instancetype is not { } reference) return vm;
        return await FindNowAsync(reference, ns, cancellationToken) is { } found ? Sized(vm, found) : null;
    }

    private async Task<InstancetypeItem?> FindNowAsync(
        InstancetypeReference reference, string ns, CancellationToken cancellationToken)
    {
        if (reference.Revision is { } pinned) return (await FindRevisionNowAsync(new(ns, pinned), cancellationToken))?.Size;
        if (reference.NotedRevision is { } noted
            && await FindRevisionNowAsync(new(ns, noted), cancellationToken) is { } found && found.IsOf(reference.Type))
        {
            return found.Size;
        }
        return FindCurrent(reference.Type, ns) ?? await FindCurrentNowAsync(reference.Type, ns, cancellationToken);
    }

    private async Task<InstancetypeRevisionItem?> FindRevisionNowAsync(NamespacedName name, CancellationToken cancellationToken)
    {
        if (revisions.Get(name) is { } known) return known;
        var revision = await ReadAsync(
            KubernetesKinds.ControllerRevision, name, KubeVirtJson.Default.ControllerRevisionObject, cancellationToken);
        return revision is null ? null : InstancetypeRevisionItem.From(revision);
    }

    private InstancetypeItem? FindCurrent(TypeReference type, string ns) => type.Kind == TypeReference.ClusterInstancetype
        ? clusterWide.Get(NamespacedName.ClusterScoped(type.Name))
        : namespaced.Get(new NamespacedName(ns, type.Name));

    private async Task<InstancetypeItem?> FindCurrentNowAsync(TypeReference type, string ns, CancellationToken cancellationToken)
    {
        InstancetypeObjectBase? found = type.Kind == TypeReference.ClusterInstancetype
            ? await ReadAsync(
                KubeVirtKinds.ClusterInstancetype,
                NamespacedName.ClusterScoped(type.Name),
                KubeVirtJson.Default.ClusterInstancetypeObject,
                cancellationToken)
            : await ReadAsync(
                KubeVirtKinds.Instancetype, new NamespacedName(ns, type.Name), KubeVirtJson.Default.InstancetypeObject, cancellationToken);
        return found is null ? null : InstancetypeItem.From(found.Spec);
    }

    private async Task<T?> ReadAsync<T>(
        ResourceKind kind, NamespacedName name, JsonTypeInfo<T> type, CancellationToken cancellationToken)
        where T : class
    {
        try
        {
            return await api.GetAsync(kind, name, type, cancellationToken);
        }
        catch (KubernetesApiException e) when (e.Reason is ApiErrorReason.NotFound or ApiErrorReason.NoKindMatch)
        {
            return null;
        }
    }

    private static VirtualMachineFootprint Sized(VirtualMachineFootprint vm, InstancetypeItem type) => vm with
    {
        Vcpus = type.Size.Vcpus,
        MemoryBytes = type.Size.MemoryBytes,
        HasDedicatedCpus = vm.HasDedicatedCpus || type.HasDedicatedCpus,
        HasHostDevices = vm.HasHostDevices || type.HasHostDevices,
        Problem = vm.Problem ?? type.Problem,
    };
}
