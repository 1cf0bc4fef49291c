using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Operations;
using OvimSpokeAgent.Supervision;
using OvimSpokeAgent.VirtualMachines;

namespace OvimSpokeAgent.VirtualDataCenters;

/// <summary>
/// The VMs of a VDC that is deleted, whoever made them, and their guests: also one that no VM stands behind. A guest's pods are gone
/// once its VirtualMachineInstance is: KubeVirt takes its finalizer off only then.
/// </summary>
internal sealed class VdcGuests(
    IKubernetesApi api,
    WatchCache<VirtualMachineObject, VirtualMachineItem> machines,
    WatchCache<VirtualMachineInstanceObject, VirtualMachineInstanceItem> instances)
{
    /// <summary>All VMs in the namespace; none on a cluster without KubeVirt.</summary>
    public Task<IReadOnlyList<AnyObject>> ListVmsAsync(string ns, CancellationToken cancellationToken) =>
        api.ListAllAsync(KubeVirtKinds.VirtualMachine, ns, ClusterJson.Default.AnyObject, cancellationToken, keep: AnyObject.Bounded);

    /// <summary>Asks for the deletion of every VM, and of every guest without one: KubeVirt shuts the guests down first.</summary>
    /// <returns>The uids of those whose deletion was asked for, now or before, and the names of all that are left.</returns>
    /// <exception cref="KubernetesApiException">One of them cannot be deleted; the others are asked to go all the same.</exception>
    public async Task<(HashSet<string> Asked, IReadOnlyList<string> Left)> DeleteAsync(string ns, CancellationToken cancellationToken)
    {
        // Asked of the server: the caches may not have heard of the newest yet.
        var vms = await ListVmsAsync(ns, cancellationToken);
        var guests = await api.ListAllAsync(KubeVirtKinds.VirtualMachineInstance, ns, ClusterJson.Default.AnyObject, cancellationToken, keep: AnyObject.Bounded);
        var names = vms.Select(vm => vm.Metadata.Name).ToHashSet();
        var toGo = vms.Select(vm => (Kind: KubeVirtKinds.VirtualMachine, vm.Metadata))
            .Concat(guests.Where(guest => !names.Contains(guest.Metadata.Name)).Select(guest => (KubeVirtKinds.VirtualMachineInstance, guest.Metadata)))
            .ToList();
        KubernetesApiException? refusal = null;
        foreach (var (kind, item) in toGo.Where(item => item.Metadata.DeletionTimestamp is null))
            refusal = await TryDeleteAsync(kind, item, cancellationToken) ?? refusal;
        if (refusal is not null) throw refusal;
        return ([.. toGo.Select(item => item.Metadata.Uid)], [.. names.Union(guests.Select(guest => guest.Metadata.Name)).Order(StringComparer.Ordinal)]);
    }

    /// <summary>Asks for the deletion of all, of those that turn up meanwhile too, and completes when none is left.</summary>
    /// <param name="ns">The namespace.</param>
    /// <param name="context">The operation: it holds no slot while guests shut down.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async Task DeleteAllAsync(string ns, OperationContext context, CancellationToken cancellationToken)
    {
        var changed = new AsyncSignal();
        using var ofMachines = machines.Subscribe(change => Wake(change.Name));
        using var ofInstances = instances.Subscribe(change => Wake(change.Name));
        while (true)
        {
            var next = changed.Next;
            var (asked, left) = await DeleteAsync(ns, cancellationToken);
            if (left.Count == 0) return;
            await context.WaitForOthersAsync(token => WaitForChangeAsync(next, asked, token), cancellationToken);
        }

        async Task WaitForChangeAsync(Task next, HashSet<string> asked, CancellationToken token)
        {
            do
            {
                await next.WaitAsync(token);
                next = changed.Next;
            }
            while (IsAsBefore(ns, asked));
        }

        void Wake(NamespacedName name)
        {
            if (name.Namespace == ns) changed.Set();
        }
    }

    // What goes is not gone, nothing new is there, and no guest has lost its VM.
    private bool IsAsBefore(string ns, HashSet<string> asked)
    {
        var (vms, guests) = (machines.ItemsIn(ns).ToList(), instances.ItemsIn(ns).ToList());
        return vms.Count + guests.Count > 0 && vms.TrueForAll(vm => asked.Contains(vm.Uid))
            && guests.TrueForAll(guest => asked.Contains(guest.Uid) || machines.Get(guest.Name) is not null);
    }

    private async Task<KubernetesApiException?> TryDeleteAsync(ResourceKind kind, ObjectMetadata item, CancellationToken cancellationToken)
    {
        try
        {
            await api.DeleteAsync(kind, item.Key, new DeleteOptions { Uid = item.Uid, Propagation = "Background" }, cancellationToken);
            return null;
        }
        catch (KubernetesApiException e) when (e.Reason is ApiErrorReason.NotFound or ApiErrorReason.Conflict)
        {
            return null; // gone; a namesake made since is found by the next look
        }
        catch (KubernetesApiException e) when (!e.IsTransient)
        {
            return new(e.Reason, $"{kind.Kind} {item.Name} cannot be deleted: {e.Message}", e.Causes, e.RetryAfter, e);
        }
    }
}
