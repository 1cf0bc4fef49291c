using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Operations;
using OvimSpokeAgent.Tests.Cluster;
using OvimSpokeAgent.Tests.Supervision;
using OvimSpokeAgent.Tests.VirtualMachines;
using OvimSpokeAgent.VirtualDataCenters;
using OvimSpokeAgent.VirtualMachines;

namespace OvimSpokeAgent.Tests.VirtualDataCenters;

/// <summary>VMs, guests and instancetypes in a cluster in memory, and the ledger that adds them up.</summary>
internal sealed class QuotaWorld : IAsyncDisposable
{
    public const string Ns = "acme";

    private readonly CancellationTokenSource _end = new();
    private readonly HashSet<OperationKey> _unfinished = [];
    private readonly WatchCache<VirtualMachineObject, VirtualMachineItem> _machines;
    private readonly WatchCache<VirtualMachineInstanceObject, VirtualMachineInstanceItem> _instances;
    private readonly WatchCache<InstancetypeObject, InstancetypeItem> _types;
    private readonly WatchCache<ClusterInstancetypeObject, InstancetypeItem> _clusterTypes;
    private readonly WatchCache<ControllerRevisionObject, InstancetypeRevisionItem> _revisions;
    private readonly ConcurrentDictionary<NamespacedName, bool> _told = [];
    private readonly Task _loops;

    private QuotaWorld(Action<FakeKubernetesApi>? prepare)
    {
        Cluster = new FakeKubernetesApi(Time);
        Cluster.HasNamespace(Ns);
        prepare?.Invoke(Cluster);
        _machines = Cache(VirtualMachineItem.Watch);
        _instances = Cache(VirtualMachineInstanceItem.Watch);
        _types = Cache(new WatchSpec<InstancetypeObject, InstancetypeItem>
        {
            Kind = KubeVirtKinds.Instancetype,
            Type = KubeVirtJson.Default.InstancetypeObject,
            Project = InstancetypeItem.From,
        });
        _clusterTypes = Cache(new WatchSpec<ClusterInstancetypeObject, InstancetypeItem>
        {
            Kind = KubeVirtKinds.ClusterInstancetype,
            Type = KubeVirtJson.Default.ClusterInstancetypeObject,
            Project = InstancetypeItem.From,
        });
        _revisions = Cache(new WatchSpec<ControllerRevisionObject, InstancetypeRevisionItem>
        {
            Kind = KubernetesKinds.ControllerRevision,
            Type = KubeVirtJson.Default.ControllerRevisionObject,
            Project = InstancetypeRevisionItem.From,
        });
        Types = new Instancetypes(Cluster, _types, _clusterTypes, _revisions);
        Ledger = new QuotaLedger(_machines, _instances, Types, _unfinished.Contains, Time);
        Net = new HeadroomTracker(Ledger, Time);
        _machines.Subscribe(change => _told[change.Name] = change.New is not null); // told after the ledger
        _loops = Task.WhenAll(
            _machines.RunAsync(_end.Token), _instances.RunAsync(_end.Token), _types.RunAsync(_end.Token), _clusterTypes.RunAsync(_end.Token),
            _revisions.RunAsync(_end.Token));
    }

    public FakeTimeProvider Time { get; } = new(new DateTimeOffset(2026, 11, 23, 8, 0, 0, TimeSpan.Zero));

    public FakeKubernetesApi Cluster { get; }

    public Instancetypes Types { get; }

    public QuotaLedger Ledger { get; }

    public HeadroomTracker Net { get; }

    public static async Task<QuotaWorld> OpenAsync(Action<FakeKubernetesApi>? prepare = null)
    {
        var world = new QuotaWorld(prepare);
        foreach (var cache in (IWatchCacheStatus[])[world._machines, world._instances, world._types, world._clusterTypes, world._revisions])
            await cache.WaitForFirstAnswerAsync(Limits.Token());
        return world;
    }

    /// <summary>What all VMs of the namespace take, with what is admitted.</summary>
    public QuotaUsage Usage() => Ledger.EntriesOf(Ns).Aggregate(default(QuotaUsage), (usage, vm) => usage.With(vm.Footprint));

    /// <summary>The padding of the namespace's quota.</summary>
    public QuotaHeadroom Headroom(Func<QuotaHeadroom?>? found = null)
    {
        Net.Update(Ns, Quota, found ?? (() => null));
        return Net.Of(Ns, Quota, () => null);
    }

    /// <summary>What is declared.</summary>
    public QuotaDeclaration Quota { get; set; } = Declared.Parse("""{"quota":{"cpu":32,"memory":64}}""").Quota;

    /// <summary>A claim of an operation that is under way.</summary>
    public VirtualMachineClaim Claims(string vm, long vcpus, long gib, ClaimKind kind = ClaimKind.Create, string key = "op-1")
    {
        _unfinished.Add(new OperationKey(key));
        return new(
            new(Ns, vm), new VirtualMachineFootprint { Vcpus = vcpus, MemoryBytes = gib << 30, CpuRequest = vcpus }, kind, new(key));
    }

    public void Ends(string key) => _unfinished.Remove(new OperationKey(key));

    /// <summary>Reserves where there are no more than so many vCPUs.</summary>
    public string? Reserves(VirtualMachineClaim claim, long allowed) => Ledger.Reserve(
        claim, (others, _) => others.Vcpus + claim.Footprint.Vcpus > allowed ? $"{others.Vcpus} used" : null);

    /// <summary>A VM is there and the ledger has heard of it.</summary>
    public async Task HasVmAsync(
        string name, long vcpus, long gib, string? operation = null, string? instancetype = null, Action<JsonObject>? change = null)
    {
        var vm = Vm(name, vcpus, gib, operation, instancetype);
        change?.Invoke(vm);
        Cluster.Has(KubeVirtKinds.VirtualMachine, vm);
        await Eventually.HoldsAsync(() => _told.GetValueOrDefault(new(Ns, name)));
    }

    /// <summary>A VM that KubeVirt pinned to a revision of its instancetype, named in its spec or in its status.</summary>
    public Task HasPinnedVmAsync(string name, string instancetype, string? inSpec = null, string? inStatus = null) =>
        HasVmAsync(name, 0, 0, instancetype: instancetype, change: vm =>
        {
            if (inSpec is not null) vm["spec"]!["instancetype"]!["revisionName"] = inSpec;
            if (inStatus is null) return;
            vm["status"] = new JsonObject
            {
                ["instancetypeRef"] = new JsonObject
                {
                    ["name"] = instancetype,
                    ["controllerRevisionRef"] = new JsonObject { ["name"] = inStatus },
                },
            };
        });

    /// <summary>A revision of an instancetype is there and the cache has heard of it.</summary>
    public async Task HasRevisionAsync(string name, string instancetype, int vcpus, int gib)
    {
        Cluster.Has(KubernetesKinds.ControllerRevision, Instancetype.Revision(Ns, name, instancetype, vcpus, gib));
        await _revisions.WaitUntilAsync(new(Ns, name), item => item is not null, Limits.Token());
    }

    /// <summary>A cluster-wide instancetype has this size now (null: is gone), and the cache has heard of it.</summary>
    public async Task HasTypeAsync(string name, int? vcpus, int gib = 0)
    {
        var key = NamespacedName.ClusterScoped(name);
        if (Cluster.Find(KubeVirtKinds.ClusterInstancetype, key) is not null) Cluster.Remove(KubeVirtKinds.ClusterInstancetype, key);
        if (vcpus is { } count) Cluster.Has(KubeVirtKinds.ClusterInstancetype, Instancetype.Of(name, count, gib));
        await _clusterTypes.WaitUntilAsync(key, item => item?.Size.Vcpus == vcpus, Limits.Token());
    }

    public async Task RunsAsync(string name, long vcpus, long gib)
    {
        Cluster.Has(KubeVirtKinds.VirtualMachineInstance, new JsonObject
        {
            ["metadata"] = new JsonObject { ["name"] = name, ["namespace"] = Ns },
            ["spec"] = new JsonObject { ["domain"] = Domain(vcpus, gib) },
        });
        await _instances.WaitUntilAsync(new(Ns, name), vmi => vmi is not null, Limits.Token());
    }

    public async Task LosesVmAsync(string name)
    {
        Cluster.Remove(KubeVirtKinds.VirtualMachine, new(Ns, name));
        await Eventually.HoldsAsync(() => !_told.GetValueOrDefault(new(Ns, name)));
    }

    public static JsonObject Vm(string name, long vcpus, long gib, string? operation = null, string? instancetype = null)
    {
        var metadata = new JsonObject { ["name"] = name, ["namespace"] = Ns };
        if (operation is not null) metadata["annotations"] = new JsonObject { [WellKnownNames.OperationAnnotation] = operation };
        var spec = new JsonObject
        {
            ["runStrategy"] = "Halted",
            ["template"] = new JsonObject { ["spec"] = new JsonObject { ["domain"] = instancetype is null ? Domain(vcpus, gib) : [] } },
        };
        if (instancetype is not null) spec["instancetype"] = new JsonObject { ["name"] = instancetype };
        return new JsonObject { ["metadata"] = metadata, ["spec"] = spec };
    }

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _loops);
        Ledger.Dispose();
        _end.Dispose();
    }

    private static JsonObject Domain(long vcpus, long gib) => new()
    {
        ["cpu"] = new JsonObject { ["sockets"] = vcpus },
        ["memory"] = new JsonObject { ["guest"] = $"{gib}Gi" },
        ["resources"] = new JsonObject { ["requests"] = new JsonObject { ["cpu"] = $"{vcpus}" } },
    };

    private WatchCache<TObject, TItem> Cache<TObject, TItem>(WatchSpec<TObject, TItem> spec)
        where TObject : class, IKubernetesObject
        where TItem : class => new(Cluster, spec, TestFailures.Create(Time), Time, NullLogger.Instance);
}
