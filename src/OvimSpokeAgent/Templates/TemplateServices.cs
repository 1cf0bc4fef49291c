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
        services.AddSingleton<ITemplateSource>(provider => provider.GetRequiredService<TemplateCache>());
        services.AddSingleton<TemplatePull>();
        services.AddSingleton<IHealthCheck, TemplatesCheck>();
        services.AddSingleton<IOperationHandler, SyncTemplatesHandler>();
        foreach (var verb in (string[])["get", "list", "create", "patch", "delete"])
            services.AddNeededPermissions(new NeededPermission(verb, KubernetesKinds.ConfigMap, settings.Namespace));
        return services;
    }
}
