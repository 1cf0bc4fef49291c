using OvimSpokeAgent.Supervision;
using Prometheus;

namespace OvimSpokeAgent.Capacity;

/// <summary>
/// What the cluster has and uses. Of each node the kubelets and kube-state-metrics tell Prometheus more: here are sums, and a line for
/// each StorageClass. A series of which nothing is known is not there.
/// </summary>
internal sealed class ClusterGauges : IGaugeSource
{
    private static readonly NodeReadiness[] Readiness = Enum.GetValues<NodeReadiness>();

    private readonly ClusterFiguresReader _figures;
    private readonly CurrentSeries<string> _nodes;
    private readonly Gauge _cordoned;
    private readonly CurrentSeries<string> _pressure;
    private readonly Gauge _measured;
    private readonly CurrentSeries<string> _capacity;
    private readonly CurrentSeries<string> _allocatable;
    private readonly CurrentSeries<string> _allocatableToVms;
    private readonly CurrentSeries<string> _requested;
    private readonly CurrentSeries<string> _used;
    private readonly CurrentSeries<string> _measuredCapacity;
    private readonly Gauge _collected;
    private readonly CurrentSeries<(string Class, string Phase)> _claims;
    private readonly CurrentSeries<string> _claimed;
    private readonly CurrentSeries<string> _available;

    public ClusterGauges(ClusterFiguresReader figures, IMetricFactory metrics)
    {
        _figures = figures;
        _nodes = Labelled("ovim_agent_cluster_nodes", "Nodes by status (ready, not_ready, unknown).", "status");
        _cordoned = Single("ovim_agent_cluster_nodes_cordoned", "Nodes that take no new pods.");
        _pressure = Labelled("ovim_agent_cluster_nodes_under_pressure", "Nodes that have a condition which is bad for pods.", "condition");
        _measured = Single("ovim_agent_cluster_nodes_measured", "Nodes of which metrics.k8s.io says how much they use.");
        const string Units = "(cores, bytes, count)";
        _capacity = Labelled("ovim_agent_cluster_capacity", $"What all nodes have {Units}.", "resource");
        _allocatable = Labelled("ovim_agent_cluster_allocatable", $"What pods can have on all nodes {Units}.", "resource");
        _allocatableToVms = Labelled(
            "ovim_agent_cluster_vms_allocatable", $"What pods can have on the nodes that take VMs {Units}.", "resource");
        _requested = Labelled("ovim_agent_cluster_vms_requested", $"What the pods of VMs request on all nodes {Units}.", "resource");
        _used = Labelled("ovim_agent_cluster_used", $"What the nodes that were measured use {Units}; not there where none was.", "resource");
        _measuredCapacity = Labelled(
            "ovim_agent_cluster_measured_capacity", $"What the nodes that were measured have {Units}.", "resource");
        _collected = Single("ovim_agent_cluster_last_collected_timestamp_seconds", "Of when the oldest of the cluster's figures is.");
        _claims = new(
            metrics.CreateGauge("ovim_agent_storage_claims", "PersistentVolumeClaims by StorageClass and phase.", ["storage_class", "phase"]),
            key => [key.Class, key.Phase]);
        _claimed = Labelled("ovim_agent_storage_claimed_bytes", "Size of the volumes of PersistentVolumeClaims.", "storage_class");
        _available = Labelled(
            "ovim_agent_storage_available_bytes", "What the CSI driver says is free; not there where it does not say.", "storage_class");

        CurrentSeries<string> Labelled(string name, string help, string label) => new(metrics.CreateGauge(name, help, [label]), key => [key]);

        Gauge Single(string name, string help) => metrics.CreateGauge(name, help, new GaugeConfiguration { SuppressInitialValue = true });
    }

    public void Update()
    {
        var all = _figures.Read();
        ShowNodes(all.Nodes);
        _collected.Set(all.CollectedAt.ToUnixTimeMilliseconds() / 1000.0);
        _capacity.Show(all.Nodes is null ? [] : Series(all.Capacity));
        _allocatable.Show(all.Nodes is null ? [] : Series(all.Allocatable));
        _allocatableToVms.Show(all.Nodes is null ? [] : Series(all.AllocatableToVms));
        _requested.Show(all.Nodes is null ? [] : Series(all.Requested));
        Show(_measured, all.Nodes is null ? null : all.Measured);
        _used.Show(all.Used is { } used ? Series(used) : []);
        _measuredCapacity.Show(all.Used is null ? [] : Series(all.MeasuredCapacity).Take(2));
        var classes = all.Storage.Classes;
        _claims.Show(classes.SelectMany(item => (((string, string), double)[])
            [((item.Name, "bound"), item.Bound), ((item.Name, "pending"), item.Pending), ((item.Name, "lost"), item.Lost)]));
        _claimed.Show(classes.Select(item => (item.Name, (double)item.ClaimedBytes)));
        _available.Show(classes.Where(item => item.AvailableBytes is not null).Select(item => (item.Name, (double)item.AvailableBytes!.Value)));
    }

    private void ShowNodes(IReadOnlyList<NodeFigures>? nodes)
    {
        _nodes.Show(nodes is null ? [] : Readiness.Select(status => (WordOf(status), (double)nodes.Count(node => node.Node.Readiness == status))));
        Show(_cordoned, nodes?.Count(node => node.Node.IsCordoned));
        _pressure.Show(nodes is null
            ? []
            : NodeItem.AllPressures.Select(type => (type, (double)nodes.Count(node => node.Node.Pressures.Contains(type)))));
    }

    private static void Show(Gauge gauge, int? count)
    {
        if (count is { } known) gauge.Set(known);
        else gauge.Unpublish();
    }

    private static string WordOf(NodeReadiness status) => status switch
    {
        NodeReadiness.Ready => "ready",
        NodeReadiness.NotReady => "not_ready",
        _ => "unknown",
    };

    private static IEnumerable<(string, double)> Series(NodeAmounts amounts) =>
    [
        ("cpu", amounts.Cpu / 1000.0), ("memory", amounts.Memory), ("ephemeral_storage", amounts.Storage), ("pods", amounts.Pods),
    ];

    private static IEnumerable<(string, double)> Series(MeasuredUse use) => [("cpu", use.Cpu / 1000.0), ("memory", use.Memory)];
}
