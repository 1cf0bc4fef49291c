using OvimSpokeAgent.Configuration;
using OvimSpokeAgent.Supervision;

namespace OvimSpokeAgent.Operations;

internal static class OperationServices
{
    /// <summary>Journal, registry, scheduler, processor and delivery of operations.</summary>
    public static IServiceCollection AddOperations(this IServiceCollection services)
    {
        services.AddSingleton<IJournalStore, MemoryJournalStore>();
        services.AddSingleton<OperationJournal>();
        services.AddSingleton<OperationRegistry>();
        services.AddSingleton(provider =>
            new OperationScheduler(provider.GetRequiredService<AgentSettings>().Operations.Concurrency));
        services.AddSingleton<OperationExecutor>();
        services.AddSingleton<OperationProcessor>();
        services.AddSingleton<OperationMetrics>();
        services.AddSingleton<ReportErrors>();
        services.AddLoop<ResultDelivery>();
        services.AddLoop<JournalCleaning>();
        return services;
    }
}
