using OvimSpokeAgent.Hub;
using OvimSpokeAgent.Supervision;

namespace OvimSpokeAgent.Tests.Hub;

/// <summary>A fleet of agents and the hub they lose.</summary>
internal sealed record FleetScenario
{
    public int Agents { get; init; } = 10_000;

    public TimeSpan Heartbeat { get; init; } = TimeSpan.FromSeconds(30);

    public TimeSpan Poll { get; init; } = TimeSpan.FromSeconds(5);

    public TimeSpan Outage { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>How long the hub is watched after its return.</summary>
    public TimeSpan Watched { get; init; } = TimeSpan.FromMinutes(3);

    /// <summary>How long a request takes to fail: nothing where the connection is refused, up to the limit of a call in a black hole.</summary>
    public TimeSpan FailureTakes { get; init; }

    /// <summary>All agents report in the same instant, as after a start of all of them at once; else spread evenly.</summary>
    public bool InPhase { get; init; }

    public int Seed { get; init; } = 1;
}

/// <summary>Requests in one second.</summary>
internal readonly record struct FleetSecond(int Reports, int Polls);

/// <summary>
/// The schedules of many agents in simulated time, without sockets: each keeps its facts in a <see cref="HubConnection"/>
/// and asks <see cref="HubSchedule"/> what the loops ask it.
/// </summary>
internal sealed class FleetSimulation
{
    private readonly FleetScenario _scenario;
    private readonly SimulatedTime _time = new();
    private readonly PriorityQueue<(Agent Agent, bool IsPoll), TimeSpan> _due = new();
    private readonly FleetSecond[] _seconds;

    private FleetSimulation(FleetScenario scenario)
    {
        _scenario = scenario;
        _seconds = new FleetSecond[(int)scenario.Watched.TotalSeconds];
    }

    /// <summary>The rate of reports of a fleet that lost nothing, a second.</summary>
    public static double EvenReports(FleetScenario scenario) => scenario.Agents / scenario.Heartbeat.TotalSeconds;

    /// <summary>The rate of all its requests.</summary>
    public static double EvenRequests(FleetScenario scenario) =>
        EvenReports(scenario) + (scenario.Agents / scenario.Poll.TotalSeconds);

    /// <summary>What reaches the hub in each second after its return.</summary>
    public static IReadOnlyList<FleetSecond> Run(FleetScenario scenario) => new FleetSimulation(scenario).Run();

    private FleetSecond[] Run()
    {
        var random = new Random(_scenario.Seed);
#pragma warning disable CA5394 // a simulation that can be repeated
        Jitter jitter = random.NextDouble;
#pragma warning restore CA5394
        for (var i = 0; i < _scenario.Agents; i++)
        {
            var agent = new Agent(new HubConnection(_time), new HubSchedule(_scenario.Heartbeat, _scenario.Poll, jitter));
            agent.Connection.Succeeded(); // the outage begins now
            _due.Enqueue((agent, false), _scenario.InPhase ? _scenario.Heartbeat / 2 : _scenario.Heartbeat * jitter());
            EnqueuePoll(agent, _scenario.Poll * jitter());
        }
        var end = _scenario.Outage + _scenario.Watched;
        while (_due.TryDequeue(out var next, out var at) && at < end)
        {
            _time.Now = at;
            if (!next.IsPoll) Report(next.Agent, at);
            else if (next.Agent.NextPoll == at) Poll(next.Agent, at);
        }
        return _seconds;
    }

    private void Report(Agent agent, TimeSpan at)
    {
        var before = agent.Connection.Link;
        agent.Connection.Trying();
        var taken = TimeSpan.Zero;
        if (IsHubThere(at))
        {
            Count(at, isPoll: false);
            agent.Connection.Succeeded();
            // Polls go on as soon as the hub is back.
            if (agent.PollWaits || agent.FailedPolls > 0) EnqueuePoll(agent, at);
            (agent.PollWaits, agent.FailedPolls) = (false, 0);
        }
        else
        {
            taken = _scenario.FailureTakes;
            agent.Connection.Failed("away");
        }
        var (wait, _) = agent.Pace.AfterReport(before, agent.Connection.Link);
        _due.Enqueue((agent, false), at + (wait > taken ? wait : taken + TimeSpan.FromSeconds(1)));
    }

    private void Poll(Agent agent, TimeSpan at)
    {
        if (!agent.Connection.Link.IsRegistered)
        {
            agent.PollWaits = true;
            return;
        }
        if (IsHubThere(at)) Count(at, isPoll: true);
        agent.FailedPolls = IsHubThere(at) ? 0 : agent.FailedPolls + 1;
        EnqueuePoll(agent, at + agent.Pace.AfterPoll(agent.FailedPolls));
    }

    // In the place of one that waits.
    private void EnqueuePoll(Agent agent, TimeSpan at)
    {
        agent.NextPoll = at;
        _due.Enqueue((agent, true), at);
    }

    private bool IsHubThere(TimeSpan at) => at >= _scenario.Outage;

    private void Count(TimeSpan at, bool isPoll)
    {
        ref var second = ref _seconds[(int)(at - _scenario.Outage).TotalSeconds];
        second = isPoll ? second with { Polls = second.Polls + 1 } : second with { Reports = second.Reports + 1 };
    }

    private sealed class Agent(HubConnection connection, HubSchedule pace)
    {
        public HubConnection Connection { get; } = connection;

        public HubSchedule Pace { get; } = pace;

        /// <summary>The poll loop waits for the hub to take a report.</summary>
        public bool PollWaits { get; set; }

        public int FailedPolls { get; set; }

        public TimeSpan NextPoll { get; set; }
    }

    private sealed class SimulatedTime : TimeProvider
    {
        public TimeSpan Now { get; set; }

        public override DateTimeOffset GetUtcNow() => DateTimeOffset.UnixEpoch + Now;
    }
}
