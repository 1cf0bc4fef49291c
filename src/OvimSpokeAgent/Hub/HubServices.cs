using OvimSpokeAgent.Configuration;
using OvimSpokeAgent.Operations;
using OvimSpokeAgent.Supervision;
using OvimSpokeAgent.Tls;

namespace OvimSpokeAgent.Hub;

internal static class HubServices
{
    /// <summary>The hub's client, its credentials and what is known of the hub.</summary>
    public static IServiceCollection AddHub(this IServiceCollection services)
    {
        services.AddHubCredentials();
        services.AddHubClient();
        services.AddSingleton<IResultChannel, HubResultChannel>();
        services.AddSingleton<HubConnection>();
        services.AddSingleton<HubOutage>();
        services.AddSingleton<HubMetrics>();
        services.AddSingleton<IGaugeSource, HubGauges>();
        services.AddSingleton(provider =>
        {
            var settings = provider.GetRequiredService<AgentSettings>();
            return new HubSchedule(settings.HeartbeatInterval, settings.Hub.PollInterval, provider.GetRequiredService<Jitter>());
        });
        services.AddSingleton<IHealthCheck, HubCheck>();
        services.AddSingleton<IHealthCheck, PushCheck>();
        services.AddSingleton<IHealthCheck, CredentialsCheck>();
        return services;
    }

    private static void AddHubCredentials(this IServiceCollection services)
    {
        services.AddSingleton(provider => new HubCredentials(provider.GetRequiredService<AgentSettings>()));
        services.AddSingleton<IReloadableFileSource>(provider => provider.GetRequiredService<HubCredentials>());
        services.AddSingleton(provider => new PushCredentials(provider.GetRequiredService<AgentSettings>()));
        services.AddSingleton<IReloadableFileSource>(provider => provider.GetRequiredService<PushCredentials>());
        services.AddSingleton<PushGate>();
    }
}
