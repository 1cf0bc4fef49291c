using Microsoft.AspNetCore.Routing;
using OvimSpokeAgent.Configuration;
using OvimSpokeAgent.Supervision;
using Prometheus;

namespace OvimSpokeAgent.Metrics;

internal static class AgentMetrics
{
    /// <summary>One registry a host: tests and the sandbox run several hosts in a process.</summary>
    public static IServiceCollection AddAgentMetrics(this IServiceCollection services)
    {
        var registry = Prometheus.Metrics.NewCustomRegistry();
        DotNetStats.Register(registry);
        var metrics = Prometheus.Metrics.WithCustomRegistry(registry);
        metrics.CreateGauge("ovim_agent_build_info", "The agent's version.", ["version"]).WithLabels(AgentVersion.Current).Set(1);
        services.AddSingleton(registry);
        services.AddSingleton<IMetricFactory>(metrics);
        services.AddSingleton<IGaugeSource, ProcessGauges>();
        return services;
    }

    /// <summary><c>/metrics</c> in Prometheus' text format, unless switched off.</summary>
    public static void MapAgentMetrics(this IEndpointRouteBuilder endpoints)
    {
        if (!endpoints.ServiceProvider.GetRequiredService<AgentSettings>().MetricsEnabled) return;
        UpdateGauges(endpoints.ServiceProvider);
        endpoints.MapMetrics(registry: endpoints.ServiceProvider.GetRequiredService<CollectorRegistry>());
    }

    /// <summary>From now on all gauges are set each time the registry is read.</summary>
    public static void UpdateGauges(IServiceProvider services)
    {
        IReadOnlyList<IGaugeSource> sources = [.. services.GetServices<IGaugeSource>()];
        var turn = new Lock();
        services.GetRequiredService<CollectorRegistry>().AddBeforeCollectCallback(() =>
        {
            // Two may scrape at once, and the sources are not thread-safe.
            lock (turn)
            {
                foreach (var source in sources) source.Update();
            }
        });
    }
}
