using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace OvimSpokeAgent.Supervision;

internal static class SupervisionServices
{
    /// <summary>Registers a loop as a singleton and runs it under supervision.</summary>
    public static IServiceCollection AddLoop<
        [DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors)] TLoop>(
        this IServiceCollection services)
        where TLoop : class, ILoop
    {
        services.AddSingleton<TLoop>();
        return services.AddSupervised<TLoop>();
    }

    /// <summary>Runs a loop that is registered already.</summary>
    public static IServiceCollection AddSupervised<TLoop>(this IServiceCollection services)
        where TLoop : class, ILoop
    {
        services.TryAddSingleton<RunningLoops>();
        services.TryAddSingleton<ObjectFailures>();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IHealthCheck, ObjectsCheck>());
        services.AddSingleton<IHostedService>(provider => new SupervisedLoop<TLoop>(
            provider.GetRequiredService<TLoop>(),
            provider.GetRequiredService<RunningLoops>(),
            provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<ILogger<TLoop>>(),
            provider.GetService<Jitter>()));
        return services;
    }
}
