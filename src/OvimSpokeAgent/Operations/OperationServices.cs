using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Configuration;
using OvimSpokeAgent.Events;
using OvimSpokeAgent.Supervision;

namespace OvimSpokeAgent.Operations;

internal static class OperationServices
{
    /// <summary>Journal, registry, scheduler, processor and delivery of operations.</summary>
    public static IServiceCollection AddOperations(this IServiceCollection services)
    {
        services.AddSingleton<IJournalStore>(provider => new SecretJournalStore(
            provider.GetRequiredService<KubernetesApi>(),
            provider.GetRequiredService<IKubernetesApi>(),
            provider.GetRequiredService<AgentSettings>().Namespace));
        services.AddSingleton<OperationJournal>();
        services.AddSingleton<OperationFateLookup>(provider => ActivatorUtilities.CreateInstance<OperationFates>(provider).FindAsync);
        services.AddSingleton<OperationRegistry>();
        services.AddSingleton(provider => new OperationScheduler(
            provider.GetRequiredService<AgentSettings>().Operations.Concurrency, provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton<ExecutionAttempts>();
        services.AddSingleton<RunningExecutions>();
        services.AddSingleton<OperationExecutor>();
        services.AddSingleton<OperationReceiver>();
        services.AddSingleton<PendingOperationFinder>();
        services.AddSingleton<OperationProcessor>();
        services.AddSingleton<ResultDelivery>();
        services.AddSingleton<OperationMetrics>();
        services.AddSingleton<RecentOutcomes>();
        services.AddSingleton<RecentOperations>();
        services.AddSingleton(provider => new OperationEvents(
            provider.GetRequiredService<EventRecorder>(), provider.GetRequiredService<ManagedNamespaces>().IsManaged));
        services.AddSingleton<IGaugeSource, OperationGauges>();
        services.AddSingleton<IHealthCheck, OperationsCheck>();
        services.AddSingleton<IHealthCheck, JournalCheck>();
        foreach (var verb in (string[])["create", "get", "list", "patch", "deletecollection"])
        {
            services.AddSingleton(provider => new NeededPermission(
                verb, KubernetesKinds.Secret, provider.GetRequiredService<AgentSettings>().Namespace));
        }
        return services;
    }
}
