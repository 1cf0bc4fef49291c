using OvimSpokeAgent.Cluster;

namespace OvimSpokeAgent.Events;

internal static class EventServices
{
    /// <summary>What recording events takes; the recorder itself is a loop.</summary>
    public static IServiceCollection AddEvents(this IServiceCollection services)
    {
        foreach (var verb in (string[])["create", "patch"])
            services.AddNeededPermissions(new NeededPermission(verb, KubernetesKinds.Event) { IsOptional = true });
        return services;
    }
}
