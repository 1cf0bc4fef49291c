using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using OvimSpokeAgent.Agent;
using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Configuration;
using OvimSpokeAgent.Events;
using OvimSpokeAgent.Health;
using OvimSpokeAgent.Hub;
using OvimSpokeAgent.Leadership;
using OvimSpokeAgent.Logging;
using OvimSpokeAgent.Operations;
using OvimSpokeAgent.Supervision;
using OvimSpokeAgent.Tests.Simulation;
using OvimSpokeAgent.Tests.Supervision;
using OvimSpokeAgent.Tests.VirtualMachines;
using OvimSpokeAgent.VirtualMachines;

namespace OvimSpokeAgent.Tests.Operations.Simulation;

/// <summary>
/// One life of an agent: the real parts that have to do with operations, wired as the host wires them, over the
/// simulated cluster and hub. Only the loops that poll and report are of the simulation.
/// </summary>
internal sealed class SimulatedAgent
{
    /// <summary>The template that there is.</summary>
    public const string TemplateName = "fedora";

    private static readonly TimeSpan Heartbeat = TimeSpan.FromSeconds(10);

    private readonly SimulatedWorld _world;
    private readonly ClusterConnectivity _connectivity;
    private readonly HubConnection _connection;
    private readonly HubPresence _presence;
    private readonly LeaderElection _election;
    private readonly List<ILoop> _loops;
    private readonly OperationProcessor _processor;
    private readonly ResultDelivery _delivery;
    private readonly OperationIntake _intake;
    private bool _stopsPolling;
    private Task _polling = Task.CompletedTask;

    public SimulatedAgent(SimulatedWorld world, AgentSettings settings)
    {
        _world = world;
        var (time, jitter) = (world.Time, (Jitter)world.Simulator.Random.NextDouble);
        Network = new SimulatedNetwork(world.Simulator);
        _connectivity = new ClusterConnectivity(time);
        _connection = new HubConnection(time);
        _presence = new HubPresence(time);
        var api = new SimulatedApi(world.Cluster, Network, _connectivity);
        _election = new LeaderElection(api, settings, time, NullLogger<LeaderElection>.Instance);
        var guarded = new LeaderOnlyApi(api, _election);

        var factory = Prometheus.Metrics.WithCustomRegistry(Prometheus.Metrics.NewCustomRegistry());
        var metrics = new OperationMetrics(factory);
        var events = new EventRecorder(api, _connectivity, factory, settings, time, NullLogger<EventRecorder>.Instance);
        // As of a loop: the host goes on after it, here it is a finding.
        var failures = TestFailures.Create(time, (line, e) => world.Failures.Add($"{line} of {Process!.Name}: {e}"));
        var errors = new ReportErrors();
        var health = new HealthReporter([], _connection, events, errors, factory, settings, time, NullLogger<HealthReporter>.Instance);
        var caches = new SimulatedCaches(api, failures, jitter, time);
        var managed = new ManagedNamespaces(caches.Namespaces, guarded, settings);
        Vdcs = new SimulatedVdcs(caches, guarded, managed, _election, key => Journal!.Find(key), events, factory, failures, settings, jitter, time);
        var disks = new DiskCaches(caches.Volumes, caches.Claims);
        var manager = new VirtualMachineManager(
            guarded, caches.Machines, caches.Instances, managed, Vdcs.Types, disks, Vdcs.MigrationRoom, failures, time);
        var power = new VirtualMachinePower(guarded, manager);
        var keeper = new DiskKeeper(guarded, disks);
        var keeping = new KeepingDeletion(guarded, manager, keeper);
        var registry = new OperationRegistry(
        [
            new CreateVirtualMachineHandler(
                guarded, manager, managed, Vdcs.Admission, new DiskSources(guarded, new AccessReviews(guarded, time)), new DiskRooms(guarded), Templates(world), settings),
            new DeleteVirtualMachineHandler(guarded, manager, managed, keeping),
            new StartVirtualMachineHandler(manager, power, Vdcs.Admission, settings),
            new StopVirtualMachineHandler(manager, power),
            new RestartVirtualMachineHandler(manager, power),
            .. Vdcs.Handlers,
            new LookHandler(guarded),
            new HangHandler(time),
        ]);

        var parts = new OperationParts(
            registry,
            world.Mutation(new SecretJournalStore(api, guarded, settings.Namespace)),
            new SimulatedChannel(world.Simulator, world.Hub, _presence),
            _election,
            guarded,
            errors,
            events,
            metrics,
            settings,
            jitter,
            time,
            mostTogether: 3);
        var operations = parts.Loop;
        (Journal, _delivery, _processor) = (parts.Journal, parts.Delivery, parts.Processor);
        _intake = new OperationIntake(_connectivity, caches.Loops.Cast<IWatchCacheStatus>(), operations, _processor, registry, health, _connection, errors, time);
        var orphans = new OrphanCaches(caches.Machines, caches.Instances, caches.Volumes, caches.Namespaces, managed, settings, time);
        var removal = new OrphanRemoval(guarded, manager, keeping, keeper, orphans, new OperationFates(parts.Journal).FindAsync, events);
        _loops = [_election, .. caches.Loops, operations, Vdcs.Loop, new OrphanLoop(orphans, removal, _election, failures, jitter, time)];
    }

    public SimulatedProcess Process { get; set; } = null!;

    public SimulatedNetwork Network { get; }

    public OperationJournal Journal { get; }

    public SimulatedVdcs Vdcs { get; }

    public bool IsStopping { get; private set; }

    public bool IsAlive => !Process.IsDead;

    public bool Leads => IsAlive && !Process.IsPaused && _election.Current is not null;

    public Task RunAsync()
    {
        foreach (var loop in _loops) _ = WatchedAsync(loop.Name, loop.RunAsync(default));
        _ = WatchedAsync("heartbeat", ReportAsync());
        _polling = PollAsync();
        return WatchedAsync("poll", _polling);
    }

    /// <summary>Whether it accepts an operation that the hub pushes; the endpoint's part of it.</summary>
    public async Task<bool> TakePushAsync(byte[] operation)
    {
        var arrival = _world.History.Arrives(this);
        _world.History.Arrives(arrival, JsonElement.Parse(operation));
        var (outcome, _) = await _intake.AcceptPushedAsync(operation, default);
        arrival.IsStored = outcome is IntakeOutcome.Stored;
        arrival.IsGivenBack = !arrival.IsStored;
        return arrival.IsStored;
    }

    /// <summary>As the host ends on SIGTERM.</summary>
    public async Task StopAsync()
    {
        IsStopping = true;
        _stopsPolling = true;
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20), _world.Time);
        try
        {
            await _polling.WaitAsync(limit.Token);
            await _processor.StopAsync(limit.Token);
            await _delivery.WhenEmptyAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            // The rest stays in the journal.
        }
        using var last = new CancellationTokenSource(TimeSpan.FromSeconds(2), _world.Time);
        try
        {
            _election.StepDown();
            await _processor.WaitUntilIdleAsync(last.Token);
            await _election.ReleaseAsync(last.Token);
        }
        catch (Exception e) when (e is OperationCanceledException or KubernetesApiException)
        {
            // The Lease runs out.
        }
        Process.Kill();
    }

    // A loop that fails is started again by the host; here it is a finding.
    private async Task WatchedAsync(string name, Task loop)
    {
        try
        {
            await loop;
        }
        catch (Exception e) when (e is not OperationCanceledException || !_stopsPolling)
        {
            _world.Failures.Add($"loop {name} of {Process.Name} failed: {e}");
        }
    }

    private static FakeTemplates Templates(SimulatedWorld world) => new FakeTemplates().With(
        TemplateName, $$"""{"name":"{{TemplateName}}","image_url":"quay.io/containerdisks/fedora:{{world.Time.GetUtcNow().Ticks}}"}""");

    private void Noted(HubEndpoint endpoint, bool isAnswered)
    {
        if (isAnswered) _presence.Answered(endpoint, isGood: true);
        else _presence.Missed(endpoint);
    }

    private async Task ReportAsync()
    {
        while (true)
        {
            await _election.WaitUntilNotStandbyAsync(default);
            var isTaken = await _world.Hub.ReportAsync();
            Noted(HubEndpoint.Status, isTaken);
            if (isTaken) _connection.Succeeded();
            else _connection.Failed("down");
            await Task.Delay(Heartbeat, _world.Time);
        }
    }

    private async Task PollAsync()
    {
        while (!_stopsPolling)
        {
            await _connection.WaitUntilOperationsMayBeTakenAsync(default);
            await _intake.WaitUntilReadyAsync(default);
            if (_stopsPolling) return;
            Arrival? arrival = null;
            var taking = _intake.Begin();
            var answer = await _world.Hub.PollAsync(operation =>
            {
                _world.History.Arrives(arrival ??= _world.History.Arrives(this), JsonElement.Parse(operation));
                taking.Take(operation);
            });
            Noted(HubEndpoint.Operations, answer is not null);
            if (answer is { Operations: > 0 } or { Loss: not null })
            {
                await taking.EndAsync(answer.Loss);
                arrival?.IsStored = true;
                continue;
            }
            await Task.Delay(_world.PollInterval, _world.Time);
        }
    }
}
