using System.Diagnostics.CodeAnalysis;
using Polly;
using Polly.Retry;

namespace OvimSpokeAgent.Supervision;

/// <summary>
/// Runs a loop for the life of the host. The one place where any exception of a loop is caught: it is logged, counted
/// and shown in health, and the loop starts again after a growing, jittered wait.
/// </summary>
internal sealed partial class SupervisedLoop<TLoop> : BackgroundService, ILoopStatus
    where TLoop : ILoop
{
    private static readonly TimeSpan CalmAfter = TimeSpan.FromMinutes(1);

    private readonly TLoop _loop;
    private readonly TimeProvider _time;
    private readonly ILogger<TLoop> _logger;
    private readonly ResiliencePipeline _restarts;
    private LoopFailure? _lastFailure;
    private int _failures;

    public SupervisedLoop(TLoop loop, TimeProvider time, ILogger<TLoop> logger)
    {
        (_loop, _time, _logger) = (loop, time, logger);
        _restarts = new ResiliencePipelineBuilder { TimeProvider = time }
            .AddRetry(new RetryStrategyOptions
            {
                ShouldHandle = args => ValueTask.FromResult(
                    args.Outcome.Exception is { } e && !args.Context.CancellationToken.IsCancellationRequested
                    && e is not OutOfMemoryException),
                MaxRetryAttempts = int.MaxValue,
                BackoffType = DelayBackoffType.Exponential,
                UseJitter = true,
                Delay = TimeSpan.FromSeconds(1),
                MaxDelay = TimeSpan.FromSeconds(30),
                OnRetry = args =>
                {
                    Failed(args.Outcome.Exception!, args.RetryDelay);
                    return default;
                },
            })
            .Build();
    }

    public string Name => _loop.Name;

    public int Failures => Volatile.Read(ref _failures);

    public LoopFailure? RecentFailure =>
        _lastFailure is { } failure && _time.GetUtcNow() - failure.At < CalmAfter ? failure : null;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            await _restarts.ExecuteAsync(async token => await _loop.RunAsync(token), stoppingToken);
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The host stops.
        }
    }

    private void Failed(Exception exception, TimeSpan delay)
    {
        Interlocked.Increment(ref _failures);
        _lastFailure = new LoopFailure(exception.Message, _time.GetUtcNow());
        LogFailed(exception, Name, delay);
    }

    [LoggerMessage(1001, LogLevel.Error, "Loop {Loop} failed and starts again in {Delay}")]
    private partial void LogFailed(Exception exception, string loop, TimeSpan delay);
}

/// <summary>What a loop's supervisor knows.</summary>
internal interface ILoopStatus
{
    string Name { get; }

    /// <summary>How often the loop failed since the start.</summary>
    int Failures { get; }

    /// <summary>The last failure, while it is less than a minute old.</summary>
    LoopFailure? RecentFailure { get; }
}

/// <summary>A failure of a loop.</summary>
internal sealed record LoopFailure(string Message, DateTimeOffset At);

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
        services.AddSingleton(provider => new SupervisedLoop<TLoop>(
            provider.GetRequiredService<TLoop>(),
            provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<ILogger<TLoop>>()));
        services.AddSingleton<ILoopStatus>(provider => provider.GetRequiredService<SupervisedLoop<TLoop>>());
        services.AddSingleton<IHostedService>(provider => provider.GetRequiredService<SupervisedLoop<TLoop>>());
        return services;
    }
}
