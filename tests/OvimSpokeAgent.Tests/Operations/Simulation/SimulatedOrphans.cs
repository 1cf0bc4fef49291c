using System.Text.Json.Nodes;
using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Tests.VirtualMachines;
using OvimSpokeAgent.VirtualMachines;

namespace OvimSpokeAgent.Tests.Operations.Simulation;

/// <summary>
/// What operations could not take back that failed: VMs half made, with a disk and without, a disk that is not filled, and a VM that is
/// held for its disk. All of it goes, whatever befalls the agents; a filled disk, and what has no marks, stays.
/// </summary>
internal sealed class SimulatedOrphans(SimulatedWorld world)
{
    private static readonly TimeSpan LookAgain = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Settled = TimeSpan.FromSeconds(10);

    private readonly HashSet<(ResourceKind Kind, NamespacedName Name)> _toGo = [];
    private readonly HashSet<(ResourceKind Kind, NamespacedName Name)> _toStay = [];

    /// <summary>Whether an operation failed in time to leave something behind.</summary>
    public bool AreThere => _toGo.Count > 0;

    /// <summary>Whether all is gone that is to go.</summary>
    public bool AreGone => _toGo.All(item => world.Cluster.Find(item.Kind, item.Name) is null);

    /// <summary>Leaves it behind in the name of an operation that failed, as soon as there is one.</summary>
    /// <param name="latest">When it is not done any more.</param>
    public void LeaveBehind(TimeSpan latest)
    {
        if (world.Time.Elapsed > latest) return;
        if (world.History.Records.Values.FirstOrDefault(HasFailed) is not { } failed)
        {
            world.Simulator.After(LookAgain, () => LeaveBehind(latest));
            return;
        }
        world.History.Note($"{failed.Key} leaves orphans");
        HasVm("halfmade", failed.Key, vm => vm["metadata"]!["annotations"]!["ovim.io/incomplete"] = "true");
        HasVolume("stray", failed.Key, "ImportInProgress", _toGo);
        HasVolume("filled", failed.Key, "Succeeded", _toStay);
        HasVolume("foreign", null, "ImportInProgress", _toStay);
        var held = HasVm("held", failed.Key, vm => vm["metadata"]!["finalizers"] = new JsonArray(WellKnownNames.KeepDisksFinalizer));
        _toStay.Add((KubeVirtKinds.DataVolume, SimulatedKubeVirt.DiskOf(new("acme", "held"), held)));
        world.Simulator.After(Settled, () => world.Cluster.Delete(KubeVirtKinds.VirtualMachine, new("acme", "held")));
    }

    public void Check()
    {
        foreach (var (kind, name) in _toGo.Where(item => world.Cluster.Find(item.Kind, item.Name) is not null)) world.Failures.Add($"{kind} {name} was left behind");
        foreach (var (kind, name) in _toStay)
        {
            if (world.Cluster.Find(kind, name)?["metadata"] is not { } left || left["ownerReferences"] is JsonArray { Count: > 0 })
                world.Failures.Add($"{kind} {name} is not there any more, or would go: it was to be kept");
        }
    }

    // By its record: not forgotten yet, and done with.
    private static bool HasFailed(RecordHistory record) =>
        record is { IsRemoved: false, State: "delivered" } && record.Results.Any(body => (string?)JsonNode.Parse(body)!["status"] == "failed");

    private JsonObject HasVm(string name, string maker, Action<JsonObject> change)
    {
        _toGo.Add((KubeVirtKinds.VirtualMachine, new("acme", name)));
        VmWorld.HasVm(world.Cluster, new("acme", name), "Halted", vm =>
        {
            vm["metadata"]!["uid"] = $"uid-of-{name}";
            vm["metadata"]!["annotations"] = new JsonObject { [WellKnownNames.CreatedByAnnotation] = maker };
            vm["spec"]!["dataVolumeTemplates"] = new JsonArray(new JsonObject { ["metadata"] = new JsonObject { ["name"] = $"{name}-uid-of-{name}" } });
            change(vm);
        });
        return world.Cluster.Find(KubeVirtKinds.VirtualMachine, new("acme", name))!;
    }

    private void HasVolume(string name, string? maker, string phase, HashSet<(ResourceKind Kind, NamespacedName Name)> outcome)
    {
        outcome.Add((KubeVirtKinds.DataVolume, new("acme", name)));
        var metadata = new JsonObject { ["name"] = name, ["namespace"] = "acme" };
        if (maker is not null)
        {
            metadata["labels"] = new JsonObject { [WellKnownNames.ManagedByLabel] = WellKnownNames.Agent };
            metadata["annotations"] = new JsonObject { [WellKnownNames.CreatedByAnnotation] = maker };
        }
        world.Cluster.Has(KubeVirtKinds.DataVolume, new JsonObject { ["metadata"] = metadata, ["status"] = new JsonObject { ["phase"] = phase } });
    }
}
