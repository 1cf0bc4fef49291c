using OvimSpokeAgent.Operations;
using OvimSpokeAgent.Supervision;

namespace OvimSpokeAgent.Hub;

internal static class HubServices
{
    /// <summary>The hub's client and the loops that report and poll.</summary>
    public static IServiceCollection AddHub(this IServiceCollection services)
    {
        services.AddHubClient();
        services.AddSingleton<IResultChannel, HubResultChannel>();
        services.AddSingleton<HubConnection>();
        services.AddSingleton<HubMetrics>();
        services.AddLoop<HeartbeatLoop>();
        services.AddLoop<PollLoop>();
        return services;
    }
}
