using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Operations;
using OvimSpokeAgent.Supervision;

namespace OvimSpokeAgent.VirtualMachines;

internal static class VirtualMachineServices
{
    /// <summary>KubeVirt VMs: manager and operations.</summary>
    public static IServiceCollection AddVirtualMachines(this IServiceCollection services)
    {
        services.AddSingleton<Instancetypes>();
        services.AddSingleton<DiskCaches>();
        services.AddSingleton<VirtualMachineManager>();
        services.AddSingleton<VirtualMachinePower>();
        services.AddSingleton<IGaugeSource, VirtualMachineGauges>();
        services.AddSingleton<DiskSources>();
        services.AddSingleton<DiskRooms>();
        services.AddSingleton<DiskKeeper>();
        services.AddSingleton<KeepingDeletion>();
        services.AddSingleton<OrphanCaches>();
        services.AddSingleton<OrphanRemoval>();
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
        foreach (var kind in (ResourceKind[])[KubeVirtKinds.DataVolume, KubernetesKinds.PersistentVolumeClaim])
            services.AddNeededPermissions(new("list", kind), new("watch", kind), new("patch", kind));
        foreach (var kind in (ResourceKind[])[KubeVirtKinds.Instancetype, KubeVirtKinds.ClusterInstancetype, KubernetesKinds.ControllerRevision])
            services.AddNeededPermissions(new("get", kind), new("list", kind), new("watch", kind));
        foreach (var subresource in (string[])["start", "stop", "restart"])
        {
            services.AddNeededPermissions(new NeededPermission(
                "update", KubeVirtKinds.VirtualMachineSubresources, Subresource: subresource));
        }
        services.AddNeededPermissions(
            new("create", KubernetesKinds.Secret),
            // What disks are made of, and what a creation that failed left.
            new("get", KubeVirtKinds.DataVolume),
            new("delete", KubeVirtKinds.DataVolume),
            new("get", KubernetesKinds.PersistentVolumeClaim),
            // What CDI takes for them; what may not be seen is taken for the most it may be.
            new("get", KubeVirtKinds.CdiConfig) { IsOptional = true },
            new("get", KubeVirtKinds.StorageProfile) { IsOptional = true },
            new("get", KubernetesKinds.CsiDriver) { IsOptional = true },
            new("create", KubernetesKinds.SubjectAccessReview));
        return services;
    }
}
