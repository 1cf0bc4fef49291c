using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Operations;
using OvimSpokeAgent.Tests.Cluster;
using OvimSpokeAgent.Tests.Configuration;
using OvimSpokeAgent.Tests.Supervision;
using OvimSpokeAgent.VirtualMachines;

namespace OvimSpokeAgent.Tests.VirtualMachines;

/// <summary>The agent's VM parts with their caches over a cluster in memory; namespace <c>acme</c> is managed.</summary>
internal sealed class VmWorld : IAsyncDisposable
{
    public static readonly NamespacedName Web = new("acme", "web");

    private readonly CancellationTokenSource _end = new();
    private readonly WatchCache<NamespaceObject, ManagedNamespace> _namespaces;
    private readonly WatchCache<InstancetypeObject, InstancetypeItem> _types;
    private readonly WatchCache<ClusterInstancetypeObject, InstancetypeItem> _clusterTypes;
    private readonly WatchCache<ControllerRevisionObject, InstancetypeRevisionItem> _revisions;
    private Task _loops = Task.CompletedTask;
    private readonly VirtualMachinePower _power;

    private VmWorld()
    {
        Cluster = new FakeKubernetesApi(Time);
        Cluster.HasNamespace("acme");
        Cluster.ServesKubeVirt();
        _namespaces = Cache(ManagedNamespace.Watch);
        Machines = Cache(VirtualMachineItem.Watch);
        Instances = Cache(VirtualMachineInstanceItem.Watch);
        _types = Cache<InstancetypeObject, InstancetypeItem>(new()
        {
            Kind = KubeVirtKinds.Instancetype,
            Type = KubeVirtJson.Default.InstancetypeObject,
            Project = InstancetypeItem.From,
        });
        _clusterTypes = Cache<ClusterInstancetypeObject, InstancetypeItem>(new()
        {
            Kind = KubeVirtKinds.ClusterInstancetype,
            Type = KubeVirtJson.Default.ClusterInstancetypeObject,
            Project = InstancetypeItem.From,
        });
        _revisions = Cache<ControllerRevisionObject, InstancetypeRevisionItem>(new()
        {
            Kind = KubernetesKinds.ControllerRevision,
            Type = KubeVirtJson.Default.ControllerRevisionObject,
            Project = InstancetypeRevisionItem.From,
        });
        (Volumes, Claims) = (Cache(DataVolumeItem.Watch), Cache(ClaimItem.Watch));
        Namespaces = new ManagedNamespaces(_namespaces, Cluster, new TestEnvironment().LoadClean());
        Manager = new VirtualMachineManager(
            Cluster, Machines, Instances, Namespaces, new Instancetypes(Cluster, _types, _clusterTypes, _revisions),
            new DiskCaches(Volumes, Claims), MigrationRoom, TestFailures.Create(Time), Time);
        _power = new VirtualMachinePower(Cluster, Manager);
    }

    public FakeTimeProvider Time { get; } = new(new DateTimeOffset(2026, 11, 23, 8, 0, 0, TimeSpan.Zero));

    public FakeKubernetesApi Cluster { get; }

    public WatchCache<VirtualMachineObject, VirtualMachineItem> Machines { get; }

    public WatchCache<VirtualMachineInstanceObject, VirtualMachineInstanceItem> Instances { get; }

    public WatchCache<DataVolumeObject, DataVolumeItem> Volumes { get; }

    public WatchCache<ClaimObject, ClaimItem> Claims { get; }

    public WatchCache<NamespaceObject, ManagedNamespace> NamespaceCache => _namespaces;

    public ManagedNamespaces Namespaces { get; }

    public VirtualMachineManager Manager { get; }

    /// <summary>Who cannot migrate: nobody unless a test says otherwise.</summary>
    public FakeMigrationRoom MigrationRoom { get; } = new();

    public IOperationHandler Create => CreateFrom(Templates);

    /// <summary>The handler with other templates.</summary>
    public IOperationHandler CreateFrom(ITemplateSource templates) => new CreateVirtualMachineHandler(
        Cluster, Manager, Namespaces, Admission, new DiskSources(Cluster, new AccessReviews(Cluster, Time)), new DiskRooms(Cluster), templates, new TestEnvironment().LoadClean());

    /// <summary>The templates; none unless a test says otherwise.</summary>
    public FakeTemplates Templates { get; } = new();

    public IOperationHandler Update => new UpdateVirtualMachineHandler(
        Cluster, Manager, Admission, new TestEnvironment().LoadClean());

    public DiskKeeper Keeper => new(Cluster, new DiskCaches(Volumes, Claims));

    /// <summary>Who decides about room; lets everyone in unless a test says otherwise.</summary>
    public FakeAdmission Admission { get; } = new();

    public IOperationHandler Delete => new DeleteVirtualMachineHandler(
        Cluster, Manager, Namespaces, new KeepingDeletion(Cluster, Manager, Keeper));

    public IOperationHandler Start => new StartVirtualMachineHandler(
        Manager, _power, Admission, new TestEnvironment().LoadClean());

    public IOperationHandler Stop => new StopVirtualMachineHandler(Manager, _power);

    public IOperationHandler Restart => new RestartVirtualMachineHandler(Manager, _power);

    public IOperationHandler Get => new GetVirtualMachineStatusHandler(Manager, Namespaces);

    public IOperationHandler List => new ListVirtualMachinesHandler(Manager, Namespaces);

    /// <summary>With caches that know what the cluster has.</summary>
    /// <param name="prepare">What is there before.</param>
    public static async Task<VmWorld> OpenAsync(Action<FakeKubernetesApi>? prepare = null)
    {
        var world = new VmWorld();
        prepare?.Invoke(world.Cluster);
        var end = world._end.Token;
        world._loops = Task.WhenAll(
            world._namespaces.RunAsync(end), world.Machines.RunAsync(end), world.Instances.RunAsync(end), world._types.RunAsync(end),
            world._clusterTypes.RunAsync(end), world._revisions.RunAsync(end), world.Volumes.RunAsync(end), world.Claims.RunAsync(end));
        Assert.Null(await world.Manager.GetListRefusalAsync(Limits.Token()));
        foreach (var cache in (IWatchCacheStatus[])[world._types, world._clusterTypes, world._revisions, world.Volumes, world.Claims])
            await cache.WaitForFirstAnswerAsync(Limits.Token());
        return world;
    }

    /// <summary>An execution of an operation with this payload.</summary>
    public static Execution Of(IOperationHandler handler, string payload, string key = "ovim-op-0123456789abcdef0123", string? fact = null)
    {
        var reader = new PayloadReader(JsonElement.Parse(payload));
        var plan = handler.Plan(reader);
        Assert.Empty(reader.Errors);
        return new Execution(handler.Type, plan!, payload, key, fact);
    }

    /// <summary>Executes an operation on <see cref="Web"/> once, as the agent does when nothing fails.</summary>
    public static Task<OperationOutcome> RunAsync(IOperationHandler handler, string more = "", string name = "web") =>
        Of(handler, $$"""{"name":"{{name}}","namespace":"acme"{{more}}}""").RunAsync();

    /// <summary>A VM as the agent makes them.</summary>
    public void HasVm(NamespacedName name, string strategy = "Always", Action<JsonObject>? change = null) =>
        HasVm(Cluster, name, strategy, change);

    public static void HasVm(
        FakeKubernetesApi cluster, NamespacedName name, string strategy = "Always", Action<JsonObject>? change = null)
    {
        var vm = new JsonObject
        {
            ["metadata"] = new JsonObject
            {
                ["name"] = name.Name,
                ["namespace"] = name.Namespace,
                ["labels"] = new JsonObject { [WellKnownNames.ManagedByLabel] = WellKnownNames.Agent },
            },
            ["spec"] = new JsonObject { ["runStrategy"] = strategy },
        };
        change?.Invoke(vm);
        cluster.Has(KubeVirtKinds.VirtualMachine, vm);
    }

    /// <summary><see cref="Web"/> with the older <c>running</c> in the place of a run strategy.</summary>
    public void HasOldVm(bool running) => HasVm(Web, "", vm => vm["spec"] = new JsonObject { ["running"] = running });

    /// <summary>What was written to the cluster, in short: the verb, or the subresource.</summary>
    public IEnumerable<string> Changes() => Cluster.Requests
        .Where(request => request.Verb is not ("get" or "list" or "watch"))
        .Select(request => request.Verb == "put" ? request.Detail.Split(' ')[0] : request.Verb);

    /// <summary>A VM's guest.</summary>
    /// <returns>The VMI's uid.</returns>
    public string HasGuest(NamespacedName name, string phase = "Running", Action<JsonObject>? change = null)
    {
        var vmi = new JsonObject
        {
            ["metadata"] = new JsonObject { ["name"] = name.Name, ["namespace"] = name.Namespace },
            ["spec"] = new JsonObject { ["terminationGracePeriodSeconds"] = 30 },
            ["status"] = new JsonObject { ["phase"] = phase },
        };
        change?.Invoke(vmi);
        return (string)Cluster.Has(KubeVirtKinds.VirtualMachineInstance, vmi)["metadata"]!["uid"]!;
    }

    public JsonObject Vm(NamespacedName? name = null) => Cluster.Find(KubeVirtKinds.VirtualMachine, name ?? Web)!;

    public JsonObject? Guest(NamespacedName? name = null) =>
        Cluster.Find(KubeVirtKinds.VirtualMachineInstance, name ?? Web);

    /// <summary>The run strategy as it stands in the object.</summary>
    public string? Strategy() => (string?)Vm()["spec"]!["runStrategy"];

    /// <summary>What was asked for through the subresources and waits.</summary>
    public IReadOnlyList<string> Asked() =>
        [.. (Vm()["status"]?["stateChangeRequests"] as JsonArray ?? []).Select(request => (string)request!["action"]!)];

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _loops);
        _end.Dispose();
    }

    private WatchCache<TObject, TItem> Cache<TObject, TItem>(WatchSpec<TObject, TItem> spec)
        where TObject : class, IKubernetesObject
        where TItem : class =>
        new(Cluster, spec, TestFailures.Create(Time), Time, NullLogger.Instance);
}

/// <summary>How long tests wait for what must happen: far longer than any machine needs.</summary>
internal static class Limits
{
    public static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    /// <summary>Ends a wait that is in vain.</summary>
    public static CancellationToken Token() => new CancellationTokenSource(Patience).Token;
}
