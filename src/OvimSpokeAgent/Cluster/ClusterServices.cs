using OvimSpokeAgent.Configuration;
using OvimSpokeAgent.Supervision;

namespace OvimSpokeAgent.Cluster;

internal static class ClusterServices
{
    /// <summary>The API client, its reachability, the managed namespaces and the permission check.</summary>
    public static IServiceCollection AddClusterAccess(this IServiceCollection services)
    {
        services.AddSingleton(provider => KubernetesConnection.Open(
            provider.GetRequiredService<AgentSettings>(), provider.GetServices<ClusterHandlerFactory>(), provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton<ApiRequestMetrics>();
        services.AddSingleton<ClusterHandlerFactory>(provider => provider.GetRequiredService<ApiRequestMetrics>().NewHandler);
        services.AddSingleton<ClusterHandlerFactory>(() => new ProgressHandler());
        services.AddSingleton<ClusterCredentials>();
        services.AddSingleton<ClusterConnectivity>();
        services.AddSingleton<KubernetesApi>();
        services.AddSingleton<ManagedNamespaces>();
        services.AddSingleton<AccessReviews>();
        services.AddNeededPermissions(
            new("list", KubernetesKinds.Namespace), new("watch", KubernetesKinds.Namespace),
            new("get", KubernetesKinds.Namespace));
        services.AddSingleton<IHealthCheck, ClusterCheck>();
        services.AddSingleton<IHealthCheck, CachesCheck>();
        services.AddSingleton<IHealthCheck, PermissionsCheck>();
        return services;
    }

    /// <summary>A cache of a kind, kept current for the life of the host. The agent takes no work before it knows what there is.</summary>
    public static IServiceCollection AddWatchCache<TObject, TItem>(
        this IServiceCollection services, WatchSpec<TObject, TItem> spec)
        where TObject : class, IKubernetesObject
        where TItem : class
    {
        services.AddSingleton<IWatchCacheStatus>(provider => provider.GetRequiredService<WatchCache<TObject, TItem>>());
        services.AddSingleton(provider => new WatchCache<TObject, TItem>(
            provider.GetRequiredService<IKubernetesApi>(),
            spec,
            provider.GetRequiredService<ObjectFailures>(),
            provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<ILoggerFactory>().CreateLogger("OvimSpokeAgent.Cluster.WatchCache"),
            provider.GetRequiredService<Jitter>()));
        return services.AddSupervised<WatchCache<TObject, TItem>>();
    }

    /// <summary>As <see cref="AddWatchCache"/>, for what the agent does most of its work without: nobody waits for it.</summary>
    public static IServiceCollection AddSideCache<TObject, TItem>(
        this IServiceCollection services, WatchSpec<TObject, TItem> spec)
        where TObject : class, IKubernetesObject
        where TItem : class =>
        services.AddWatchCache(spec with { IsAwaited = false });

    /// <summary>Says what a feature must be allowed to do.</summary>
    public static void AddNeededPermissions(
        this IServiceCollection services, params ReadOnlySpan<NeededPermission> permissions)
    {
        foreach (var permission in permissions) services.AddSingleton(permission);
    }
}
