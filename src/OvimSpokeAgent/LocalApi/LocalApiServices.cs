using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using OvimSpokeAgent.Configuration;
using OvimSpokeAgent.Supervision;

namespace OvimSpokeAgent.LocalApi;

internal static class LocalApiServices
{
    /// <summary>The status page and the documents behind it.</summary>
    /// <param name="services">The host's.</param>
    /// <param name="settings">What came of reading the settings.</param>
    public static IServiceCollection AddLocalApi(this IServiceCollection services, SettingsResult settings)
    {
        services.AddSingleton<LocalApiListener>();
        services.AddOptions<SocketTransportOptions>().Configure<LocalApiListener>(
            (transport, listener) => transport.CreateBoundListenSocket = listener.SocketFor);
        services.AddSingleton(settings);
        services.AddSingleton<StateSource>();
        services.AddSingleton<HubSource>();
        services.AddSingleton<OperationsSource>();
        services.AddSingleton<InventorySource>();
        services.AddSingleton<TemplatesSource>();
        services.AddSingleton<CachesSource>();
        services.AddSingleton<HistorySource>();
        services.AddSingleton<LogSource>();
        services.AddSingleton<DocumentSource>();
        services.AddSingleton<ReportFile>();
        services.AddSingleton<LocalActions>();
        services.AddSingleton<ActionEndpoint>();
        services.AddSingleton<LocalApiRoutes>();
        return services;
    }

    /// <summary>Serves it to those who come by its listener; goes before all that the other one serves.</summary>
    public static void UseLocalApi(this WebApplication app) => app.MapWhen(
        context => context.Features.Get<LocalConnection>() is not null,
        branch => branch.Run(context =>
        {
            CurrentComponent.Name = "local API";
            return app.Services.GetRequiredService<LocalApiRoutes>().HandleAsync(context);
        }));
}
