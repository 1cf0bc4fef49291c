using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Moq;
using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Events;
using OvimSpokeAgent.Hub;
using OvimSpokeAgent.Leadership;
using OvimSpokeAgent.Logging;
using OvimSpokeAgent.Operations;
using OvimSpokeAgent.Supervision;
using OvimSpokeAgent.Tests.Configuration;
using OvimSpokeAgent.Tests.Simulation;

namespace OvimSpokeAgent.Tests.Operations.DeliverySimulation;

/// <summary>
/// The agent's delivery of results as it is, with what it hears of the hub by reports and polls, against a hub that fails by
/// a schedule, in simulated time.
/// </summary>
internal sealed class DeliveryWorld
{
    /// <summary>How long an attempt may take.</summary>
    public static readonly TimeSpan AttemptLimit = TimeSpan.FromSeconds(15);

    private readonly HubConnection _connection;
    private readonly HubPresence _presence;
    private readonly RetryAfterGate _gate;
    private readonly HubSchedule _pace;
    private readonly ResultDelivery _delivery;

    private DeliveryWorld(DeliverySchedule schedule)
    {
        (Schedule, Simulator) = (schedule, new Simulator(schedule.Seed));
        Hub = new TroubledHub(Simulator, schedule);
        var (settings, time, jitter) = (new TestEnvironment().LoadClean(), Simulator.Time, (Jitter)Simulator.Random.NextDouble);
        var metrics = Prometheus.Metrics.WithCustomRegistry(Prometheus.Metrics.NewCustomRegistry());
        _connection = new HubConnection(time);
        _presence = new HubPresence(time);
        _gate = new RetryAfterGate(time, jitter);
        _pace = new HubSchedule(settings.HeartbeatInterval, settings.Hub.PollInterval, jitter);
        Journal = new OperationJournal(Store, settings, jitter, time, NullLogger<OperationJournal>.Instance);
        _delivery = new ResultDelivery(
            new Channel(this),
            new SoleLeadership(),
            Journal,
            new ReportErrors(),
            new EventRecorder(Mock.Of<IKubernetesApi>(), new ClusterConnectivity(time), metrics, settings, time, NullLogger<EventRecorder>.Instance),
            new OperationMetrics(metrics),
            settings,
            jitter,
            time,
            NullLogger<ResultDelivery>.Instance);
    }

    public DeliverySchedule Schedule { get; }

    public Simulator Simulator { get; }

    public TroubledHub Hub { get; }

    public MemoryJournalStore Store { get; } = new();

    public OperationJournal Journal { get; }

    /// <summary>The answers that the agent got: when it asked, when they came, and whether they did what was asked for.</summary>
    public List<(TimeSpan Asked, TimeSpan At, bool IsGood)> Answers { get; } = [];

    /// <summary>When each result was there to be delivered, by its body, in their order.</summary>
    public List<(ScheduledResult Result, string Body, TimeSpan At)> Finished { get; } = [];

    /// <summary>Ids of which two results were on the way at once.</summary>
    public HashSet<string> SentTwiceAtOnce { get; } = [];

    /// <summary>The most that were on the way at once.</summary>
    public int MostOnTheWay { get; private set; }

    /// <summary>Runs a schedule to its end.</summary>
    public static DeliveryWorld Run(DeliverySchedule schedule)
    {
        var world = new DeliveryWorld(schedule);
        var agent = world.Simulator.Start("agent", world.RunAsync);
        world.Simulator.RunFor(schedule.End);
        if (agent.Failure is { } failure) throw new SimulationException($"{failure}\n{schedule}", failure);
        agent.Kill();
        return world;
    }

    private SimulatedTime Time => Simulator.Time;

    private async Task RunAsync()
    {
        Journal.Open(new Term(), [], [], [], () => { });
        await await Task.WhenAny([_delivery.RunAsync(ReopenAsync, default), ReportAsync(), PollAsync(), FinishAllAsync()]);
    }

    private async Task FinishAllAsync()
    {
        foreach (var result in Schedule.Results.OrderBy(result => result.At))
        {
            if (result.At > Time.Elapsed) await Task.Delay(result.At - Time.Elapsed, Time);
            await FinishAsync(result);
        }
        await Task.Delay(Timeout.InfiniteTimeSpan, Time);
    }

    private async Task FinishAsync(ScheduledResult result)
    {
        var operation = new OperationHeader
        {
            Id = result.Id,
            Type = "note",
            Key = new OperationKey($"op-{result.Number}"),
            Timestamp = Time.GetUtcNow(),
        };
        var body = $$"""{"result":{{result.Number}}}""";
        await Journal.ReceiveAsync(Journal.NewRecord(operation, 2), "{}"u8.ToArray(), default);
        _delivery.Enqueue(await Journal.FinishAsync(operation.Key, Encoding.UTF8.GetBytes(body), default));
        Finished.Add((result, body, Time.Elapsed));
    }

    // As the loops do it.
    private async Task ReportAsync()
    {
        while (true)
        {
            var (before, started) = (_connection.Link, Time.Elapsed);
            _connection.Trying();
            if (await CallAsync(HubEndpoint.Status, AttemptLimit) is { IsSuccessStatusCode: true }) _connection.Succeeded();
            else _connection.Failed("down");
            var (wait, _) = _pace.AfterReport(before, _connection.Link);
            var left = wait - (Time.Elapsed - started);
            await Task.Delay(left > TimeSpan.FromSeconds(1) ? left : TimeSpan.FromSeconds(1), Time);
        }
    }

    private async Task PollAsync()
    {
        var failures = 0;
        while (true)
        {
            await _connection.WaitUntilOperationsMayBeTakenAsync(default);
            var back = _presence.Back;
            var isAnswered = await CallAsync(HubEndpoint.Operations, HubClient.PollLimit) is { IsSuccessStatusCode: true };
            failures = isAnswered ? 0 : failures + 1;
            var due = Task.Delay(_pace.AfterPoll(failures), Time);
            await Task.WhenAny(failures > 0 ? [due, back] : [due]);
        }
    }

    // As HubCaller does it.
    private async Task<HttpResponseMessage?> CallAsync(
        HubEndpoint endpoint, TimeSpan limit, string id = "", string body = "", CancellationToken cancellationToken = default)
    {
        // Who asks may give up; the request goes on.
        var (answered, asked) = (new TaskCompletionSource<HttpResponseMessage?>(), Time.Elapsed);
        Simulator.World.Run(() => _ = GoAsync());
        await ((Task)answered.Task).WaitAsync(limit, Time, cancellationToken)
            .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        cancellationToken.ThrowIfCancellationRequested();
        if (!answered.Task.IsCompleted || await answered.Task is not { } response)
        {
            _presence.Missed(endpoint);
            return null;
        }
        Answers.Add((asked, Time.Elapsed, response.IsSuccessStatusCode));
        _gate.Observe(endpoint, response);
        if (_gate.Remaining(endpoint) is var held && held > TimeSpan.Zero) Hub.Disturbances.Add(new(Time.Elapsed, Time.Elapsed + held));
        _presence.Answered(endpoint, response.IsSuccessStatusCode);
        return response;

        async Task GoAsync() => answered.TrySetResult(await Hub.AskAsync(endpoint, id, body));
    }

    private Task ReopenAsync(JournalRecord record, CancellationToken cancellationToken)
    {
        _delivery.Enqueue(record);
        return Task.CompletedTask;
    }

    private sealed class Channel(DeliveryWorld world) : IResultChannel
    {
        private readonly HashSet<string> _onTheWay = [];

        public event Action<HubSign>? Heard
        {
            add => world._presence.Heard += value;
            remove => world._presence.Heard -= value;
        }

        public TimeSpan HeldFor => world._gate.Remaining(HubEndpoint.Result);

        public async Task WaitUntilOpenAsync(CancellationToken cancellationToken)
        {
            while (true)
            {
                var answer = world._presence.Answer;
                if (world._connection.Link.IsRegistered || world._presence.IsAnswering) return;
                await answer.WaitAsync(cancellationToken);
            }
        }

        public async Task<DeliveryAttempt> SendAsync(
            string operationId, ReadOnlyMemory<byte> body, CancellationToken cancellationToken)
        {
            if (!_onTheWay.Add(operationId)) world.SentTwiceAtOnce.Add(operationId);
            world.MostOnTheWay = Math.Max(world.MostOnTheWay, _onTheWay.Count);
            try
            {
                var response = await world.CallAsync(
                    HubEndpoint.Result, AttemptLimit, operationId, Encoding.UTF8.GetString(body.Span), cancellationToken);
                return response is { IsSuccessStatusCode: true }
                    ? new(DeliveryOutcome.Delivered)
                    : new(new HubException("not taken") { Status = response?.StatusCode }.DeliveryOutcome, "not taken");
            }
            finally
            {
                _onTheWay.Remove(operationId);
            }
        }
    }
}
