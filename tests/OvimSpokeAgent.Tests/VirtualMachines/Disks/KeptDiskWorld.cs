using System.Text.Json.Nodes;
using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Operations;
using OvimSpokeAgent.Tests.Cluster;
using OvimSpokeAgent.VirtualMachines;

namespace OvimSpokeAgent.Tests.VirtualMachines;

/// <summary>A VM with a disk that it brings with it, and what is asked of it.</summary>
internal static class KeptDiskWorld
{
    public const string Keep = """{"name":"web","namespace":"acme","keep_disks":true}""";
    public const string DeleteAll = """{"name":"web","namespace":"acme"}""";

    public static readonly NamespacedName Root = new("acme", "web-root");
    public static readonly NamespacedName Data = new("acme", "data");

    // As KubeVirt's own, where its CRDs are there.
    public static readonly ResourceKind Restore = new("snapshot.kubevirt.io", "v1beta1", "virtualmachinerestores", "VirtualMachineRestore");
    public static readonly ResourceKind Claim = KubernetesKinds.PersistentVolumeClaim;

    /// <summary>A VM that brings its root disk with it, as KubeVirt and CDI have made it.</summary>
    /// <param name="also">What else is there, or is not, from the beginning.</param>
    public static async Task<VmWorld> OpenAsync(Action<FakeKubernetesApi>? also = null)
    {
        var world = await VmWorld.OpenAsync(cluster =>
        {
            VmWorld.HasVm(cluster, VmWorld.Web, "Halted", vm =>
            {
                vm["spec"]!["template"] = JsonNode.Parse("""{"spec":{"volumes":[{"name":"root","dataVolume":{"name":"web-root"}}]}}""");
                vm["spec"]!["dataVolumeTemplates"] = JsonNode.Parse("""[{"metadata":{"name":"web-root"},"spec":{}}]""");
            });
            var vm = cluster.Find(KubeVirtKinds.VirtualMachine, VmWorld.Web)!;
            var volume = Named("web-root", FakeOwners.Of(KubeVirtKinds.VirtualMachine, vm));
            volume["metadata"]!["labels"] = new JsonObject { [WellKnownNames.ManagedByLabel] = WellKnownNames.Agent, ["ovim.io/vm"] = "web", ["tier"] = "front" };
            volume["metadata"]!["annotations"] = new JsonObject { ["ovim.io/created-by"] = "ovim-op-1", ["cdi.kubevirt.io/x"] = "y" };
            volume = cluster.Has(KubeVirtKinds.DataVolume, volume);
            cluster.Has(KubernetesKinds.PersistentVolumeClaim, Named("web-root", FakeOwners.Of(KubeVirtKinds.DataVolume, volume)));
            FakeOwners.In(cluster);
            also?.Invoke(cluster);
        });
        world.Cluster.ForgetRequests();
        return world;
    }

    public static JsonObject Named(string name, params JsonObject[] owners)
    {
        var metadata = new JsonObject { ["name"] = name, ["namespace"] = "acme" };
        if (owners.Length > 0) metadata["ownerReferences"] = new JsonArray([.. owners]);
        return new JsonObject { ["metadata"] = metadata };
    }

    public static void HasClaim(VmWorld world, NamespacedName name, params JsonObject[] owners) => world.Cluster.Has(Claim, Named(name.Name, owners));

    public static void UsesData(VmWorld world) => world.Cluster.Change(KubeVirtKinds.VirtualMachine, VmWorld.Web, vm =>
        vm["spec"]!["template"]!["spec"]!["volumes"]!.AsArray().Add((JsonNode?)JsonNode.Parse("""{"name":"more","persistentVolumeClaim":{"claimName":"data"}}""")));

    public static void HasRestoredDisk(VmWorld world, bool ownedByVm)
    {
        var owner = world.Vm();
        if (!ownedByVm)
        {
            world.HasVm(new("acme", "other"));
            owner = world.Vm(new("acme", "other"));
        }
        var restore = world.Cluster.Has(Restore, Named("restored", FakeOwners.Of(KubeVirtKinds.VirtualMachine, owner)));
        HasClaim(world, Data, FakeOwners.Of(Restore, restore));
        UsesData(world);
    }

    public static Func<FakeRequest, Exception?> Refusing(ResourceKind kind) => request =>
        request.Verb == "patch" && request.Kind == kind ? FakeKubernetesApi.Error(ApiErrorReason.Invalid, "no change on Fridays") : null;

    public static JsonArray OwnersOf(VmWorld world, ResourceKind kind, NamespacedName name) =>
        world.Cluster.Find(kind, name)!["metadata"]!["ownerReferences"] as JsonArray ?? [];

    public static void IsReleased(VmWorld world, ResourceKind kind, NamespacedName name)
    {
        var metadata = world.Cluster.Find(kind, name)!["metadata"]!;
        Assert.Null(metadata["deletionTimestamp"]);
        Assert.Empty(OwnersOf(world, kind, name));
        foreach (var field in (string[])["labels", "annotations"])
            Assert.DoesNotContain((metadata[field] as JsonObject ?? []).Select(entry => entry.Key), key => key.StartsWith("ovim.io/", StringComparison.Ordinal) || key == WellKnownNames.ManagedByLabel);
        if (kind == KubeVirtKinds.DataVolume) Assert.Equal(("front", "y"), ((string?)metadata["labels"]!["tier"], (string?)metadata["annotations"]!["cdi.kubevirt.io/x"]));
    }

    public static IEnumerable<string> Kept(OperationOutcome outcome) => Texts(outcome, "kept_disks");

    public static IEnumerable<string> Texts(OperationOutcome outcome, string field)
    {
        Assert.Null(outcome.Error);
        return outcome.Result!.Value.GetProperty(field).EnumerateArray().Select(item => item.GetString()!);
    }
}
