using Microsoft.AspNetCore.Routing;
using OvimSpokeAgent.Configuration;
using Prometheus;

namespace OvimSpokeAgent.Metrics;

internal static class AgentMetrics
{
    /// <summary>One registry a host: tests and the sandbox run several hosts in a process.</summary>
    public static IServiceCollection AddAgentMetrics(this IServiceCollection services)
    {
        var registry = Prometheus.Metrics.NewCustomRegistry();
        DotNetStats.Register(registry);
        services.AddSingleton(registry);
        services.AddSingleton<IMetricFactory>(Prometheus.Metrics.WithCustomRegistry(registry));
        services.AddSingleton<AgentGauges>();
        return services;
    }

    /// <summary><c>/metrics</c> in Prometheus' text format, unless switched off.</summary>
    public static void MapAgentMetrics(this IEndpointRouteBuilder endpoints)
    {
        if (!endpoints.ServiceProvider.GetRequiredService<AgentSettings>().MetricsEnabled) return;
        endpoints.ServiceProvider.GetRequiredService<AgentGauges>();
        endpoints.MapMetrics(registry: endpoints.ServiceProvider.GetRequiredService<CollectorRegistry>());
    }
}
