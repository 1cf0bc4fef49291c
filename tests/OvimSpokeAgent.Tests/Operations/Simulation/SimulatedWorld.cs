using System.Text.Json.Nodes;
using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Configuration;
using OvimSpokeAgent.Operations;
using OvimSpokeAgent.Tests.Cluster;
using OvimSpokeAgent.Tests.Configuration;
using OvimSpokeAgent.Tests.Simulation;

namespace OvimSpokeAgent.Tests.Operations.Simulation;

/// <summary>A hub, a cluster and the agents of a run, and what befalls them.</summary>
internal sealed class SimulatedWorld
{
    private readonly Schedule _schedule;
    private int _pods;
    private int _requestsUntilKill = -1;
    private bool _killsAfterEffect;
    private Action? _kill;

    private SimulatedWorld(Schedule schedule, Func<IJournalStore, IJournalStore> mutation)
    {
        (_schedule, Mutation) = (schedule, mutation);
        Simulator = new Simulator(schedule.Seed);
        Hub = new SimulatedHub(Simulator);
        History = new History(Simulator);
        Hub.Taken = id => History.Note($"the hub took a result of {id}");
        Cluster = new FakeKubernetesApi(Time);
        Cluster.HasNamespace("acme");
        Cluster.HasNamespace("ovim-system", managed: false);
        Tests.VirtualMachines.VmWorld.HasVm(Cluster, new NamespacedName("acme", "manual"), "Manual");
        var kubeVirt = new SimulatedKubeVirt(Simulator, Cluster);
        Namespaces = new SimulatedNamespaces(Simulator, Cluster);
        Orphans = new SimulatedOrphans(this);
        Cluster.Changed = change =>
        {
            History.OnChange(change);
            kubeVirt.OnChange(change);
            Namespaces.OnChange(change);
        };
    }

    public Simulator Simulator { get; }

    public SimulatedTime Time => Simulator.Time;

    public SimulatedHub Hub { get; }

    public FakeKubernetesApi Cluster { get; }

    public SimulatedNamespaces Namespaces { get; }

    public SimulatedOrphans Orphans { get; }

    public History History { get; }

    public List<SimulatedAgent> Agents { get; } = [];

    /// <summary>The agents' <c>OVIM_HUB_POLL_INTERVAL</c>, or the pace with push on.</summary>
    public TimeSpan PollInterval => TimeSpan.FromSeconds(_schedule.IsPushed ? 30 : 5);

    /// <summary>What must not happen and did.</summary>
    public List<string> Failures { get; } = [];

    /// <summary>What the agents' journal is wrapped in: a mutant's faults.</summary>
    public Func<IJournalStore, IJournalStore> Mutation { get; }

    /// <summary>Runs a schedule to its end and looks whether all was kept that was promised.</summary>
    /// <exception cref="SimulationException">It was not; the message has the seed and the schedule.</exception>
    public static SimulatedWorld Run(
        Schedule schedule, Func<IJournalStore, IJournalStore>? mutation = null, Action<string>? trace = null)
    {
        var world = new SimulatedWorld(schedule, mutation ?? (store => store));
        try
        {
            world.RunToEnd();
        }
        catch (Exception e)
        {
            throw new SimulationException($"{e.Message}\n{schedule}", e);
        }
        finally
        {
            world.KillAll();
            foreach (var line in world.History.Trace) trace?.Invoke(line);
        }
        return world;
    }

    /// <summary>Has operations done one after the other, while nothing goes wrong.</summary>
    public static SimulatedWorld RunOneByOne(Schedule schedule, IEnumerable<ScheduledOperation> operations)
    {
        var world = new SimulatedWorld(schedule, store => store);
        world.Start(world.NewPod());
        foreach (var operation in operations)
        {
            var key = Invariants.KeyOf(operation);
            world.Hub.Queue(operation.ToJson(0));
            world.RunUntilAtRest(() => world.History.Records.ContainsKey(key));
        }
        world.KillAll();
        return world.Failures.Count == 0 ? world : throw new SimulationException(string.Join('\n', world.Failures));
    }

    /// <summary>Switches something on and after a while off.</summary>
    public void For(TimeSpan duration, Action<bool> set)
    {
        set(true);
        Simulator.After(duration, () => set(false));
    }

    /// <summary>Switches something on and after a while off, for the network of each agent.</summary>
    public void ForEach(TimeSpan duration, Action<SimulatedNetwork, bool> set) => For(duration, isOn =>
    {
        foreach (var agent in Agents) set(agent.Network, isOn);
    });

    public void CutAndCompact()
    {
        Cluster.Compact();
        Cluster.EndWatches();
    }

    /// <summary>The agent is ended in good order, another starts.</summary>
    public void Stop(TimeSpan wait)
    {
        if (Working() is not { } agent) return;
        agent.Process.Run(() => _ = agent.StopAsync());
        Simulator.After(wait, () => Start(NewPod()));
    }

    /// <summary>As a Deployment does: the new one is there first.</summary>
    public void RollOver()
    {
        var old = Working();
        Start(NewPod());
        if (old is not null) Simulator.After(TimeSpan.FromSeconds(5), () => old.Process.Run(() => _ = old.StopAsync()));
    }

    /// <summary>The agent's machine stands still; another agent is there meanwhile and afterwards.</summary>
    public void Pause(TimeSpan duration)
    {
        if (Working() is not { } agent) return;
        agent.Process.IsPaused = true;
        Simulator.After(duration, () => agent.Process.IsPaused = false);
        Start(NewPod());
    }

    /// <summary>The agent is killed at its nth request from now on; another starts, in the same pod or in another.</summary>
    public void KillAt(int request, bool afterEffect, TimeSpan wait, bool samePod)
    {
        (_requestsUntilKill, _killsAfterEffect) = (request, afterEffect);
        _kill = () =>
        {
            if (Working() is not { } agent) return;
            agent.Process.Kill();
            Simulator.After(wait, () => Start(samePod ? agent.Process.Name : NewPod()));
        };
    }

    private void RunToEnd()
    {
        Start(NewPod());
        foreach (var operation in _schedule.Operations)
        {
            Simulator.At(operation.At, () => HandOut(operation.ToJson(0)));
            foreach (var (index, at) in operation.Repeats.Index()) Simulator.At(at, () => HandOut(operation.ToJson(index + 1)));
        }
        foreach (var fault in _schedule.Faults) Simulator.At(fault.At, () => fault.Happen(this));
        Simulator.At(_schedule.End / 3, () => Orphans.LeaveBehind(_schedule.End));
        Simulator.RunFor(_schedule.End);
        RunUntilAtRest(() => true);
        Simulator.RunFor(TimeSpan.FromSeconds(40)); // whatever should not come any more comes now
        Invariants.Check(_schedule, this);
        Orphans.Check();
        RunOut();
        Invariants.CheckNothingIsLeft(_schedule, this);
        if (Failures.Count > 0) throw new SimulationException(string.Join('\n', Failures));
    }

    private void HandOut(JsonObject operation)
    {
        if (!_schedule.IsPushed) Hub.Queue(operation);
        else Simulator.World.Run(() => _ = Hub.PushAsync(operation, AnyAgent()));
    }

    // As a Service does: any of those there are, one that stands still too.
    private SimulatedAgent? AnyAgent()
    {
        var alive = Agents.Where(agent => agent.IsAlive).ToList();
        return alive.Count == 0 ? null : alive[Simulator.Random.Next(alive.Count)];
    }

    private void RunUntilAtRest(Func<bool> hasBegun)
    {
        if (!Simulator.RunUntil(() => hasBegun() && IsAtRest(), Time.Elapsed + TimeSpan.FromMinutes(10))) Failures.Add("no rest: " + Restlessness());
    }

    // The agents end, and one that comes after the time for which records are kept cleans up.
    private void RunOut()
    {
        KillAll();
        Time.JumpTo(Time.Elapsed + _schedule.Retention + TimeSpan.FromMinutes(1));
        Start(NewPod());
        Simulator.RunFor(TimeSpan.FromMinutes(2));
    }

    private void KillAll()
    {
        foreach (var agent in Agents) agent.Process.Kill();
    }

    private bool IsAtRest() =>
        Hub is { Queued: 0, Pushing: 0 }
        && Orphans.AreGone
        && !History.Arrivals.Any(arrival => arrival.IsOpen)
        && History.Records.Values.All(record => record.IsRemoved || record.State is "delivered" or "refused")
        && Agents.Any(agent => agent.Leads && agent.Vdcs.AreAsDeclared());

    private string Restlessness() =>
        $"{Hub.Queued} operations nobody takes, records "
        + string.Join(", ", History.Records.Values.Where(r => !r.IsRemoved && r.State != "delivered").Select(r => $"{r.Key} {r.State}"))
        + (Orphans.AreGone ? "" : ", orphans") + ", leading " + string.Join(", ", Agents.Where(agent => agent.Leads).Select(agent => agent.Process.Name));

    private SimulatedAgent? Working() =>
        Agents.FirstOrDefault(agent => agent.Leads) ?? Agents.LastOrDefault(agent => agent.IsAlive && !agent.Process.IsPaused);

    private string NewPod() => $"pod-{++_pods}";

    private void Start(string pod)
    {
        var agent = new SimulatedAgent(this, Settings(pod));
        agent.Process = Simulator.Start(pod, agent.RunAsync);
        agent.Network.Arrived = _ => CountDown(agent, afterEffect: false);
        agent.Network.Done = _ => CountDown(agent, afterEffect: true);
        agent.Network.IsCutOff = () => !agent.IsAlive;
        Agents.Add(agent);
    }

    private void CountDown(SimulatedAgent agent, bool afterEffect)
    {
        if (_requestsUntilKill < 0 || agent != Working() || afterEffect != _killsAfterEffect || --_requestsUntilKill >= 0) return;
        _kill!();
    }

    private AgentSettings Settings(string pod) => new TestEnvironment()
        .With("POD_NAME", pod)
        .With("OVIM_OPERATION_RETENTION", $"{_schedule.Retention.TotalMinutes}m")
        .With("OVIM_OPERATION_CONCURRENCY", "3")
        .With("OVIM_ORPHAN_GRACE", "5s")
        .LoadClean();
}
