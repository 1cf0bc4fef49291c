using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Operations;
using OvimSpokeAgent.Supervision;
using OvimSpokeAgent.VirtualMachines;

namespace OvimSpokeAgent.VirtualDataCenters;

internal static class VdcServices
{
    /// <summary>VDCs: quota accounting, repair of drift, status and operations.</summary>
    public static IServiceCollection AddVirtualDataCenters(this IServiceCollection services)
    {
        services.AddClusterNetwork();
        services.AddSingleton<VdcDeclarationCache>();
        services.AddSingleton<VdcNamespaceWriter>();
        services.AddSingleton<VdcLocks>();
        services.AddSingleton<VdcObjects>();
        services.AddSingleton<VdcApplier>();
        services.AddSingleton<VdcContents>();
        services.AddSingleton<VdcGuests>();
        services.AddSingleton<VdcDeletion>();
        services.AddSingleton<DeletionBlockers>();
        services.AddSingleton<Takeover>();
        services.AddSingleton<DeclarationUpdater>();
        services.AddSingleton(CreateQuotaLedger);
        services.AddSingleton<HeadroomTracker>();
        services.AddSingleton<IMigrationRoom, MigrationRoom>();
        services.AddSingleton<IVirtualMachineAdmission, QuotaAdmission>();
        services.AddSingleton<VdcConditions>();
        services.AddSingleton<VdcStatusReader>();
        services.AddSingleton<RepairHistory>();
        services.AddSingleton<RepairNews>();
        services.AddSingleton<WeakeningCheck>();
        services.AddSingleton<VdcRepair>();
        services.AddSingleton<IHealthCheck, VdcCheck>();
        services.AddSingleton<VdcMetrics>();
        services.AddSingleton<IGaugeSource, VdcGauges>();
        services.AddSingleton<VdcCaches>();
        services.AddSingleton<VmCaches>();
        services.AddSingleton<IOperationHandler, CreateVdcHandler>();
        services.AddSingleton<IOperationHandler, UpdateVdcHandler>();
        services.AddSingleton<IOperationHandler, DeleteVdcHandler>();
        services.AddSingleton<IOperationHandler, CreateResourceQuotaHandler>();
        services.AddSingleton<IOperationHandler, CreateLimitRangeHandler>();
        services.AddVdcPermissions();
        return services;
    }

    // Where the cluster's DNS, KubeVirt and CDI are.
    private static void AddClusterNetwork(this IServiceCollection services)
    {
        services.AddSingleton<Nameservers>(ResolvConf.Read);
        services.AddSingleton<ClusterNetworkView>();
        services.AddSingleton<DnsEndpoints>();
        foreach (var verb in (string[])["list", "watch"])
        {
            services.AddNeededPermissions(
                new(verb, PlatformKinds.Service), new(verb, KubeVirtKinds.KubeVirt),
                new(verb, PlatformKinds.ApiService, Name: PlatformNamespace.CdiApi));
        }
        services.AddNeededPermissions(new NeededPermission("list", PlatformKinds.EndpointSlice));
    }

    private static QuotaLedger CreateQuotaLedger(IServiceProvider provider)
    {
        var journal = provider.GetRequiredService<OperationJournal>();
        return new QuotaLedger(
            provider.GetRequiredService<WatchCache<VirtualMachineObject, VirtualMachineItem>>(),
            provider.GetRequiredService<WatchCache<VirtualMachineInstanceObject, VirtualMachineInstanceItem>>(),
            provider.GetRequiredService<Instancetypes>(),
            key => journal.Find(key) is { State: JournalState.Received or JournalState.Started },
            provider.GetRequiredService<TimeProvider>());
    }

    private static void AddVdcPermissions(this IServiceCollection services)
    {
        foreach (var kind in (ResourceKind[])
            [KubernetesKinds.ResourceQuota, KubernetesKinds.LimitRange, KubernetesKinds.NetworkPolicy, KubernetesKinds.RoleBinding])
        {
            foreach (var verb in (string[])["get", "list", "watch", "create", "patch", "delete"])
                services.AddNeededPermissions(new NeededPermission(verb, kind));
        }
        foreach (var verb in (string[])["create", "patch", "delete"])
            services.AddNeededPermissions(new NeededPermission(verb, KubernetesKinds.Namespace));
        services.AddNeededPermissions(
            new("bind", KubernetesKinds.ClusterRole, Name: VdcNames.AdminRole), new("list", KubernetesKinds.PersistentVolume));
    }
}
