using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging.Abstractions;
using OvimSpokeAgent.Capacity;
using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Templates;
using OvimSpokeAgent.Tests.Cluster;
using OvimSpokeAgent.Tests.Supervision;
using OvimSpokeAgent.VirtualMachines;

namespace OvimSpokeAgent.Tests.Templates;

/// <summary>What a cluster offers to VMs, and the caches that watch it.</summary>
internal sealed class PlatformWorld
{
    private readonly FakeKubernetesApi _cluster;
    private readonly TimeProvider _time;
    private readonly List<Action> _loops = [];
    private readonly List<IWatchCacheStatus> _caches = [];

    public PlatformWorld(TimeProvider time, params IReadOnlyList<ResourceKind> withoutKinds)
    {
        (_time, _cluster) = (time, new FakeKubernetesApi(time));
        foreach (var kind in withoutKinds) _cluster.LosesKind(kind);
        var (types, preferences) = (Watched(InstancetypeItem.ClusterWatch), Watched(ClusterPreferenceItem.Watch));
        Offer = new ClusterOffer(
            new StorageOffer(Watched(StorageClassItem.Watch), Watched(StorageProfileItem.Watch)),
            new KubeVirtOffer(Machines, Watched(KubeVirtInstallation.Watch)), Watched(NetworkItem.Watch), Watched(InstancetypeItem.Watch), types,
            Watched(PreferenceItem.Watch), preferences, Watched(NodeItem.Watch), DataVolumes, time);
        Templates = new ClusterTemplates(new OpenShiftTemplates(_cluster, Watched(OpenShiftTemplateItem.Watch), new AccessReviews(_cluster, time)), Offer, types, preferences);
    }

    public ClusterOffer Offer { get; }

    /// <summary>The templates that the cluster has itself.</summary>
    public ClusterTemplates Templates { get; }

    /// <summary>Whether the cluster has CDI.</summary>
    public FakeCacheStatus DataVolumes { get; } = new(KubeVirtKinds.DataVolume);

    /// <summary>Whether the cluster has KubeVirt.</summary>
    public FakeCacheStatus Machines { get; } = new(KubeVirtKinds.VirtualMachine);

    public FakeKubernetesApi Cluster => _cluster;

    /// <summary>The caches begin to watch.</summary>
    public PlatformWorld Start()
    {
        foreach (var loop in _loops) loop();
        return this;
    }

    /// <summary>They do, and know what there is so far.</summary>
    public async Task KnowsAsync()
    {
        Start();
        await Eventually.HoldsAsync(() => _caches.All(cache => cache.Status.State is not CacheState.Starting));
        // What is not there is looked for once more.
        if (_time is TestTime time) await time.UntilAsync(() => _caches.All(cache => cache.Status.State is not CacheState.NoKindMatch || cache.Status.LacksKind));
    }

    /// <summary>CDI knows what disks of a class can have.</summary>
    public void HasProfile(string storageClass, params string[] modes) => _cluster.Has(KubeVirtKinds.StorageProfile, new JsonObject
    {
        ["metadata"] = new JsonObject { ["name"] = storageClass },
        ["status"] = new JsonObject
        {
            ["claimPropertySets"] = new JsonArray([.. modes.Select(mode => new JsonObject { ["accessModes"] = new JsonArray(mode) })]),
        },
    });

    /// <summary>KubeVirt is installed, in a version and with feature gates.</summary>
    public void HasKubeVirt(string version, params string[] gates) => _cluster.Has(KubeVirtKinds.KubeVirt, new JsonObject
    {
        ["metadata"] = new JsonObject { ["name"] = "kubevirt", ["namespace"] = "kubevirt" },
        ["spec"] = new JsonObject
        {
            ["configuration"] = new JsonObject
            {
                ["developerConfiguration"] = new JsonObject { ["featureGates"] = new JsonArray([.. gates.Select(gate => JsonValue.Create(gate))]) },
            },
        },
        ["status"] = new JsonObject { ["observedKubeVirtVersion"] = version, ["defaultArchitecture"] = "amd64" },
    });

    public void Has(ResourceKind kind, string name, string ns = "", params (string Key, string Value)[] labels)
    {
        var all = new JsonObject();
        foreach (var (key, value) in labels) all[key] = value;
        var metadata = new JsonObject { ["name"] = name, ["labels"] = all };
        if (ns.Length > 0) metadata["namespace"] = ns;
        _cluster.Has(kind, new JsonObject { ["metadata"] = metadata });
    }

    /// <summary>A StorageClass with an annotation that makes it a default.</summary>
    public void HasDefaultClass(string name, string annotation) => _cluster.Has(KubernetesKinds.StorageClass, new JsonObject
    {
        ["metadata"] = new JsonObject { ["name"] = name, ["annotations"] = new JsonObject { [annotation] = "true" } },
    });

    public void HasNode(string name, string architecture, bool runsVms = false) => Has(
        CapacityKinds.Node, name, "", [("kubernetes.io/arch", architecture), .. runsVms ? [("kubevirt.io/schedulable", "true")] : (IEnumerable<(string, string)>)[]]);

    private WatchCache<TObject, TItem> Watched<TObject, TItem>(WatchSpec<TObject, TItem> spec)
        where TObject : class, IKubernetesObject
        where TItem : class
    {
        var cache = new WatchCache<TObject, TItem>(_cluster, spec, TestFailures.Create(_time), _time, NullLogger.Instance);
        _caches.Add(cache);
        _loops.Add(() => _ = cache.RunAsync(default));
        return cache;
    }

    /// <summary>A cache that a test puts into a state.</summary>
    internal sealed class FakeCacheStatus(ResourceKind kind) : IWatchCacheStatus
    {
        public ResourceKind Kind { get; } = kind;

        public string Holds => Kind.ToString();

        public CacheStatus Status { get; set; } = new() { State = CacheState.Synced };

        public int Count => 0;

        public bool IsOptional => true;

        public bool IsAwaited => true;

        public Task WaitForFirstAnswerAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task WaitForVerdictAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
