using System.Text.Json.Serialization.Metadata;
using Microsoft.Extensions.Logging.Abstractions;
using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Supervision;
using OvimSpokeAgent.VirtualDataCenters;
using OvimSpokeAgent.VirtualMachines;

namespace OvimSpokeAgent.Tests.Operations.Simulation;

/// <summary>The caches of an agent, as the host has them.</summary>
internal sealed class SimulatedCaches
{
    private readonly IKubernetesApi _api;
    private readonly ObjectFailures _failures;
    private readonly Jitter _jitter;
    private readonly TimeProvider _time;
    private readonly List<ILoop> _loops = [];

    public SimulatedCaches(IKubernetesApi api, ObjectFailures failures, Jitter jitter, TimeProvider time)
    {
        (_api, _failures, _jitter, _time) = (api, failures, jitter, time);
        Namespaces = Cache(ManagedNamespace.Watch);
        Machines = Cache(VirtualMachineItem.Watch);
        Instances = Cache(VirtualMachineInstanceItem.Watch);
        (Volumes, Claims) = (Cache(DataVolumeItem.Watch), Cache(ClaimItem.Watch));
        Instancetypes = Cache<InstancetypeObject, InstancetypeItem>(
            KubeVirtKinds.Instancetype, KubeVirtJson.Default.InstancetypeObject, InstancetypeItem.From);
        ClusterInstancetypes = Cache<ClusterInstancetypeObject, InstancetypeItem>(
            KubeVirtKinds.ClusterInstancetype, KubeVirtJson.Default.ClusterInstancetypeObject, InstancetypeItem.From);
        Revisions = Cache(
            KubernetesKinds.ControllerRevision, KubeVirtJson.Default.ControllerRevisionObject, InstancetypeRevisionItem.From);
        Quotas = Cache(KubernetesKinds.ResourceQuota, VdcJson.Default.ResourceQuotaObject, ResourceQuotaItem.From, VdcCaches.OwnSelector);
        Limits = Cache<LimitRangeObject, OwnedItem>(
            KubernetesKinds.LimitRange, VdcJson.Default.LimitRangeObject, OwnedItem.From, VdcCaches.OwnSelector);
        Policies = Cache(NetworkPolicyItem.Watch);
        Bindings = Cache<RoleBindingObject, OwnedItem>(
            KubernetesKinds.RoleBinding, VdcJson.Default.RoleBindingObject, OwnedItem.FromBinding);
        HubNamespaces = Cache<NamespaceObject, HubNamespace>(
            KubernetesKinds.Namespace, ClusterJson.Default.NamespaceObject, HubNamespace.From, OtherOwners.HubSelector);
    }

    public WatchCache<NamespaceObject, ManagedNamespace> Namespaces { get; }

    public WatchCache<VirtualMachineObject, VirtualMachineItem> Machines { get; }

    public WatchCache<VirtualMachineInstanceObject, VirtualMachineInstanceItem> Instances { get; }

    public WatchCache<DataVolumeObject, DataVolumeItem> Volumes { get; }

    public WatchCache<ClaimObject, ClaimItem> Claims { get; }

    public WatchCache<InstancetypeObject, InstancetypeItem> Instancetypes { get; }

    public WatchCache<ClusterInstancetypeObject, InstancetypeItem> ClusterInstancetypes { get; }

    public WatchCache<ControllerRevisionObject, InstancetypeRevisionItem> Revisions { get; }

    public WatchCache<ResourceQuotaObject, ResourceQuotaItem> Quotas { get; }

    public WatchCache<LimitRangeObject, OwnedItem> Limits { get; }

    public WatchCache<NetworkPolicyObject, NetworkPolicyItem> Policies { get; }

    public WatchCache<RoleBindingObject, OwnedItem> Bindings { get; }

    public WatchCache<NamespaceObject, HubNamespace> HubNamespaces { get; }

    /// <summary>All of them.</summary>
    public IReadOnlyList<ILoop> Loops => _loops;

    private WatchCache<TObject, TItem> Cache<TObject, TItem>(
        ResourceKind kind, JsonTypeInfo<TObject> type, Func<TObject, DateTimeOffset, TItem?> project, string? selector = null)
        where TObject : class, IKubernetesObject
        where TItem : class =>
        Cache(new WatchSpec<TObject, TItem> { Kind = kind, Type = type, Project = project, LabelSelector = selector });

    private WatchCache<TObject, TItem> Cache<TObject, TItem>(WatchSpec<TObject, TItem> spec)
        where TObject : class, IKubernetesObject
        where TItem : class
    {
        var cache = new WatchCache<TObject, TItem>(_api, spec, _failures, _time, NullLogger.Instance, _jitter);
        _loops.Add(cache);
        return cache;
    }
}
