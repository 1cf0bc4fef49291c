using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Supervision;
using OvimSpokeAgent.VirtualMachines;

namespace OvimSpokeAgent.VirtualDataCenters;

/// <summary>A VM that goes with its VDC.</summary>
internal sealed record VdcVm(string Name, string Uid);

/// <summary>What the agent reads of a PersistentVolume.</summary>
internal sealed record PersistentVolumeObject : IKubernetesObject
{
    public ObjectMetadata Metadata { get => field ?? ObjectMetadata.None; init; }

    public PersistentVolumeSpec? Spec { get; init; }
}

internal sealed record PersistentVolumeSpec
{
    public string? PersistentVolumeReclaimPolicy { get; init; }

    public VolumeClaimReference? ClaimRef { get; init; }
}

/// <summary>The claim that a volume is or was bound to.</summary>
internal sealed record VolumeClaimReference
{
    public string? Namespace { get; init; }

    public string? Name { get; init; }
}

/// <summary>What is in the namespace of a VDC that is deleted, what holds it, and what stays behind.</summary>
internal sealed class VdcContents(
    IKubernetesApi api,
    WatchCache<NamespaceObject, ManagedNamespace> namespaces,
    WatchCache<VirtualMachineObject, VirtualMachineItem> machines,
    WatchCache<VirtualMachineInstanceObject, VirtualMachineInstanceItem> instances)
{
    private const int PageSize = 500;

    /// <summary>All VMs in the namespace, whoever made them; none on a cluster without KubeVirt.</summary>
    public async Task<IReadOnlyList<VdcVm>> ListVmsAsync(string ns, CancellationToken cancellationToken)
    {
        var vms = await ListAsync(KubeVirtKinds.VirtualMachine, ns, ClusterJson.Default.AnyObject, cancellationToken);
        return [.. vms.Select(vm => new VdcVm(vm.Metadata.Name, vm.Metadata.Uid))];
    }

    /// <summary>Asks for a VM's deletion: KubeVirt stops the guest first.</summary>
    public async Task DeleteVmAsync(string ns, VdcVm vm, CancellationToken cancellationToken)
    {
        try
        {
            await api.DeleteAsync(
                KubeVirtKinds.VirtualMachine,
                new NamespacedName(ns, vm.Name),
                new DeleteOptions { Uid = vm.Uid, Propagation = "Background" },
                cancellationToken);
        }
        catch (KubernetesApiException e) when (e.Reason is ApiErrorReason.NotFound or ApiErrorReason.Conflict)
        {
            // Gone; a namesake made since goes with the namespace.
        }
    }

    /// <summary>
    /// Completes when there is neither VM nor guest in the namespace; asks for the deletion of VMs that turn up meanwhile.
    /// </summary>
    /// <param name="ns">The namespace.</param>
    /// <param name="asked">The uids of the VMs whose deletion was asked for.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async Task WaitForVmsGoneAsync(string ns, HashSet<string> asked, CancellationToken cancellationToken)
    {
        var changed = new AsyncSignal();
        using var ofMachines = machines.Subscribe(change => Wake(change.Name));
        using var ofInstances = instances.Subscribe(change => Wake(change.Name));
        while (true)
        {
            var next = changed.Next;
            // Asked of the server: the caches may not have heard of the newest VMs yet.
            var vms = await ListVmsAsync(ns, cancellationToken);
            foreach (var vm in vms.Where(vm => asked.Add(vm.Uid))) await DeleteVmAsync(ns, vm, cancellationToken);
            if (vms.Count == 0 && !HasGuests()) return;
            do
            {
                await next.WaitAsync(cancellationToken);
                next = changed.Next;
            }
            while (IsAsBefore());
        }

        void Wake(NamespacedName name)
        {
            if (name.Namespace == ns) changed.Set();
        }

        bool HasGuests() => instances.Items.Any(vmi => vmi.Name.Namespace == ns);

        // What goes is not gone, and nothing new is there.
        bool IsAsBefore()
        {
            var left = machines.Items.Where(vm => vm.Name.Namespace == ns).ToList();
            return left.TrueForAll(vm => asked.Contains(vm.Uid)) && (left.Count > 0 || HasGuests());
        }
    }

    /// <summary>Completes when the namespace with this uid is gone.</summary>
    public async Task WaitUntilGoneAsync(string ns, string uid, CancellationToken cancellationToken)
    {
        var name = NamespacedName.ClusterScoped(ns);
        var left = new AsyncSignal();
        using var subscription = namespaces.Subscribe(change =>
        {
            if (change.Name == name && change.New?.Uid != uid) left.Set();
        });
        try
        {
            while (true)
            {
                // Asked of the server: what left the cache is gone, or no longer labelled as managed, or was never in it.
                var next = left.Next;
                var found = await api.GetAsync(KubernetesKinds.Namespace, name, ClusterJson.Default.NamespaceObject, cancellationToken);
                if (found.Metadata.Uid != uid) return;
                await next.WaitAsync(cancellationToken);
            }
        }
        catch (KubernetesApiException e) when (e.Reason is ApiErrorReason.NotFound)
        {
            // Gone.
        }
    }

    /// <summary>What holds up the deletion of a namespace, as Kubernetes says it, with the finalizers of VMs.</summary>
    public async Task<string> WhatBlocksAsync(NamespaceObject ns, CancellationToken cancellationToken)
    {
        var reasons = (ns.Status?.Conditions ?? [])
            .Where(condition => condition.Status == "True" && !string.IsNullOrEmpty(condition.Message))
            .Select(condition => condition.Message!)
            .ToList();
        var vms = await ListAsync(KubeVirtKinds.VirtualMachine, ns.Metadata.Name, ClusterJson.Default.AnyObject, cancellationToken);
        reasons.AddRange(vms.Where(vm => vm.Metadata.Finalizers is { Count: > 0 }).Take(5)
            .Select(vm => $"VM {vm.Metadata.Name} has the finalizers {string.Join(", ", vm.Metadata.Finalizers!)}"));
        return reasons.Count == 0 ? "Kubernetes does not say what" : string.Join("; ", reasons);
    }

    /// <summary>Volumes that the namespace's claims leave behind because their storage class says so.</summary>
    public async Task<IReadOnlyList<string>> LeftBehindAsync(string ns, CancellationToken cancellationToken)
    {
        var volumes = await ListAsync(KubernetesKinds.PersistentVolume, "", VdcJson.Default.PersistentVolumeObject, cancellationToken);
        return
        [
            .. volumes.Where(volume => volume.Spec is { PersistentVolumeReclaimPolicy: "Retain", ClaimRef: { } claim } && claim.Namespace == ns)
                .Select(volume => $"PersistentVolume {volume.Metadata.Name} of claim {volume.Spec!.ClaimRef!.Name} is kept (reclaim policy Retain)"),
        ];
    }

    private async Task<IReadOnlyList<T>> ListAsync<T>(
        ResourceKind kind,
        string ns,
        System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> type,
        CancellationToken cancellationToken)
    {
        var items = new List<T>();
        string? next = null;
        try
        {
            do
            {
                var page = await api.ListAsync(kind, ns, new ListQuery { Limit = PageSize, Continue = next }, type, cancellationToken);
                items.AddRange(page.Items);
                next = page.Continue;
            }
            while (next is not null);
        }
        catch (KubernetesApiException e) when (e.Reason is ApiErrorReason.KindMissing)
        {
            return [];
        }
        return items;
    }
}
