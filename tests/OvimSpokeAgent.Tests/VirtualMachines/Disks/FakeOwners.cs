using System.Text.Json.Nodes;
using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Tests.Cluster;
using OvimSpokeAgent.VirtualMachines;

namespace OvimSpokeAgent.Tests.VirtualMachines;

/// <summary>
/// What becomes of objects by their owners, at once: the garbage collector takes what has lost all of them, and KubeVirt gives a VM
/// that lives the DataVolumes of its templates.
/// </summary>
internal sealed class FakeOwners
{
    private readonly FakeKubernetesApi _cluster;

    private FakeOwners(FakeKubernetesApi cluster) => _cluster = cluster;

    public static void In(FakeKubernetesApi cluster) => cluster.Changed = new FakeOwners(cluster).See;

    /// <summary>A reference to an object that is there.</summary>
    public static JsonObject Of(ResourceKind kind, JsonObject owner, bool isController = true) => new()
    {
        ["apiVersion"] = kind.ApiVersion,
        ["kind"] = kind.Kind,
        ["name"] = (string)owner["metadata"]!["name"]!,
        ["uid"] = (string)owner["metadata"]!["uid"]!,
        ["controller"] = isController,
        ["blockOwnerDeletion"] = true,
    };

    private void See(FakeChange change)
    {
        if (change.After is null) Collect(_cluster, change);
        else if (change.Kind == KubeVirtKinds.DataVolume) Adopt(change.Name);
    }

    /// <summary>An object is gone: what it owned alone goes, too.</summary>
    public static void Collect(FakeKubernetesApi cluster, FakeChange gone)
    {
        var owner = (string)gone.Last["metadata"]!["uid"]!;
        foreach (var (kind, name) in cluster.ObjectsIn(gone.Name.Namespace))
        {
            if (cluster.Find(kind, name)?["metadata"]!["ownerReferences"] is not JsonArray owners || owners.All(one => (string?)one!["uid"] != owner)) continue;
            if (owners.Count == 1)
            {
                cluster.Delete(kind, name);
                continue;
            }
            cluster.Change(kind, name, item => item["metadata"]!["ownerReferences"] =
                new JsonArray([.. owners.Where(one => (string?)one!["uid"] != owner).Select(one => one!.DeepClone())]));
        }
    }

    private void Adopt(NamespacedName disk)
    {
        foreach (var (kind, name) in _cluster.ObjectsIn(disk.Namespace).Where(item => item.Kind == KubeVirtKinds.VirtualMachine))
        {
            var vm = _cluster.Find(kind, name)!;
            if (vm["metadata"]!["deletionTimestamp"] is not null) continue;
            if (vm["spec"]!["dataVolumeTemplates"] is not JsonArray templates || templates.All(one => (string?)one!["metadata"]!["name"] != disk.Name)) continue;
            if (_cluster.Find(KubeVirtKinds.DataVolume, disk)!["metadata"]!["ownerReferences"] is JsonArray { Count: > 0 }) continue;
            _cluster.Change(KubeVirtKinds.DataVolume, disk, item => item["metadata"]!["ownerReferences"] = new JsonArray(Of(kind, vm)));
        }
    }
}
