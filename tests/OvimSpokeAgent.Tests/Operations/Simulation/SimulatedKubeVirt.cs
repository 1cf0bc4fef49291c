using System.Text.Json.Nodes;
using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Tests.Cluster;
using OvimSpokeAgent.Tests.Simulation;
using OvimSpokeAgent.Tests.VirtualMachines;
using OvimSpokeAgent.VirtualMachines;

namespace OvimSpokeAgent.Tests.Operations.Simulation;

/// <summary>
/// virt-controller's part, as far as operations meet it: boots and ends guests as the VM asks for, each step after a
/// while; a deleted VM is gone when its guest is.
/// </summary>
internal sealed class SimulatedKubeVirt
{
    private const string Finalizer = "kubevirt.io/virtualMachineControllerFinalize";

    private static readonly TimeSpan LongestStep = TimeSpan.FromSeconds(4);

    private readonly Simulator _simulator;
    private readonly FakeKubernetesApi _cluster;
    private readonly HashSet<NamespacedName> _due = [];

    public SimulatedKubeVirt(Simulator simulator, FakeKubernetesApi cluster)
    {
        (_simulator, _cluster) = (simulator, cluster);
        cluster.ServesKubeVirt();
    }

    public void OnChange(FakeChange change)
    {
        if (change.Kind == KubeVirtKinds.DataVolume)
        {
            Wake(new NamespacedName(change.Name.Namespace, change.Name.Name.Split('-')[0]));
            return;
        }
        if (change.Kind != KubeVirtKinds.VirtualMachine && change.Kind != KubeVirtKinds.VirtualMachineInstance) return;
        if (change.After is null) FakeOwners.Collect(_cluster, change);
        Wake(change.Name);
    }

    private void Wake(NamespacedName name)
    {
        if (_due.Add(name)) _simulator.After(_simulator.Between(TimeSpan.FromMilliseconds(1), LongestStep), () => Reconcile(name));
    }

    // One step at a time; the change that it makes brings the next.
    private void Reconcile(NamespacedName name)
    {
        _due.Remove(name);
        var vm = _cluster.Find(KubeVirtKinds.VirtualMachine, name);
        var vmi = _cluster.Find(KubeVirtKinds.VirtualMachineInstance, name);
        var isDeleted = vm?["metadata"]!["deletionTimestamp"] is not null;
        var requests = (vm?["status"]?["stateChangeRequests"] as JsonArray)?.Select(request => (string)request!["action"]!).ToList() ?? [];

        if (vm is not null && !isDeleted && !HasFinalizer(vm))
        {
            _cluster.Change(KubeVirtKinds.VirtualMachine, name, item => item["metadata"]!["finalizers"] =
                new JsonArray([.. (item["metadata"]!["finalizers"] as JsonArray ?? []).Select(one => one!.DeepClone()), Finalizer]));
        }
        else if (vm is not null && !isDeleted && IsWithoutDisk(name, vm))
        {
            OwnDisk(name, vm);
        }
        else if (vmi is not null)
        {
            var mustGo = vm is null || isDeleted || vmi["metadata"]!["deletionTimestamp"] is not null
                || (string?)vm["spec"]!["runStrategy"] == "Halted" || requests is ["Stop", ..];
            if (mustGo) _cluster.Remove(KubeVirtKinds.VirtualMachineInstance, name);
            if (mustGo && requests is ["Stop", ..]) SetRequests(name, requests[1..]);
        }
        else if (isDeleted)
        {
            if (!HasFinalizer(vm!)) return; // someone else holds it
            _cluster.Change(KubeVirtKinds.VirtualMachine, name, item =>
            {
                var finalizers = item["metadata"]!["finalizers"]!.AsArray();
                finalizers.Remove(finalizers.Single(one => (string?)one == Finalizer));
            });
        }
        else if (vm is not null && ((string?)vm["spec"]!["runStrategy"] == "Always" || requests is ["Start"]))
        {
            Boot(name);
            if (requests.Count > 0) SetRequests(name, []);
        }
        else if (requests is ["Stop", ..])
        {
            SetRequests(name, requests[1..]);
        }
    }

    private static bool HasFinalizer(JsonObject vm) =>
        (vm["metadata"]!["finalizers"] as JsonArray)?.Any(one => (string?)one == Finalizer) is true;

    /// <summary>The disk that a VM brings with it: each has one of its own.</summary>
    public static NamespacedName DiskOf(NamespacedName name, JsonObject vm) => new(name.Namespace, $"{name.Name}-{(string)vm["metadata"]!["uid"]!}");

    private bool IsWithoutDisk(NamespacedName name, JsonObject vm) =>
        _cluster.Find(KubeVirtKinds.DataVolume, DiskOf(name, vm))?["metadata"]!["ownerReferences"] is not JsonArray { Count: > 0 };

    // One whose owner was taken off while the VM lives gets it back.
    private void OwnDisk(NamespacedName name, JsonObject vm)
    {
        var (disk, owners) = (DiskOf(name, vm), new JsonArray(FakeOwners.Of(KubeVirtKinds.VirtualMachine, vm)));
        if (_cluster.Find(KubeVirtKinds.DataVolume, disk) is not null)
        {
            _cluster.Change(KubeVirtKinds.DataVolume, disk, item => item["metadata"]!["ownerReferences"] = owners);
            return;
        }
        _cluster.Has(KubeVirtKinds.DataVolume, new JsonObject
        {
            ["metadata"] = new JsonObject { ["name"] = disk.Name, ["namespace"] = disk.Namespace, ["ownerReferences"] = owners, ["labels"] = new JsonObject { ["kubevirt.io/created-by"] = (string)vm["metadata"]!["uid"]! } },
            ["status"] = new JsonObject { ["phase"] = "Succeeded" },
        });
    }

    private void Boot(NamespacedName name) => _cluster.Has(KubeVirtKinds.VirtualMachineInstance, new JsonObject
    {
        ["metadata"] = new JsonObject
        {
            ["name"] = name.Name,
            ["namespace"] = name.Namespace,
            ["finalizers"] = new JsonArray("kubevirt.io/foregroundDeleteVirtualMachine"),
        },
        ["spec"] = new JsonObject { ["terminationGracePeriodSeconds"] = 30 },
        ["status"] = new JsonObject { ["phase"] = "Running" },
    });

    private void SetRequests(NamespacedName name, IEnumerable<string> actions)
    {
        if (_cluster.Find(KubeVirtKinds.VirtualMachine, name) is null) return;
        _cluster.Change(KubeVirtKinds.VirtualMachine, name, vm => vm["status"]!["stateChangeRequests"] = new JsonArray(
            [.. actions.Select(action => new JsonObject { ["action"] = action })]));
    }
}
