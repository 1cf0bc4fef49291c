using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Operations;
using OvimSpokeAgent.Supervision;

namespace OvimSpokeAgent.Capacity;

internal static class CapacityServices
{
    /// <summary>What the cluster has and uses: reports, <c>get_metrics</c>, gauges.</summary>
    public static IServiceCollection AddCapacity(this IServiceCollection services)
    {
        services.AddSingleton<UsageReader>();
        services.AddSingleton<ClusterFiguresReader>();
        services.AddSingleton<ClusterMetricsReader>();
        services.AddSingleton<IHealthCheck, UsageCheck>();
        services.AddSingleton<IHealthCheck, CapacityCheck>();
        services.AddSingleton<IGaugeSource, ClusterGauges>();
        services.AddSingleton<IGaugeSource, VirtualMachineUseGauges>();
        services.AddSingleton<IOperationHandler, GetMetricsHandler>();
        services.AddNeededPermissions(
            new("list", CapacityKinds.NodeMetrics) { IsOptional = true },
            new("list", CapacityKinds.PodMetrics) { IsOptional = true },
            new("list", CapacityKinds.StorageCapacity) { IsOptional = true },
            new("watch", CapacityKinds.StorageCapacity) { IsOptional = true });
        return services;
    }
}
