using System.Collections.Concurrent;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using OvimSpokeAgent.Configuration;
using OvimSpokeAgent.Contract;
using OvimSpokeAgent.EndToEnd.Tests.Harness;
using OvimSpokeAgent.Hub;
using OvimSpokeAgent.Operations;
using OvimSpokeAgent.Sandbox.Hub;
using OvimSpokeAgent.Supervision;
using OvimSpokeAgent.Tls;
using Prometheus;

namespace OvimSpokeAgent.EndToEnd.Tests.Hub;

/// <summary>
/// The agent's whole side towards the hub, over real sockets: credentials, connections, heartbeats, polls and results.
/// The cluster's side is played: every operation is answered at once.
/// </summary>
internal sealed class HubSide : IAsyncDisposable
{
    public const string AgentId = "spoke-agent-east-1";

    private readonly IHost _host;
    private readonly CollectorRegistry _registry;

    private HubSide(IHost host, CollectorRegistry registry, LogLines log) => (_host, _registry, Log) = (host, registry, log);

    public LogLines Log { get; }

    public AnsweringIntake Intake => _host.Services.GetRequiredService<AnsweringIntake>();

    public SmallReports Reports => (SmallReports)_host.Services.GetRequiredService<IReportSource>();

    public HubConnection Connection => _host.Services.GetRequiredService<HubConnection>();

    public HubClient Client => _host.Services.GetRequiredService<HubClient>();

    public T Service<T>()
        where T : class => _host.Services.GetRequiredService<T>();

    /// <summary>Runs until disposed.</summary>
    /// <param name="hub">The hub's address.</param>
    /// <param name="variables">Further settings, or others than the usual ones.</param>
    public static async Task<HubSide> StartAsync(Uri hub, params (string Name, string Value)[] variables)
    {
        var side = Build(hub, variables);
        await side._host.StartAsync();
        return side;
    }

    /// <summary>As it is before it starts: nothing is asked but by the test.</summary>
    public static HubSide Build(Uri hub, params (string Name, string Value)[] variables) =>
        Build(hub, TimeProvider.System, variables);

    /// <summary>The same, with limits and waits on a clock of the test's.</summary>
    public static HubSide Build(Uri hub, TimeProvider time, params (string Name, string Value)[] variables)
    {
        var environment = new Dictionary<string, string>
        {
            ["OVIM_CLUSTER_ID"] = "east-1",
            ["OVIM_HUB_ENDPOINT"] = hub.ToString(),
            ["OVIM_HUB_TOKEN"] = new SandboxHubOptions().Token,
            ["OVIM_HEARTBEAT_INTERVAL"] = "300ms",
            ["OVIM_HUB_POLL_INTERVAL"] = "100ms",
        };
        foreach (var (name, value) in variables) environment[name] = value;
        var settings = SettingsLoader.Load(environment);
        if (settings.Settings is null) throw new ConfigurationException(settings.Errors, settings.Warnings);

        var (registry, log) = (Prometheus.Metrics.NewCustomRegistry(), new LogLines());
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Logging.AddProvider(log).SetMinimumLevel(LogLevel.Debug);
        builder.Services.AddSingleton(settings.Settings);
        builder.Services.AddSingleton(time);
        builder.Services.AddSingleton<Jitter>(Random.Shared.NextDouble);
        builder.Services.AddSingleton<IMetricFactory>(Prometheus.Metrics.WithCustomRegistry(registry));
        builder.Services.AddSingleton<AnsweringIntake>();
        builder.Services.AddSingleton<IOperationIntake>(provider => provider.GetRequiredService<AnsweringIntake>());
        builder.Services.AddSingleton<IReportSource, SmallReports>();
        builder.Services.AddHub();
        builder.Services.AddLoop<HeartbeatLoop>().AddLoop<PollLoop>().AddLoop<FileReloader>();
        return new HubSide(builder.Build(), registry, log);
    }

    /// <summary>Waits until the facts about the hub satisfy a condition.</summary>
    public async Task<HubLinkStatus> WaitForLinkAsync(Func<HubLinkStatus, bool> condition)
    {
        var reached = new TaskCompletionSource<HubLinkStatus>(TaskCreationOptions.RunContinuationsAsynchronously);
        void Look(HubLinkStatus link)
        {
            if (condition(link)) reached.TrySetResult(link);
        }

        Connection.Changed += Look;
        Look(Connection.Link);
        try
        {
            return await reached.Task.WaitAsync(JsonApi.Patience);
        }
        catch (TimeoutException)
        {
            throw new TimeoutException($"still {Connection.Link}\n{Log}");
        }
        finally
        {
            Connection.Changed -= Look;
        }
    }

    /// <summary>Waits until the hub cannot be reached, and says why.</summary>
    public async Task<string> ProblemAsync() => (await WaitForLinkAsync(link => link.Problem is not null)).Problem!;

    /// <summary>Takes operations as the poll loop does, and forgets them.</summary>
    public Task<PollAnswer> PollAsync() => Client.TakeOperationsAsync(AgentId, _ => { });

    public Task RegisteredAsync() => WaitForLinkAsync(link => link.IsRegistered);

    /// <summary>All metrics as Prometheus reads them.</summary>
    public async Task<string> MetricsAsync()
    {
        using var text = new MemoryStream();
        await _registry.CollectAndExportAsTextAsync(text);
        return System.Text.Encoding.UTF8.GetString(text.ToArray());
    }

    /// <summary>Starts what <see cref="Build(Uri, TimeProvider, ValueTuple{string, string}[])"/> made.</summary>
    public Task StartAsync() => _host.StartAsync();

    public async ValueTask DisposeAsync()
    {
        using (_host)
        {
            await Service<PollLoop>().StopAsync();
            await _host.StopAsync();
        }
    }
}

/// <summary>Answers every operation with <c>completed</c>, until the hub took the answer.</summary>
internal sealed class AnsweringIntake(HubClient hub) : IOperationIntake
{
    private readonly AsyncSignal _changed = new();
    private readonly ConcurrentQueue<string> _taken = new();
    private readonly ConcurrentQueue<string> _losses = new();
    private readonly ConcurrentQueue<DeliveryAttempt> _failedDeliveries = new();
    private int _delivered;

    public IReadOnlyCollection<string> Taken => _taken;

    public IReadOnlyCollection<string> Losses => _losses;

    public IReadOnlyCollection<DeliveryAttempt> FailedDeliveries => _failedDeliveries;

    public int Delivered => _delivered;

    public Task WaitUntilReadyAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public IPollIntake Begin() => new Poll(this);

    public Task<(IntakeOutcome Outcome, string? Problem)> AcceptPushedAsync(
        ReadOnlyMemory<byte> operation, CancellationToken cancellationToken) => throw new NotSupportedException();

    /// <summary>Waits until a condition holds.</summary>
    public async Task WaitForAsync(Func<AnsweringIntake, bool> condition)
    {
        using var patience = new CancellationTokenSource(JsonApi.Patience);
        while (true)
        {
            var changed = _changed.Next;
            if (condition(this)) return;
            await changed.WaitAsync(patience.Token);
        }
    }

    private Task EndAsync(IReadOnlyList<string> ids, string? loss)
    {
        if (loss is not null) _losses.Enqueue(loss);
        foreach (var id in ids) _taken.Enqueue(id);
        _changed.Set();
        return Task.WhenAll(ids.Select(id => DeliverAsync(id, CancellationToken.None)));
    }

    private async Task DeliverAsync(string id, CancellationToken cancellationToken)
    {
        var body = JsonSerializer.SerializeToUtf8Bytes(
            new OperationResult { OperationId = id, Status = "completed", Timestamp = DateTimeOffset.UnixEpoch, Duration = 1 },
            ContractJson.Default.OperationResult);
        while (true)
        {
            var attempt = await hub.SendAsync(id, body, cancellationToken);
            if (attempt.Outcome is DeliveryOutcome.Delivered) break;
            _failedDeliveries.Enqueue(attempt);
            if (attempt.Outcome is DeliveryOutcome.Refused) return;
            await Task.Delay(TimeSpan.FromMilliseconds(200), cancellationToken);
        }
        Interlocked.Increment(ref _delivered);
        _changed.Set();
    }

    private sealed class Poll(AnsweringIntake intake) : IPollIntake
    {
        private readonly List<string> _ids = [];

        public void Take(ReadOnlySpan<byte> operation) => _ids.Add(JsonElement.Parse(operation).GetProperty("id").GetString()!);

        public Task EndAsync(string? loss) => intake.EndAsync(_ids, loss);
    }
}

/// <summary>Reports with nothing in them, or with as much as a test asks for.</summary>
internal sealed class SmallReports(AgentSettings settings) : IReportSource
{
    /// <summary>VMs in each report.</summary>
    public int VmCount { get; set; }

    public Task WaitUntilMeaningfulAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task WaitUntilWantedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public StatusReport Compose() => new()
    {
        AgentId = settings.AgentId,
        ClusterId = settings.ClusterId,
        ZoneId = settings.ZoneId,
        Status = "healthy",
        Version = "1",
        Metrics = new ClusterMetrics
        {
            ClusterId = settings.ClusterId,
            ZoneId = settings.ZoneId,
            Resources = new ResourceMetrics { VmCount = VmCount },
            LastCollected = DateTimeOffset.UnixEpoch,
        },
        Vms = [.. Enumerable.Range(0, VmCount).Select(Vm)],
        ReportTime = DateTimeOffset.UnixEpoch,
    };

    public void Delivered(StatusReport report)
    {
        // Nothing to forget.
    }

    private static VirtualMachineStatus Vm(int number) => new()
    {
        Name = $"vm-{number}",
        Namespace = "tenant-a",
        Status = "running",
        Phase = "Running",
        NodeName = $"node-{number % 50}",
        IpAddress = $"10.0.{number / 250}.{number % 250}",
        Cpu = "4",
        Memory = "8Gi",
        CreatedAt = DateTimeOffset.UnixEpoch,
        UpdatedAt = DateTimeOffset.UnixEpoch,
    };
}

/// <summary>Everything that was logged, as text.</summary>
internal sealed class LogLines : ILoggerProvider
{
    private readonly ConcurrentQueue<string> _lines = new();
    private readonly AsyncSignal _changed = new();

    public IReadOnlyList<string> Lines => [.. _lines];

    /// <summary>Waits until a line with a text was logged.</summary>
    public async Task WaitForAsync(string text)
    {
        using var patience = new CancellationTokenSource(JsonApi.Patience);
        while (true)
        {
            var changed = _changed.Next;
            if (_lines.Any(line => line.Contains(text, StringComparison.Ordinal))) return;
            await changed.WaitAsync(patience.Token);
        }
    }

    public ILogger CreateLogger(string categoryName) => new Logger(this, categoryName);

    public override string ToString() => string.Join('\n', _lines);

    public void Dispose()
    {
        // The lines stay readable.
    }

    private sealed class Logger(LogLines log, string category) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            log._lines.Enqueue($"{logLevel} {category}: {formatter(state, exception)} {exception}");
            log._changed.Set();
        }
    }
}
