using OvimSpokeAgent.Operations;
using OvimSpokeAgent.Supervision;

namespace OvimSpokeAgent.Health;

internal static class HealthServices
{
    /// <summary>The reporter with the agent's state, which asks every feature's checks, and <c>get_health</c>.</summary>
    public static IServiceCollection AddHealth(this IServiceCollection services)
    {
        services.AddSingleton<IOperationHandler, GetHealthHandler>();
        services.AddSingleton<IGaugeSource, HealthGauges>();
        services.AddSingleton<LoopsCheck>();
        services.AddSingleton<IHealthCheck>(provider => provider.GetRequiredService<LoopsCheck>());
        services.AddSingleton<IHealthCheck>(new MemoryCheck(MemoryUse.OfProcess));
        return services;
    }
}
