using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging.Abstractions;
using OvimSpokeAgent.Capacity;
using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Templates;
using OvimSpokeAgent.Tests.Cluster;
using OvimSpokeAgent.Tests.Supervision;
using OvimSpokeAgent.Tests.VirtualMachines;
using OvimSpokeAgent.VirtualMachines;

namespace OvimSpokeAgent.Tests.Templates;

/// <summary>What a cluster offers to VMs, and the caches that watch it.</summary>
internal sealed class PlatformWorld
{
    private readonly FakeKubernetesApi _cluster;
    private readonly TimeProvider _time;
    private readonly List<Action> _loops = [];

    public PlatformWorld(TimeProvider time, params IReadOnlyList<ResourceKind> withoutKinds)
    {
        (_time, _cluster) = (time, new FakeKubernetesApi(time));
        foreach (var kind in withoutKinds) _cluster.LosesKind(kind);
        Offer = new ClusterOffer(
            Watched(StorageClassItem.Watch), Watched(NetworkItem.Watch), Watched(InstancetypeItem.Watch), Watched(InstancetypeItem.ClusterWatch),
            Watched(PreferenceItem.Watch), Watched(ClusterPreferenceItem.Watch), Watched(NodeItem.Watch), DataVolumes, time);
    }

    public ClusterOffer Offer { get; }

    /// <summary>Whether the cluster has CDI.</summary>
    public FakeCacheStatus DataVolumes { get; } = new();

    public FakeKubernetesApi Cluster => _cluster;

    /// <summary>The caches begin to watch.</summary>
    public PlatformWorld Start()
    {
        foreach (var loop in _loops) loop();
        return this;
    }

    /// <summary>They do, and know what there is so far.</summary>
    public async Task KnowsAsync() => await Start().Offer.WaitForFirstAnswersAsync(Limits.Token());

    public void Has(ResourceKind kind, string name, string ns = "", params (string Key, string Value)[] labels)
    {
        var all = new JsonObject();
        foreach (var (key, value) in labels) all[key] = value;
        var metadata = new JsonObject { ["name"] = name, ["labels"] = all };
        if (ns.Length > 0) metadata["namespace"] = ns;
        _cluster.Has(kind, new JsonObject { ["metadata"] = metadata });
    }

    public void HasNode(string name, string architecture, bool runsVms = false) => Has(
        CapacityKinds.Node, name, "", [("kubernetes.io/arch", architecture), .. runsVms ? [("kubevirt.io/schedulable", "true")] : (IEnumerable<(string, string)>)[]]);

    private WatchCache<TObject, TItem> Watched<TObject, TItem>(WatchSpec<TObject, TItem> spec)
        where TObject : class, IKubernetesObject
        where TItem : class
    {
        var cache = new WatchCache<TObject, TItem>(_cluster, spec, TestFailures.Create(_time), _time, NullLogger.Instance);
        _loops.Add(() => _ = cache.RunAsync(default));
        return cache;
    }

    /// <summary>A cache of DataVolumes that a test puts into a state.</summary>
    internal sealed class FakeCacheStatus : IWatchCacheStatus
    {
        public ResourceKind Kind { get; } = new("cdi.kubevirt.io", "v1beta1", "datavolumes", "DataVolume");

        public CacheStatus Status { get; set; } = new() { State = CacheState.Synced };

        public int Count => 0;

        public bool IsOptional => true;

        public Task WaitForFirstAnswerAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
