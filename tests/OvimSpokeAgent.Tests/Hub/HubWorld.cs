using System.Net;
using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using OvimSpokeAgent.Configuration;
using OvimSpokeAgent.Contract;
using OvimSpokeAgent.Hub;
using OvimSpokeAgent.Operations;
using OvimSpokeAgent.Supervision;
using OvimSpokeAgent.Tests.Cluster;
using OvimSpokeAgent.Tests.Configuration;
using OvimSpokeAgent.Tests.Logging;
using Prometheus;

namespace OvimSpokeAgent.Tests.Hub;

/// <summary>The agent's side towards the hub on a clock that a test moves, with a hub that answers what a test says.</summary>
internal sealed class HubWorld : IDisposable
{
    private readonly HttpClient _http;
    private readonly CollectorRegistry _registry = Prometheus.Metrics.NewCustomRegistry();

    public HubWorld(Jitter? jitter = null)
    {
        jitter ??= () => 0.5;
        // Waits that tests tell apart by their length.
        Settings = new TestEnvironment()
            .With("OVIM_HEARTBEAT_INTERVAL", "30s").With("OVIM_HUB_POLL_INTERVAL", "20s").With("OVIM_HUB_TIMEOUT", "7s").LoadClean();
        var credentials = new HubCredentials(Settings);
        _http = new HttpClient(new HubIdentityHandler(Settings, credentials) { InnerHandler = Hub.NewHandler() })
        {
            BaseAddress = new Uri("https://hub.example.com/base/"),
            Timeout = Timeout.InfiniteTimeSpan,
        };
        var gate = new RetryAfterGate(Time, jitter);
        Presence = new HubPresence(Time);
        Metrics = new HubMetrics(Prometheus.Metrics.WithCustomRegistry(_registry));
        Connection = new HubConnection(Time);
        Client = new HubClient(
            new HubCaller(_http, gate, Presence, credentials, Metrics, Time), new HubCapabilities(Connection), Settings, Time);
        var outage = new HubOutage(Time, OutageLog);
        var pace = new HubSchedule(Settings.HeartbeatInterval, Settings.Hub.PollInterval, jitter);
        Heartbeat = new HeartbeatLoop(
            Client, Connection, Reports, pace, gate, outage, Metrics, Settings, Time, NullLogger<HeartbeatLoop>.Instance);
        Poll = new PollLoop(Client, Connection, Presence, Intake, pace, gate, outage, Metrics, Settings, Time, NullLogger<PollLoop>.Instance);
        Hub.Handles(_ => new HttpResponseMessage(HttpStatusCode.NoContent));
    }

    public TestTime Time { get; } = new();

    /// <summary>What is logged of the hub that is away.</summary>
    public LinesLogger<HubOutage> OutageLog { get; } = new();

    public AgentSettings Settings { get; }

    public StubServer Hub { get; } = new();

    public HubMetrics Metrics { get; }

    public HubClient Client { get; }

    public HubConnection Connection { get; }

    public HubPresence Presence { get; }

    public HeartbeatLoop Heartbeat { get; }

    public PollLoop Poll { get; }

    public StubReports Reports { get; } = new();

    public StubIntake Intake { get; } = new();

    /// <summary>Requests so far, by the last part of their path, in order: <c>health status operations result</c>.</summary>
    public IEnumerable<string> Asked => Hub.Requests.Select(request => request.Split(' ')[1].Split('?')[0].Split('/')[^1]);

    public int Count(string endpoint) => Asked.Count(asked => asked == endpoint);

    /// <summary>A metric's value as Prometheus reads it.</summary>
    public async Task<string> MetricAsync(string name)
    {
        using var text = new MemoryStream();
        await _registry.CollectAndExportAsTextAsync(text);
        return System.Text.Encoding.UTF8.GetString(text.ToArray()).Split('\n')
            .Single(line => line.StartsWith(name + " ", StringComparison.Ordinal)).Split(' ')[1];
    }

    public void Dispose()
    {
        Heartbeat.Dispose();
        Poll.Dispose();
        _http.Dispose();
    }

    /// <summary>Reports that say what a test lets them say.</summary>
    internal sealed class StubReports : IReportSource
    {
        private readonly TaskCompletionSource _meaningful = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public bool IsMeaningful
        {
            set
            {
                if (value) _meaningful.TrySetResult();
            }
        }

        /// <summary>Completed while reports are wanted.</summary>
        public Task Wanted { get; set; } = Task.CompletedTask;

        public string Status { get; set; } = "healthy";

        public List<StatusReport> Taken { get; } = [];

        public Task WaitUntilMeaningfulAsync(CancellationToken cancellationToken) => _meaningful.Task.WaitAsync(cancellationToken);

        public Task WaitUntilWantedAsync(CancellationToken cancellationToken) => Wanted.WaitAsync(cancellationToken);

        public StatusReport Compose() => new()
        {
            AgentId = "spoke-agent-east-1",
            ClusterId = "east-1",
            ZoneId = "east-1",
            Status = Status,
            Version = "1.2.3",
            Metrics = new ClusterMetrics
            {
                ClusterId = "east-1",
                ZoneId = "east-1",
                Resources = new ResourceMetrics(),
                LastCollected = DateTimeOffset.UnixEpoch,
            },
            ReportTime = DateTimeOffset.UnixEpoch,
        };

        public void Delivered(StatusReport report) => Taken.Add(report);
    }

    /// <summary>Takes in what comes.</summary>
    internal sealed class StubIntake : IOperationIntake
    {
        private readonly Lock _lock = new();
        private readonly List<TakenAnswer> _taken = [];

        /// <summary>Completed while operations can be stored.</summary>
        public Task Ready { get; set; } = Task.CompletedTask;

        /// <summary>Completed when taken operations are stored.</summary>
        public Task Stored { get; set; } = Task.CompletedTask;

        /// <summary>What came to its end.</summary>
        public IReadOnlyList<TakenAnswer> Taken
        {
            get
            {
                lock (_lock) return [.. _taken];
            }
        }

        public Task WaitUntilReadyAsync(CancellationToken cancellationToken) => Ready.WaitAsync(cancellationToken);

        public IPollIntake Begin() => new Poll(this);

        // Loops push nothing.
        public Task<(IntakeOutcome Outcome, string? Problem)> AcceptPushedAsync(
            ReadOnlyMemory<byte> operation, CancellationToken cancellationToken) => throw new NotSupportedException();

        private sealed class Poll(StubIntake intake) : IPollIntake
        {
            private readonly List<JsonElement> _operations = [];

            public void Take(ReadOnlySpan<byte> operation) => _operations.Add(JsonElement.Parse(operation));

            public Task EndAsync(string? loss)
            {
                lock (intake._lock) intake._taken.Add(new(_operations, loss));
                return intake.Stored;
            }
        }
    }
}

/// <summary>What came of a poll.</summary>
internal sealed record TakenAnswer(IReadOnlyList<JsonElement> Operations, string? Loss);
