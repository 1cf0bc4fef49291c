using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging.Abstractions;
using Moq;
using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Events;
using OvimSpokeAgent.Leadership;
using OvimSpokeAgent.Logging;
using OvimSpokeAgent.Operations;
using OvimSpokeAgent.Supervision;
using OvimSpokeAgent.Tests.Cluster;
using OvimSpokeAgent.Tests.Configuration;
using OvimSpokeAgent.Tests.Simulation;

namespace OvimSpokeAgent.Tests.Operations;

/// <summary>All that has to do with operations, over a store and a hub in memory, on a clock of its own.</summary>
internal sealed class OperationsHost
{
    private readonly TestEnvironment _environment = new TestEnvironment().With("OVIM_OPERATION_CONCURRENCY", "2");

    private OperationProcessor _processor = null!;
    private OperationLoop _loop = null!;
    private ResultDelivery _delivery = null!;
    private readonly IJournalStore _journalStore;
    private SimulatedProcess? _process;

    /// <param name="journalStore">Where the journal is; null: in <see cref="Store"/>.</param>
    public OperationsHost(IJournalStore? journalStore = null) =>
        (Hub, _journalStore, Cluster) =
            (new FakeResultChannel(Simulator), journalStore ?? Store, new FakeKubernetesApi(Simulator.Time));

    public Simulator Simulator { get; } = new(seed: 1);

    public MemoryJournalStore Store { get; } = new();

    public FakeResultChannel Hub { get; }

    public OperationJournal Journal { get; private set; } = null!;

    /// <summary>What the loop's supervisor sees of it.</summary>
    public LoopTurns Turns { get; private set; } = null!;

    public RunningExecutions Executions { get; private set; } = null!;

    public RecentOperations Recent { get; private set; } = null!;

    /// <summary>The API server that is asked what the agent may do.</summary>
    public FakeKubernetesApi Cluster { get; }

    public ReportErrors Errors { get; } = new();

    /// <summary>The names that operations were executed with, in their order.</summary>
    public List<string> Executed { get; } = [];

    /// <summary>Names whose <c>hold</c>, <c>wait</c> or <c>gaze</c> does not end by itself.</summary>
    public Dictionary<string, TaskCompletionSource> Held { get; } = [];

    /// <summary>What <c>busy</c> fails with, if it does.</summary>
    public Exception? Fault { get; set; }

    /// <summary>How often the results of <c>keep</c> and <c>tell</c> repeat the name.</summary>
    public int Repetitions { get; set; } = 1;

    public int Pending => _delivery.Pending;

    public OperationsHost With(string setting, string value)
    {
        _environment.With(setting, value);
        return this;
    }

    /// <summary>Starts the agent: its first life, or the next over the same store.</summary>
    public OperationsHost Start()
    {
        var (settings, time, jitter) = (_environment.LoadClean(), Simulator.Time, (Jitter)(() => 0.5));
        var factory = Prometheus.Metrics.WithCustomRegistry(Prometheus.Metrics.NewCustomRegistry());
        var metrics = new OperationMetrics(factory);
        var events = new EventRecorder(
            Mock.Of<IKubernetesApi>(), new ClusterConnectivity(time), factory, settings, time, NullLogger<EventRecorder>.Instance);
        var registry = new OperationRegistry([new Handler(this, "note"), new Handler(this, "hold"), new Handler(this, "ask"), new Handler(this, "keep"), new Handler(this, "tell"), new Handler(this, "break"), new Handler(this, "wait"), new Handler(this, "busy"), new Handler(this, "gaze"), new Handler(this, "deaf")]);
        var leadership = new SoleLeadership();
        var parts = new OperationParts(
            registry, _journalStore, Hub, leadership, Cluster, Errors, events, metrics, settings, jitter, time);
        (Journal, _delivery, _processor, _loop) = (parts.Journal, parts.Delivery, parts.Processor, parts.Loop);
        (Executions, Recent) = (parts.Executions, parts.Recent);
        var turns = Turns = new LoopTurns(time);
        _process = Simulator.Start("agent", () =>
        {
            LoopTurns.Current = turns; // as its supervisor does
            return _loop.RunAsync(default);
        });
        return Runs();
    }

    /// <summary>Kills it at this very point.</summary>
    public OperationsHost Kill()
    {
        _process!.Kill();
        return this;
    }

    /// <summary>Takes in what an answer of the hub held.</summary>
    public OperationsHost Receives(params JsonObject[] operations)
    {
        _process!.Run(() => _ = AcceptAsync(operations));
        return Runs();
    }

    private Task AcceptAsync(JsonObject[] operations)
    {
        var answer = _processor.Begin(default);
        foreach (var operation in operations) answer.Take(System.Text.Encoding.UTF8.GetBytes(operation.ToJsonString()));
        return answer.EndAsync();
    }

    /// <summary>Lets everything happen that does not need time, or happens within some.</summary>
    public OperationsHost Runs(TimeSpan? time = null)
    {
        Simulator.RunFor(time ?? TimeSpan.Zero);
        return this;
    }

    /// <summary>Whether it would ask the hub for operations now.</summary>
    public bool IsReady() => BecomesReady().IsCompletedSuccessfully;

    /// <summary>Completes as soon as it would ask the hub for operations.</summary>
    public Task BecomesReady()
    {
        var ready = Task.CompletedTask;
        _process!.Run(() => ready = _loop.WaitUntilReadyAsync(default));
        Runs();
        return ready;
    }

    public static JsonObject Operation(
        string id, string type = "note", string name = "web", int second = 0, int? timeoutSeconds = null, string? ns = null) => new()
        {
            ["id"] = id,
            ["type"] = type,
            ["payload"] = ns is null ? new JsonObject { ["name"] = name } : new JsonObject { ["name"] = name, ["namespace"] = ns },
            ["timestamp"] = $"2026-11-23T08:00:{second:00}Z",
            ["timeout_seconds"] = timeoutSeconds,
        };

    /// <summary>The same operation, so large that it is stored alone; told from others by its padding.</summary>
    public static JsonObject Large(JsonObject operation, int kibibytes = 300)
    {
        operation["payload"]!["padding"] = new string('x', kibibytes << 10);
        return operation;
    }

    /// <summary>
    /// <c>note</c> is done at once, <c>hold</c> when the test says so, <c>ask</c> only reads, <c>keep</c> and <c>tell</c> have their name as result, the latter only reads,
    /// <c>break</c> has a bug, <c>wait</c> waits for others until the test says so, <c>busy</c> meets <see cref="Fault"/>,
    /// <c>gaze</c> reads until the test says so, <c>deaf</c> does not end, whatever it is told.
    /// </summary>
    private sealed class Handler(OperationsHost host, string type) : IOperationHandler
    {
        public string Type => type;

        public IReadOnlyList<string> Aliases => [];

        public OperationPlan? Plan(PayloadReader payload)
        {
            if (type == "break") throw new NotSupportedException("a bug");
            var name = payload.RequiredString("name");
            return new OperationPlan
            {
                Target = new NamespacedName(payload.OptionalString("namespace") ?? "acme", name),
                ReadOnly = type is "ask" or "tell" or "gaze",
                Execute = async (context, cancellationToken) =>
                {
                    if (type is "keep" or "tell") return OperationOutcome.Completed(Repeated(name));
                    host.Executed.Add(name);
                    if (type == "busy" && host.Fault is { } fault) throw fault;
                    if (type is "hold" or "gaze") await (host.Held[name] = new()).Task.WaitAsync(cancellationToken);
                    if (type == "deaf") await new TaskCompletionSource().Task;
                    if (type == "wait") await context.WaitForOthersAsync((host.Held[name] = new()).Task.WaitAsync, cancellationToken);
                    return OperationOutcome.Completed(JsonElement.Parse($$"""{"times":{{host.Executed.Count(n => n == name)}}}"""));
                },
            };
        }

        private JsonElement Repeated(string name) =>
            JsonElement.Parse($$"""{"name":"{{string.Concat(Enumerable.Repeat(name, host.Repetitions))}}"}""");
    }
}

/// <summary>The hub's side of results.</summary>
internal sealed class FakeResultChannel(Simulator simulator) : IResultChannel
{
    private static readonly TimeSpan Travel = TimeSpan.FromMilliseconds(10);

    private int _onTheWay;

    public event Action<HubSign>? Heard;

    public TimeSpan HeldFor { get; set; }

    /// <summary>How it answers, by the operation's id.</summary>
    public Func<string, DeliveryOutcome> Answer { get; set; } = _ => DeliveryOutcome.Delivered;

    /// <summary>Never answers, and does not heed that it is told to end.</summary>
    public bool IsStuck { get; set; }

    /// <summary>What came, in its order, with the time.</summary>
    public List<(string Id, string Body, TimeSpan At)> Results { get; } = [];

    /// <summary>How many were on the way at once, at most.</summary>
    public int MaxAtOnce { get; private set; }

    public IEnumerable<string> Ids => Results.Select(result => result.Id);

    public string BodyOf(string id) => Results.Last(result => result.Id == id).Body;

    public Task WaitUntilOpenAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>The hub is heard of on another endpoint.</summary>
    public void IsHeard(HubSign sign) => Heard?.Invoke(sign);

    public async Task<DeliveryAttempt> SendAsync(
        string operationId, ReadOnlyMemory<byte> body, CancellationToken cancellationToken)
    {
        MaxAtOnce = Math.Max(MaxAtOnce, ++_onTheWay);
        if (IsStuck) await new TaskCompletionSource().Task;
        await Task.Delay(Travel, simulator.Time, cancellationToken);
        _onTheWay--;
        Results.Add((operationId, System.Text.Encoding.UTF8.GetString(body.Span), simulator.Time.Elapsed));
        return new DeliveryAttempt(Answer(operationId), "as the test says");
    }
}
