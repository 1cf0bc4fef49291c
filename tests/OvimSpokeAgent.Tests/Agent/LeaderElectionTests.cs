using Microsoft.Extensions.Logging.Abstractions;
using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Leadership;
using OvimSpokeAgent.Tests.Cluster;
using OvimSpokeAgent.Tests.Configuration;
using OvimSpokeAgent.Tests.Simulation;

namespace OvimSpokeAgent.Tests.Agent;

public sealed class LeaderElectionTests
{
    private static readonly NamespacedName Lease = new("ovim-system", "ovim-spoke-agent");

    private readonly Simulator _simulator;
    private readonly FakeKubernetesApi _server;

    public LeaderElectionTests()
        : this(1)
    {
    }

    private LeaderElectionTests(int seed)
    {
        _simulator = new Simulator(seed);
        _server = new FakeKubernetesApi(_simulator.Time);
        _server.HasNamespace("ovim-system", managed: false);
    }

    [Fact]
    public void First_agent_leads_and_says_so_in_the_Lease()
    {
        var agent = Start("pod-a");

        RunUntil(() => agent.Leads);

        var spec = _server.Find(KubernetesKinds.Lease, Lease)!["spec"]!;
        Assert.Equal("pod-a", (string?)spec["holderIdentity"]);
        Assert.Equal(12, (int?)spec["leaseDurationSeconds"]);
    }

    [Fact]
    public void Second_agent_stands_by_and_knows_for_whom()
    {
        var first = Start("pod-a");
        RunUntil(() => first.Leads);

        var second = Start("pod-b");
        _simulator.RunFor(TimeSpan.FromMinutes(5));

        Assert.True(first.Leads);
        Assert.False(second.Leads);
        Assert.Equal("pod-a", second.Election.OtherLeader);
        Assert.False(second.Election.WaitUntilNotStandbyAsync(default).IsCompleted);
    }

    [Fact]
    public void Standby_takes_over_within_15_seconds_of_the_leaders_death()
    {
        for (var seed = 0; seed < 50; seed++)
        {
            var run = new LeaderElectionTests(seed);
            var first = run.Start("pod-a");
            run.RunUntil(() => first.Leads);
            var second = run.Start("pod-b");
            run._simulator.RunFor(run._simulator.Between(TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(10)));

            first.Process.Kill();

            Assert.True(run._simulator.RunUntil(() => second.Leads, run._simulator.Time.Elapsed + TimeSpan.FromSeconds(15)));
        }
    }

    [Fact]
    public void Standby_takes_over_at_once_when_the_leader_lets_go()
    {
        var first = Start("pod-a");
        RunUntil(() => first.Leads);
        var second = Start("pod-b");
        RunUntil(() => second.Election.OtherLeader is not null);

        first.Process.Run(() => _ = first.LetGoAsync());

        Assert.True(_simulator.RunUntil(() => second.Leads, _simulator.Time.Elapsed + TimeSpan.FromSeconds(2)));
        _simulator.RunFor(TimeSpan.FromMinutes(1));
        Assert.False(first.Leads);
    }

    [Fact]
    public void Lease_that_changes_while_it_is_let_go_is_let_go_all_the_same()
    {
        var first = Start("pod-a");
        RunUntil(() => first.Leads);
        var second = Start("pod-b");
        RunUntil(() => second.Election.OtherLeader is not null);
        var isChanged = false;
        _server.Fault = request =>
        {
            if (request.Verb == "patch" && !isChanged)
            {
                isChanged = true;
                _server.Change(KubernetesKinds.Lease, Lease, lease => lease["spec"]!["renewTime"] = "2026-11-23T08:00:01.000000Z");
            }
            return null;
        };

        first.Process.Run(() => _ = first.LetGoAsync());

        Assert.True(_simulator.RunUntil(() => second.Leads, _simulator.Time.Elapsed + TimeSpan.FromSeconds(2)));
        Assert.True(isChanged);
    }

    [Fact]
    public void Container_restarted_in_its_pod_takes_up_its_own_Lease_at_once()
    {
        var before = Start("pod-a");
        RunUntil(() => before.Leads);

        before.Process.Kill();
        var after = Start("pod-a");

        Assert.True(_simulator.RunUntil(() => after.Leads, _simulator.Time.Elapsed + TimeSpan.FromMilliseconds(200)));
    }

    [Fact]
    public void Two_agents_without_pod_names_have_different_names() =>
        Assert.NotEqual(new Candidate(this, null).Election.Identity, new Candidate(this, null).Election.Identity);

    [Fact]
    public void Leader_that_cannot_renew_stops_before_another_can_lead_and_leads_again_when_it_can()
    {
        var agent = Start("pod-a");
        RunUntil(() => agent.Leads);
        var term = agent.Election.Current!;
        var since = _simulator.Time.Elapsed;

        agent.Network.IsDown = true;
        RunUntil(() => term.IsOver);

        Assert.InRange(_simulator.Time.Elapsed - since, TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(9));
        Assert.NotNull(agent.Election.Problem);
        Assert.Null(agent.Election.OtherLeader);
        agent.Network.IsDown = false;
        RunUntil(() => agent.Leads);
        Assert.NotSame(term, agent.Election.Current);
        Assert.Null(agent.Election.Problem);
    }

    [Fact]
    public void Short_trouble_with_renewing_ends_no_term()
    {
        var agent = Start("pod-a");
        RunUntil(() => agent.Leads);
        var term = agent.Election.Current!;

        agent.Network.LostAnswers = 0.3;
        agent.Network.Losses = 0.3;
        _simulator.RunFor(TimeSpan.FromSeconds(5));
        (agent.Network.LostAnswers, agent.Network.Losses) = (0, 0);
        _simulator.RunFor(TimeSpan.FromMinutes(2));

        Assert.Same(term, agent.Election.Current);
    }

    [Fact]
    public void Process_that_was_paused_finds_out_before_its_next_write()
    {
        var agent = Start("pod-a");
        RunUntil(() => agent.Leads);
        var guarded = new LeaderOnlyApi(_server, agent.Election);

        agent.Process.IsPaused = true;
        _simulator.RunFor(TimeSpan.FromMinutes(1));
        _server.ForgetRequests();
        var write = Assert.Throws<KubernetesApiException>(() =>
            { _ = guarded.DeleteAsync(KubernetesKinds.Secret, new NamespacedName("a", "b"), new DeleteOptions(), default); });

        Assert.Equal(ApiErrorReason.NotLeading, write.Reason);
        Assert.Empty(_server.Requests);
    }

    // Three agents that are paused, cut off, killed and restarted by chance: whoever leads leads alone.
    [Fact]
    public void Never_do_two_lead_at_once()
    {
        for (var seed = 0; seed < 40; seed++)
        {
            var run = new LeaderElectionTests(seed);
            run.RunCandidates();
        }
    }

    [Theory]
    [InlineData(6, 6, false)]
    [InlineData(7, 0, true)]
    [InlineData(0, 7, true)]
    [InlineData(8, -60, true)]
    public void Deadline_is_over_when_either_clock_says_so(int monotonic, int wall, bool isOver)
    {
        var clocks = new TwoClocks();
        var deadline = Deadline.In(TimeSpan.FromSeconds(7), clocks);

        clocks.Monotonic += TimeSpan.FromSeconds(monotonic);
        clocks.Wall += TimeSpan.FromSeconds(wall);

        Assert.Equal(isOver, deadline.IsOver(clocks));
    }

    private void RunCandidates()
    {
        Candidate[] candidates = [Start("pod-a"), Start("pod-b"), Start("pod-c")];
        var leaders = 0;
        Candidate? last = null;
        for (var i = 0; i < 200; i++)
        {
            var one = _simulator.Random.Next(candidates.Length);
            var candidate = candidates[one];
            switch (_simulator.Random.Next(8))
            {
                case 0:
                    candidate.Process.IsPaused = !candidate.Process.IsPaused;
                    break;
                case 1:
                    candidate.Network.IsDown = !candidate.Network.IsDown;
                    break;
                case 2:
                    candidate.Network.LostAnswers = _simulator.Random.NextDouble() / 2;
                    break;
                case 3:
                    candidate.Process.Kill();
                    candidates[one] = Start($"pod-{i}");
                    break;
            }
            _simulator.RunUntil(() => LeadAlone(candidates), _simulator.Time.Elapsed + _simulator.Between(TimeSpan.Zero, TimeSpan.FromSeconds(15)));
            var leader = candidates.FirstOrDefault(c => c.Leads);
            if (leader is not null && leader != last) leaders++;
            last = leader ?? last;
        }
        Assert.True(leaders > 3, $"only {leaders} changes: nothing was tested");

        static bool LeadAlone(Candidate[] candidates)
        {
            Assert.True(candidates.Count(candidate => candidate.Leads) <= 1, "two lead");
            return false;
        }
    }

    private void RunUntil(Func<bool> condition) =>
        Assert.True(_simulator.RunUntil(condition, _simulator.Time.Elapsed + TimeSpan.FromMinutes(1)));

    private Candidate Start(string pod)
    {
        var candidate = new Candidate(this, pod);
        candidate.Process = _simulator.Start(pod, () => candidate.Election.RunAsync(default));
        return candidate;
    }

    private sealed class Candidate
    {
        public Candidate(LeaderElectionTests run, string? pod)
        {
            Network = new SimulatedNetwork(run._simulator);
            var environment = new TestEnvironment();
            Election = new LeaderElection(
                new SimulatedApi(run._server, Network),
                (pod is null ? environment : environment.With("POD_NAME", pod)).LoadClean(),
                run._simulator.Time,
                NullLogger<LeaderElection>.Instance);
        }

        public SimulatedNetwork Network { get; }

        public LeaderElection Election { get; }

        public SimulatedProcess Process { get; set; } = null!;

        public bool Leads => !Process.IsDead && Election.Current is not null;

        public async Task LetGoAsync()
        {
            Election.StepDown();
            await Election.ReleaseAsync(default);
        }
    }

    private sealed class TwoClocks : TimeProvider
    {
        public TimeSpan Monotonic { get; set; }

        public TimeSpan Wall { get; set; }

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Monotonic.Ticks;

        public override DateTimeOffset GetUtcNow() => DateTimeOffset.UnixEpoch + Wall;
    }
}
