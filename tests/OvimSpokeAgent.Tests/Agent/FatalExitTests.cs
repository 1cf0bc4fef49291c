using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using OvimSpokeAgent.Agent;

namespace OvimSpokeAgent.Tests.Agent;

/// <summary>How the process ends; the line on stderr and memory that is out are tested on the process.</summary>
public sealed class FatalExitTests
{
    [Fact]
    public async Task Host_that_was_asked_to_end_is_no_failure()
    {
        Assert.Equal(0, await RunAsync(services => services.AddHostedService<Ender>()));
    }

    [Fact]
    public async Task Service_that_fails_for_good_is_a_failure_although_the_host_ends_in_good_order() =>
        Assert.Equal(FatalExit.ExitCode, await RunAsync(services => services.AddHostedService<FailingService>()));

    [Fact]
    public async Task Host_that_does_not_start_is_a_failure() =>
        Assert.Equal(FatalExit.ExitCode, await RunAsync(services => services.AddHostedService<FailingStart>()));

    [Fact]
    public async Task Host_that_was_asked_to_end_before_it_had_started_is_no_failure() =>
        Assert.Equal(0, await RunAsync(services => services.AddHostedService<EndingStart>()));

    private static async Task<int> RunAsync(Action<IServiceCollection> add)
    {
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Services.AddSingleton<ILoggerFactory>(NullLoggerFactory.Instance);
        add(builder.Services);
        using var host = builder.Build();
        return await FatalExit.RunAsync(host);
    }

    private sealed class Ender(IHostApplicationLifetime lifetime) : BackgroundService
    {
        protected override async Task ExecuteAsync(CancellationToken stoppingToken)
        {
            await Task.Yield();
            lifetime.StopApplication();
        }
    }

    private sealed class FailingService : BackgroundService
    {
        protected override async Task ExecuteAsync(CancellationToken stoppingToken)
        {
            await Task.Yield();
            throw new InsufficientMemoryException();
        }
    }

    private sealed class FailingStart : IHostedService
    {
        public Task StartAsync(CancellationToken cancellationToken) => throw new IOException("address already in use");

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }

    private sealed class EndingStart(IHostApplicationLifetime lifetime) : IHostedService
    {
        public Task StartAsync(CancellationToken cancellationToken)
        {
            lifetime.StopApplication();
            cancellationToken.ThrowIfCancellationRequested();
            return Task.CompletedTask;
        }

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
