using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Operations;

namespace OvimSpokeAgent.VirtualMachines;

internal static class VirtualMachineServices
{
    /// <summary>KubeVirt VMs: caches, manager and operations.</summary>
    public static IServiceCollection AddVirtualMachines(this IServiceCollection services)
    {
        services.AddWatchCache(VirtualMachineItem.Watch);
        services.AddWatchCache(VirtualMachineInstanceItem.Watch);
        services.AddWatchCache(new WatchSpec<InstancetypeObject, InstancetypeItem>
        {
            Kind = KubeVirtKinds.Instancetype,
            Type = KubeVirtJson.Default.InstancetypeObject,
            Project = InstancetypeItem.From,
            IsOptional = true,
        });
        services.AddWatchCache(new WatchSpec<ClusterInstancetypeObject, InstancetypeItem>
        {
            Kind = KubeVirtKinds.ClusterInstancetype,
            Type = KubeVirtJson.Default.ClusterInstancetypeObject,
            Project = InstancetypeItem.From,
            IsOptional = true,
        });
        // All of them, not those with KubeVirt's labels alone: it had none before 1.1, and boots from any that a VM names.
        services.AddWatchCache(new WatchSpec<ControllerRevisionObject, InstancetypeRevisionItem>
        {
            Kind = KubernetesKinds.ControllerRevision,
            Type = KubeVirtJson.Default.ControllerRevisionObject,
            Project = InstancetypeRevisionItem.From,
        });
        services.AddSingleton<Instancetypes>();
        services.AddSingleton<VirtualMachineManager>();
        services.AddSingleton<VirtualMachinePower>();
        services.AddSingleton<IOperationHandler, CreateVirtualMachineHandler>();
        services.AddSingleton<IOperationHandler, UpdateVirtualMachineHandler>();
        services.AddSingleton<IOperationHandler, DeleteVirtualMachineHandler>();
        services.AddSingleton<IOperationHandler, StartVirtualMachineHandler>();
        services.AddSingleton<IOperationHandler, StopVirtualMachineHandler>();
        services.AddSingleton<IOperationHandler, RestartVirtualMachineHandler>();
        services.AddSingleton<IOperationHandler, GetVirtualMachineStatusHandler>();
        services.AddSingleton<IOperationHandler, ListVirtualMachinesHandler>();
        foreach (var verb in (string[])["get", "list", "watch", "create", "patch", "delete"])
            services.AddNeededPermissions(new NeededPermission(verb, KubeVirtKinds.VirtualMachine));
        services.AddNeededPermissions(new NeededPermission("patch", KubeVirtKinds.VirtualMachine, Subresource: "status"));
        foreach (var verb in (string[])["get", "list", "watch", "delete"])
            services.AddNeededPermissions(new NeededPermission(verb, KubeVirtKinds.VirtualMachineInstance));
        foreach (var kind in (ResourceKind[])[KubeVirtKinds.Instancetype, KubeVirtKinds.ClusterInstancetype, KubernetesKinds.ControllerRevision])
            services.AddNeededPermissions(new("get", kind), new("list", kind), new("watch", kind));
        foreach (var subresource in (string[])["start", "stop", "restart"])
        {
            services.AddNeededPermissions(new NeededPermission(
                "update", KubeVirtKinds.VirtualMachineSubresources, Subresource: subresource));
        }
        services.AddNeededPermissions(new NeededPermission("create", KubernetesKinds.Secret));
        return services;
    }
}
