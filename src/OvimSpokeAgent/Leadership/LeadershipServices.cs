using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Configuration;
using OvimSpokeAgent.Supervision;

namespace OvimSpokeAgent.Leadership;

internal static class LeadershipServices
{
    /// <summary>Lets one of several agents work, unless <c>OVIM_LEADER_ELECTION</c> is off; the API through which only that one writes.</summary>
    public static IServiceCollection AddLeadership(this IServiceCollection services, AgentSettings settings)
    {
        services.AddSingleton<IKubernetesApi>(provider => new LeaderOnlyApi(
            new AuditedApi(
                provider.GetRequiredService<KubernetesApi>(),
                settings,
                provider.GetRequiredService<TimeProvider>(),
                provider.GetRequiredService<ILoggerFactory>()),
            provider.GetRequiredService<ILeadership>()));
        services.AddSingleton<IHealthCheck, LeadershipCheck>();
        if (!settings.LeaderElection) return services.AddSingleton<ILeadership, SoleLeadership>();
        services.AddSingleton(provider => new LeaderElection(
            provider.GetRequiredService<KubernetesApi>(), // past the guard that asks this very election
            settings,
            provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<ILogger<LeaderElection>>()));
        services.AddSingleton<ILeadership>(provider => provider.GetRequiredService<LeaderElection>());
        services.AddNeededPermissions(
            new("create", KubernetesKinds.Lease, settings.Namespace),
            new("get", KubernetesKinds.Lease, settings.Namespace),
            new("patch", KubernetesKinds.Lease, settings.Namespace));
        return services;
    }
}
