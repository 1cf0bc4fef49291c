using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.VirtualMachines;

namespace OvimSpokeAgent.VirtualDataCenters;

/// <summary>The caches that say what there is in namespaces: who judges quotas must know all of them.</summary>
internal sealed class VmCaches(
    WatchCache<NamespaceObject, ManagedNamespace> namespaces,
    WatchCache<VirtualMachineObject, VirtualMachineItem> machines,
    WatchCache<VirtualMachineInstanceObject, VirtualMachineInstanceItem> instances,
    WatchCache<InstancetypeObject, InstancetypeItem> instancetypes,
    WatchCache<ClusterInstancetypeObject, InstancetypeItem> clusterInstancetypes,
    WatchCache<ControllerRevisionObject, InstancetypeRevisionItem> revisions)
{
    /// <summary>Tells of every namespace that changed, or in which VMs take something else than before.</summary>
    public void Subscribe(Action<string> onChange)
    {
        namespaces.Subscribe(change => onChange(change.Name.Name));
        machines.Subscribe(change => NotifyIf(change.Name, change.Old?.Footprint != change.New?.Footprint));
        instances.Subscribe(change => NotifyIf(change.Name, change.Old?.Footprint != change.New?.Footprint));
        revisions.Subscribe(change => NotifyIf(change.Name, true));
        instancetypes.Subscribe(change => NotifyIf(change.Name, true));
        clusterInstancetypes.Subscribe(change => NotifyUsers(change.Name.Name));

        void NotifyIf(NamespacedName name, bool isConcerned)
        {
            if (isConcerned) onChange(name.Namespace);
        }

        void NotifyUsers(string type)
        {
            foreach (var ns in machines.Items.Where(vm => vm.Footprint.Instancetype?.Type.Name == type).Select(vm => vm.Name.Namespace).Distinct())
                onChange(ns);
        }
    }

    /// <summary>Completes when the server told what there is of each kind, or that it does not have it.</summary>
    public async Task WaitForFirstAnswerAsync(CancellationToken cancellationToken)
    {
        foreach (var cache in (IWatchCacheStatus[])[namespaces, machines, instances, instancetypes, clusterInstancetypes, revisions])
            await cache.WaitForFirstAnswerAsync(cancellationToken);
    }
}
