using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Operations;
using OvimSpokeAgent.Supervision;
using OvimSpokeAgent.VirtualMachines;
using Prometheus;

namespace OvimSpokeAgent.VirtualDataCenters;

internal static class VdcServices
{
    /// <summary>VDCs: caches, quota accounting, repair of drift, status and operations.</summary>
    public static IServiceCollection AddVirtualDataCenters(this IServiceCollection services)
    {
        services.AddVdcCaches();
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
        services.AddSingleton(provider => new QuotaLedger(
            provider.GetRequiredService<WatchCache<VirtualMachineObject, VirtualMachineItem>>(),
            provider.GetRequiredService<WatchCache<VirtualMachineInstanceObject, VirtualMachineInstanceItem>>(),
            provider.GetRequiredService<Instancetypes>(),
            key => provider.GetRequiredService<OperationJournal>().Find(key)
                is { State: JournalState.Received or JournalState.Started },
            provider.GetRequiredService<TimeProvider>()));
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
        services.AddSingleton(CreateMetrics);
        services.AddLoop<VdcReconciler>();
        services.AddSingleton<IOperationHandler, CreateVdcHandler>();
        services.AddSingleton<IOperationHandler, UpdateVdcHandler>();
        services.AddSingleton<IOperationHandler, DeleteVdcHandler>();
        services.AddSingleton<IOperationHandler, CreateResourceQuotaHandler>();
        services.AddSingleton<IOperationHandler, CreateLimitRangeHandler>();
        services.AddVdcPermissions();
        return services;
    }

    private static void AddVdcCaches(this IServiceCollection services)
    {
        services.AddWatchCache(new WatchSpec<ResourceQuotaObject, ResourceQuotaItem>
        {
            Kind = KubernetesKinds.ResourceQuota,
            Type = VdcJson.Default.ResourceQuotaObject,
            Project = ResourceQuotaItem.From,
            LabelSelector = VdcCaches.OwnSelector,
        });
        services.AddWatchCache(new WatchSpec<LimitRangeObject, OwnedItem>
        {
            Kind = KubernetesKinds.LimitRange,
            Type = VdcJson.Default.LimitRangeObject,
            Project = OwnedItem.From,
            LabelSelector = VdcCaches.OwnSelector,
        });
        services.AddWatchCache(NetworkPolicyItem.Watch);
        services.AddWatchCache(new WatchSpec<RoleBindingObject, OwnedItem>
        {
            Kind = KubernetesKinds.RoleBinding,
            Type = VdcJson.Default.RoleBindingObject,
            Project = OwnedItem.FromBinding,
        });
        services.AddWatchCache(new WatchSpec<NamespaceObject, HubNamespace>
        {
            Kind = KubernetesKinds.Namespace,
            Type = ClusterJson.Default.NamespaceObject,
            Project = HubNamespace.From,
            LabelSelector = OtherOwners.HubSelector,
        });
        services.AddSingleton<VdcCaches>();
        services.AddSingleton<VmCaches>();
    }

    // Where the cluster's DNS, KubeVirt and CDI are.
    private static void AddClusterNetwork(this IServiceCollection services)
    {
        services.AddWatchCache(new WatchSpec<ServiceObject, DnsService>
        {
            Kind = PlatformKinds.Service,
            Type = PlatformJson.Default.ServiceObject,
            Project = DnsService.From,
        });
        services.AddWatchCache(new WatchSpec<KubeVirtObject, PlatformNamespace>
        {
            Kind = PlatformKinds.KubeVirt,
            Type = PlatformJson.Default.KubeVirtObject,
            Project = PlatformNamespace.OfKubeVirt,
            IsOptional = true,
        });
        services.AddWatchCache(new WatchSpec<ApiServiceObject, PlatformNamespace>
        {
            Kind = PlatformKinds.ApiService,
            Type = PlatformJson.Default.ApiServiceObject,
            Project = PlatformNamespace.OfCdi,
            FieldSelector = $"metadata.name={PlatformNamespace.CdiApi}",
            IsOptional = true,
        });
        services.AddSingleton<Nameservers>(ResolvConf.Read);
        services.AddSingleton<ClusterNetworkView>();
        services.AddSingleton<DnsEndpoints>();
        services.AddLoop<ClusterNetworkDiscovery>();
        foreach (var verb in (string[])["list", "watch"])
        {
            services.AddNeededPermissions(
                new(verb, PlatformKinds.Service), new(verb, PlatformKinds.KubeVirt),
                new(verb, PlatformKinds.ApiService, Name: PlatformNamespace.CdiApi));
        }
        services.AddNeededPermissions(new NeededPermission("list", PlatformKinds.EndpointSlice));
    }

    private static VdcMetrics CreateMetrics(IServiceProvider provider)
    {
        var metrics = new VdcMetrics(provider.GetRequiredService<IMetricFactory>());
        var states = provider.GetRequiredService<VdcConditions>();
        // Asked for late: who counts refusals is part of what the statuses come from.
        var statuses = new Lazy<VdcStatusReader>(provider.GetRequiredService<VdcStatusReader>);
        provider.GetRequiredService<CollectorRegistry>().AddBeforeCollectCallback(
            () => metrics.Show(statuses.Value.List(), ns => states.Get(ns).WeakenedBy.Count(weakening => weakening.IsOfIsolation)));
        return metrics;
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
