using OvimSpokeAgent.Operations;
using OvimSpokeAgent.Supervision;

namespace OvimSpokeAgent.Health;

internal static class HealthServices
{
    /// <summary>The checks, the reporter with the agent's state, and <c>get_health</c>.</summary>
    public static IServiceCollection AddHealth(this IServiceCollection services)
    {
        services.AddSingleton<IHealthCheck, ClusterCheck>();
        services.AddSingleton<IHealthCheck, CachesCheck>();
        services.AddSingleton<IHealthCheck, HubCheck>();
        services.AddSingleton<IHealthCheck, PushCheck>();
        services.AddSingleton<IHealthCheck, CredentialsCheck>();
        services.AddSingleton<IHealthCheck, OperationsCheck>();
        services.AddSingleton<IHealthCheck, JournalCheck>();
        services.AddSingleton<IHealthCheck, LeadershipCheck>();
        services.AddSingleton<IHealthCheck, PermissionsCheck>();
        services.AddSingleton<IHealthCheck, LoopsCheck>();
        services.AddSingleton<IHealthCheck, ObjectsCheck>();
        services.AddLoop<HealthReporter>();
        services.AddSingleton<IOperationHandler, GetHealthHandler>();
        return services;
    }
}
