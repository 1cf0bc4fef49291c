using System.Text.Json.Nodes;
using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Tests.Cluster;
using OvimSpokeAgent.Tests.Simulation;
using OvimSpokeAgent.Tests.VirtualMachines;

namespace OvimSpokeAgent.Tests.Operations.Simulation;

/// <summary>
/// The namespace controller's part, and the tenants': a namespace that is deleted goes after what is in it, and in
/// <see cref="WithTenant"/> a VM turns up as soon as there is a namespace.
/// </summary>
internal sealed class SimulatedNamespaces
{
    /// <summary>The VDC in which someone else than the hub makes a VM.</summary>
    public const string WithTenant = "acme-prod";

    private static readonly TimeSpan LongestStep = TimeSpan.FromSeconds(2);

    private readonly Simulator _simulator;
    private readonly FakeKubernetesApi _cluster;
    private readonly HashSet<string> _ending = [];

    public SimulatedNamespaces(Simulator simulator, FakeKubernetesApi cluster)
    {
        (_simulator, _cluster) = (simulator, cluster);
        cluster.HasNamespaceController = true;
    }

    public void OnChange(FakeChange change)
    {
        if (change.Kind != KubernetesKinds.Namespace || change.After is not { } ns) return;
        var name = change.Name.Name;
        if (change.Before is null && name == WithTenant)
            _simulator.After(TimeSpan.Zero, () => VmWorld.HasVm(_cluster, new NamespacedName(name, "tenant")));
        if (ns["metadata"]!["deletionTimestamp"] is not null && _ending.Add(name)) GoOn(name);
    }

    /// <summary>Someone changes or deletes an object of a VDC, if it is there.</summary>
    public void Drift(ResourceKind kind, NamespacedName name, Action<JsonObject>? change)
    {
        if (_cluster.Find(kind, name) is null) return;
        if (change is null) _cluster.Delete(kind, name);
        else _cluster.Change(kind, name, change);
    }

    private void GoOn(string ns) =>
        _simulator.After(_simulator.Between(TimeSpan.FromMilliseconds(1), LongestStep), () => Reconcile(ns));

    private void Reconcile(string ns)
    {
        var content = _cluster.ObjectsIn(ns);
        foreach (var (kind, name) in content)
        {
            if (_cluster.Find(kind, name) is { } item && item["metadata"]!["deletionTimestamp"] is null) _cluster.Delete(kind, name);
        }
        if (content.Count > 0)
        {
            GoOn(ns);
            return;
        }
        _ending.Remove(ns);
        _cluster.Remove(KubernetesKinds.Namespace, NamespacedName.ClusterScoped(ns));
    }
}
