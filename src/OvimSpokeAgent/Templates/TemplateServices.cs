using OvimSpokeAgent.Capacity;
using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Configuration;
using OvimSpokeAgent.Operations;
using OvimSpokeAgent.Supervision;
using OvimSpokeAgent.VirtualMachines;

namespace OvimSpokeAgent.Templates;

internal static class TemplateServices
{
    /// <summary>Templates: the store, the cache, and where they come from.</summary>
    public static IServiceCollection AddTemplates(this IServiceCollection services, AgentSettings settings)
    {
        services.AddSingleton<TemplateStore>();
        services.AddSingleton<TemplateCache>();
        services.AddSingleton<OpenShiftTemplates>();
        services.AddSingleton<ClusterTemplates>();
        services.AddSingleton<TemplateSource>();
        services.AddSingleton<ITemplateSource>(provider => provider.GetRequiredService<TemplateSource>());
        services.AddSingleton<TemplatePull>();
        services.AddSingleton<IHealthCheck, TemplatesCheck>();
        services.AddSingleton<IGaugeSource, TemplateGauges>();
        services.AddSingleton<IOperationHandler, SyncTemplatesHandler>();
        services.AddSingleton<IOperationHandler, ListTemplatesHandler>();
        foreach (var verb in (string[])["get", "list", "create", "patch", "delete"])
            services.AddNeededPermissions(new NeededPermission(verb, KubernetesKinds.ConfigMap, settings.Namespace));
        return services.AddClusterOffer();
    }

    // Beside the caches that the agent waits for before it works: what these do not know costs a judgement of templates alone.
    private static IServiceCollection AddClusterOffer(this IServiceCollection services)
    {
        services.AddSingleton<StorageOffer>();
        services.AddSingleton(provider => ActivatorUtilities.CreateInstance<KubeVirtOffer>(
            provider, provider.GetRequiredService<WatchCache<VirtualMachineObject, VirtualMachineItem>>()));
        services.AddSingleton(provider => ActivatorUtilities.CreateInstance<ClusterOffer>(
            provider, provider.GetRequiredService<WatchCache<DataVolumeObject, DataVolumeItem>>()));
        foreach (var kind in (ResourceKind[])
            [KubernetesKinds.StorageClass, KubeVirtKinds.StorageProfile, OfferedKinds.Network, OfferedKinds.Preference, OfferedKinds.ClusterPreference, CapacityKinds.Node])
        {
            // Roles from before it was looked at do not have it, and the agent does without.
            var isOptional = kind == KubeVirtKinds.StorageProfile;
            services.AddNeededPermissions(new("list", kind) { IsOptional = isOptional }, new("watch", kind) { IsOptional = isOptional });
        }
        services.AddNeededPermissions(new NeededPermission("get", OfferedKinds.DataSource) { IsOptional = true });
        return services;
    }
}
