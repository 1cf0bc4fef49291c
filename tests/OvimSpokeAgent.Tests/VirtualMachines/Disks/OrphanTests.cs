using System.Text.Json.Nodes;
using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Operations;
using OvimSpokeAgent.Tests.Cluster;
using OvimSpokeAgent.VirtualMachines;

namespace OvimSpokeAgent.Tests.VirtualMachines;

/// <summary>What operations that failed have left behind, and what becomes of it.</summary>
public sealed class OrphanTests
{
    private const string Maker = "ovim-op-0123456789abcdef0123";

    private static readonly NamespacedName Disk = new("acme", "web-root");
    private static readonly TimeSpan Grace = OrphanWorld.Grace;

    [Fact]
    public async Task Half_made_vm_is_removed_after_the_grace_period_with_an_event_and_not_before()
    {
        await using var world = await OpenAsync(HasHalfMadeVm);

        world.Vms.Time.Advance(Grace / 2);
        await world.SettlesAsync();
        Assert.NotNull(world.Vms.Cluster.Find(KubeVirtKinds.VirtualMachine, VmWorld.Web));
        await world.PassesAsync(Grace, () => world.Vms.Cluster.Find(KubeVirtKinds.VirtualMachine, VmWorld.Web) is null);

        await world.TellsAsync("OrphanRemoved", $"removed: operation {Maker} failed and left it half made");
    }

    [Fact]
    public async Task What_is_asked_of_the_server_is_asked_when_something_is_due_alone()
    {
        await using var world = await OpenAsync(HasHalfMadeVm);
        world.Vms.Cluster.ForgetRequests();

        world.Vms.Time.Advance(Grace / 2);
        await world.SettlesAsync();

        Assert.DoesNotContain(
            world.Vms.Cluster.Requests, request => request.Verb is "get" or "patch" or "delete" or "create" && request.Name.Namespace != OrphanWorld.CanaryNamespace);
    }

    [Theory]
    [InlineData("""{"metadata":{"labels":{"app.kubernetes.io/managed-by":null}}}""")]
    [InlineData("""{"metadata":{"annotations":{"ovim.io/incomplete":null}}}""")]
    [InlineData("""{"metadata":{"annotations":{"ovim.io/created-by":null}}}""")]
    [InlineData("""{"spec":{"runStrategy":"Always"}}""")]
    [InlineData("""{"status":{"runStrategy":"Halted"}}""")] // it ran before
    public async Task Vm_that_lacks_a_mark_or_was_ever_started_is_left(string patch)
    {
        await using var world = await OpenAsync(cluster =>
        {
            HasHalfMadeVm(cluster);
            cluster.Change(KubeVirtKinds.VirtualMachine, VmWorld.Web, vm => FakeStore.Merge(vm, JsonNode.Parse(patch)!.AsObject()));
        });

        await world.StaysAsync();
    }

    [Theory]
    [InlineData(nameof(OperationFate.NotKnownYet))]
    [InlineData(nameof(OperationFate.UnderWay))]
    public async Task Vm_whose_operation_is_not_over_is_left_until_it_is(string fate)
    {
        await using var world = await OpenAsync(HasHalfMadeVm, Enum.Parse<OperationFate>(fate));
        await world.StaysAsync();

        world.Fate = OperationFate.Failed;

        await world.PassesAsync(TimeSpan.FromMinutes(2), () => world.Vms.Cluster.Find(KubeVirtKinds.VirtualMachine, VmWorld.Web) is null);
    }

    [Fact]
    public async Task Half_made_vm_takes_the_disks_that_were_made_for_it_with_it()
    {
        await using var world = await OpenAsync(cluster => HasHalfMadeVmWithDisk(cluster, isMadeForIt: true));

        await world.PassesAsync(2 * Grace, () => world.Vms.Cluster.Find(KubeVirtKinds.DataVolume, Disk) is null);

        Assert.Null(world.Vms.Cluster.Find(KubeVirtKinds.VirtualMachine, VmWorld.Web));
    }

    [Theory]
    [InlineData(false, nameof(OperationFate.Failed), "disk web-root was not made for it")] // a kept one, that KubeVirt gave to it
    [InlineData(true, nameof(OperationFate.Forgotten), "the journal does not know any more that it failed")]
    [InlineData(true, nameof(OperationFate.Completed), "the journal says that it completed")]
    public async Task Half_made_vm_whose_disk_may_hold_data_is_left_and_that_is_told(bool isMadeForIt, string fate, string reason)
    {
        await using var world = await OpenAsync(cluster => HasHalfMadeVmWithDisk(cluster, isMadeForIt), Enum.Parse<OperationFate>(fate));

        await world.StaysAsync();

        await world.TellsAsync("OrphanLeft", $"it is marked as half made by operation {Maker}, and left: {reason}");
        Assert.NotNull(world.Vms.Cluster.Find(KubeVirtKinds.DataVolume, Disk));
    }

    [Theory]
    [InlineData(nameof(OperationFate.Forgotten), "the journal does not know any more that it failed")]
    [InlineData(nameof(OperationFate.Completed), "the journal says that it completed")]
    public async Task Vm_without_disks_that_is_not_known_to_have_failed_is_left_and_that_is_told(string fate, string reason)
    {
        await using var world = await OpenAsync(HasHalfMadeVm, Enum.Parse<OperationFate>(fate));

        await world.StaysAsync();

        await world.TellsAsync("OrphanLeft", $"it is marked as half made by operation {Maker}, and left: {reason}");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Half_made_vm_whose_disk_another_vm_or_guest_names_is_left(bool isGuest)
    {
        var (other, volumes) = (new NamespacedName("acme", "other"), """[{"name":"x","persistentVolumeClaim":{"claimName":"web-root"}}]""");
        await using var world = await OpenAsync(cluster =>
        {
            HasHalfMadeVmWithDisk(cluster, isMadeForIt: true);
            if (isGuest)
                cluster.Has(KubeVirtKinds.VirtualMachineInstance, JsonNode.Parse($$$"""{"metadata":{"name":"other","namespace":"acme"},"spec":{"volumes":{{{volumes}}}}}""")!.AsObject());
            else
                VmWorld.HasVm(cluster, other, "Halted", vm => vm["spec"]!["template"] = JsonNode.Parse($$$"""{"spec":{"volumes":{{{volumes}}}}}"""));
        });

        await world.StaysAsync();

        await world.TellsAsync("OrphanLeft", $"it is marked as half made by operation {Maker}, and left: another VM may use disk web-root");
    }

    [Theory]
    [InlineData(false, "it does not bring disk restored with it")]
    [InlineData(true, "PersistentVolumeClaim restored would go with it, which it does not bring with it")]
    public async Task Half_made_vm_with_a_disk_beside_those_that_it_brings_is_left(bool isOwned, string reason) // restored into it, say
    {
        await using var world = await OpenAsync(cluster =>
        {
            HasHalfMadeVmWithDisk(cluster, isMadeForIt: true);
            if (!isOwned)
                cluster.Change(KubeVirtKinds.VirtualMachine, VmWorld.Web, vm => vm["spec"]!["template"] = JsonNode.Parse("""{"spec":{"volumes":[{"name":"x","persistentVolumeClaim":{"claimName":"restored"}}]}}"""));
            var claim = JsonNode.Parse("""{"metadata":{"name":"restored","namespace":"acme"}}""")!.AsObject();
            if (isOwned) claim["metadata"]!["ownerReferences"] = new JsonArray(FakeOwners.Of(KubeVirtKinds.VirtualMachine, cluster.Find(KubeVirtKinds.VirtualMachine, VmWorld.Web)!));
            cluster.Has(KubernetesKinds.PersistentVolumeClaim, claim);
        });

        await world.StaysAsync();

        await world.TellsAsync("OrphanLeft", $"it is marked as half made by operation {Maker}, and left: {reason}");
    }

    [Fact]
    public async Task Half_made_vm_whose_claim_is_not_its_datavolumes_alone_is_left()
    {
        await using var world = await OpenAsync(cluster =>
        {
            HasHalfMadeVmWithDisk(cluster, isMadeForIt: true);
            cluster.Has(KubernetesKinds.PersistentVolumeClaim, JsonNode.Parse("""{"metadata":{"name":"web-root","namespace":"acme"}}""")!.AsObject());
        });

        await world.StaysAsync();

        await world.TellsAsync("OrphanLeft", $"it is marked as half made by operation {Maker}, and left: claim web-root is not its DataVolume's alone");
    }

    [Fact]
    public async Task Disk_of_a_creation_that_failed_and_never_filled_it_is_removed()
    {
        await using var world = await OpenAsync(cluster => HasStrayVolume(cluster));

        await world.PassesAsync(2 * Grace, () => world.Vms.Cluster.Find(KubeVirtKinds.DataVolume, Disk) is null);

        await world.TellsAsync("OrphanRemoved", $"removed: operation {Maker} failed, and it was never filled");
    }

    [Theory]
    [InlineData(nameof(OperationFate.Forgotten))]
    [InlineData(nameof(OperationFate.Completed))]
    [InlineData(nameof(OperationFate.UnderWay))]
    [InlineData(nameof(OperationFate.NotKnownYet))]
    public async Task Disk_of_a_creation_that_is_not_known_to_have_failed_is_never_removed(string fate)
    {
        await using var world = await OpenAsync(cluster => HasStrayVolume(cluster), Enum.Parse<OperationFate>(fate));

        await world.StaysAsync(KubeVirtKinds.DataVolume, Disk);
    }

    [Theory]
    [InlineData("""{"status":{"phase":"Succeeded"}}""")]
    [InlineData("""{"metadata":{"labels":null}}""")] // kept ones have lost it
    [InlineData("""{"metadata":{"annotations":null}}""")]
    [InlineData("""{"metadata":{"ownerReferences":[{"apiVersion":"v1","kind":"ConfigMap","name":"x","uid":"u"}]}}""")]
    public async Task Disk_that_ever_held_data_or_is_not_marked_or_is_owned_is_never_removed(string patch)
    {
        await using var world = await OpenAsync(cluster =>
        {
            HasStrayVolume(cluster);
            cluster.Change(KubeVirtKinds.DataVolume, Disk, volume => FakeStore.Merge(volume, JsonNode.Parse(patch)!.AsObject()));
        });

        await world.StaysAsync(KubeVirtKinds.DataVolume, Disk);
    }

    [Fact]
    public async Task Disk_that_a_vm_names_is_left()
    {
        await using var world = await OpenAsync(cluster =>
        {
            HasStrayVolume(cluster);
            VmWorld.HasVm(cluster, VmWorld.Web, "Halted", vm => vm["spec"]!["template"] = JsonNode.Parse("""{"spec":{"volumes":[{"name":"root","dataVolume":{"name":"web-root"}}]}}"""));
        });
        await world.StaysAsync(KubeVirtKinds.DataVolume, Disk);

        world.Vms.Cluster.Remove(KubeVirtKinds.VirtualMachine, VmWorld.Web);

        await world.PassesAsync(TimeSpan.FromMinutes(1), () => world.Vms.Cluster.Find(KubeVirtKinds.DataVolume, Disk) is null);
    }

    [Fact]
    public async Task Object_in_a_namespace_that_is_not_managed_is_left_until_it_is()
    {
        await using var world = await OpenAsync(HasHalfMadeVm);
        world.Vms.Cluster.Change(KubernetesKinds.Namespace, NamespacedName.ClusterScoped("acme"), ns => ns["metadata"]!["labels"] = new JsonObject());
        await world.StaysAsync();

        world.Vms.Cluster.Change(KubernetesKinds.Namespace, NamespacedName.ClusterScoped("acme"), ns => ns["metadata"]!["labels"] =
            new JsonObject { [WellKnownNames.ManagedByLabel] = WellKnownNames.Agent });

        await world.PassesAsync(TimeSpan.FromMinutes(1), () => world.Vms.Cluster.Find(KubeVirtKinds.VirtualMachine, VmWorld.Web) is null);
    }

    [Fact]
    public async Task Refusal_costs_that_object_alone_is_told_and_tried_again_at_its_own_pace()
    {
        await using var world = await OpenAsync(cluster =>
        {
            HasHalfMadeVm(cluster);
            HasHalfMadeVm(cluster, new("acme", "other"));
        });
        world.Vms.Cluster.Fault = request => request.Verb == "delete" && request.Name == VmWorld.Web ? FakeKubernetesApi.Error(ApiErrorReason.Invalid, "not on Fridays") : null;

        await world.PassesAsync(2 * Grace, () => world.Vms.Cluster.Find(KubeVirtKinds.VirtualMachine, new("acme", "other")) is null);
        await world.TellsAsync("OrphanNotRemoved", "not on Fridays");
        world.Vms.Cluster.ForgetRequests();
        for (var i = 0; i < 20; i++) world.Vms.Cluster.Change(KubeVirtKinds.VirtualMachine, VmWorld.Web, vm => vm["metadata"]!["labels"]!["n"] = $"{i}");
        await world.SettlesAsync();
        Assert.DoesNotContain(world.Vms.Cluster.Requests, request => request.Verb == "delete" && request.Name == VmWorld.Web);

        world.Vms.Cluster.Fault = null;
        await world.PassesAsync(TimeSpan.FromMinutes(20), () => world.Vms.Cluster.Find(KubeVirtKinds.VirtualMachine, VmWorld.Web) is null);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Agent_that_is_killed_at_a_removal_does_it_when_it_is_back(bool hasLanded)
    {
        await using var world = await OpenAsync(HasHalfMadeVm);
        var once = 1;
        Exception? Killed(FakeRequest request) => request.Verb == "delete" && request.Name == VmWorld.Web && once-- > 0 ? FakeKubernetesApi.Error(ApiErrorReason.Unavailable, "killed") : null;
        if (hasLanded) world.Vms.Cluster.LostAnswer = Killed;
        else world.Vms.Cluster.Fault = Killed;

        await world.PassesAsync(2 * Grace, () => world.Vms.Cluster.Find(KubeVirtKinds.VirtualMachine, VmWorld.Web) is null && once <= 0);

        Assert.InRange(world.Vms.Cluster.Requests.Count(request => request.Verb == "delete" && request.Name == VmWorld.Web), 1, 2);
    }

    [Fact]
    public async Task Vm_that_changes_while_it_is_judged_is_judged_anew()
    {
        await using var world = await OpenAsync(HasHalfMadeVm);
        world.Vms.Cluster.Fault = request =>
        {
            // Its owner starts it in the last moment.
            if (request.Verb == "delete" && request.Name == VmWorld.Web) world.Vms.Cluster.Change(KubeVirtKinds.VirtualMachine, VmWorld.Web, vm => vm["spec"]!["runStrategy"] = "Always");
            return null;
        };

        await world.StaysAsync();
    }

    [Fact]
    public async Task Held_vm_whose_deletion_was_given_up_lets_its_disks_go_and_goes()
    {
        await using var world = await OpenAsync(HasHeldVm);

        await world.PassesAsync(TimeSpan.FromMinutes(5), () => world.Vms.Cluster.Find(KubeVirtKinds.VirtualMachine, VmWorld.Web) is null);

        Assert.Empty(world.Vms.Cluster.Find(KubeVirtKinds.DataVolume, Disk)!["metadata"]!["ownerReferences"]!.AsArray());
        await world.TellsAsync("DisksKept", "its disks are released, and it is let go");
    }

    [Fact]
    public async Task Held_vm_whose_guest_is_there_waits_for_that()
    {
        await using var world = await OpenAsync(cluster =>
        {
            HasHeldVm(cluster);
            cluster.Has(KubeVirtKinds.VirtualMachineInstance, new JsonObject { ["metadata"] = new JsonObject { ["name"] = "web", ["namespace"] = "acme" } });
        });
        await world.StaysAsync();

        world.Vms.Cluster.Remove(KubeVirtKinds.VirtualMachineInstance, VmWorld.Web);

        await world.PassesAsync(TimeSpan.FromMinutes(5), () => world.Vms.Cluster.Find(KubeVirtKinds.VirtualMachine, VmWorld.Web) is null);
    }

    [Fact]
    public async Task Held_vm_that_somebody_changes_all_the_time_is_let_go_all_the_same()
    {
        await using var world = await OpenAsync(HasHeldVm);

        for (var i = 0; i < 8 && world.Vms.Cluster.Find(KubeVirtKinds.VirtualMachine, VmWorld.Web) is not null; i++)
        {
            world.Vms.Time.Advance(TimeSpan.FromSeconds(15));
            world.Vms.Cluster.Change(KubeVirtKinds.VirtualMachine, VmWorld.Web, vm => vm["metadata"]!["labels"]!["n"] = $"{i}");
            await world.SettlesAsync();
        }

        Assert.Null(world.Vms.Cluster.Find(KubeVirtKinds.VirtualMachine, VmWorld.Web));
    }

    [Fact]
    public async Task Held_vm_that_cannot_be_read_is_told_and_let_go_when_its_namespace_goes()
    {
        await using var world = await OpenAsync(cluster =>
        {
            HasHeldVm(cluster);
            cluster.Change(KubeVirtKinds.VirtualMachine, VmWorld.Web, vm => vm["spec"]!["template"] = "odd");
        });
        await world.StaysAsync();
        await Eventually.HoldsAsync(() => world.Vms.Cluster.Requests.Any(request =>
            request is { Verb: "create" } && request.Kind == KubernetesKinds.Event && request.Detail.Contains("\"OrphanNotRemoved\"", StringComparison.Ordinal)
            && request.Detail.Contains("VM acme/web is held by the finalizer ovim.io/keep-disks, and the agent cannot read which disks it has", StringComparison.Ordinal)));
        var message = world.Vms.Manager.Get(VmWorld.Web)!.Message;
        Assert.StartsWith("the agent cannot read it: ", message, StringComparison.Ordinal);
        Assert.EndsWith("; " + KeepingDeletion.Explanation, message, StringComparison.Ordinal);
        Assert.NotEmpty(world.Vms.Cluster.Find(KubeVirtKinds.DataVolume, Disk)!["metadata"]!["ownerReferences"]!.AsArray());

        world.Vms.Cluster.Change(KubernetesKinds.Namespace, NamespacedName.ClusterScoped("acme"), ns => ns["metadata"]!["annotations"] =
            new JsonObject { [WellKnownNames.DeletionAnnotation] = "ovim-op-x" });

        // At once, and not when a refusal would be tried again.
        await world.SettlesAsync();
        await world.SettlesAsync();
        Assert.Null(world.Vms.Cluster.Find(KubeVirtKinds.VirtualMachine, VmWorld.Web));
    }

    [Fact]
    public async Task Held_vm_in_a_namespace_that_goes_does_not_hold_it()
    {
        await using var world = await OpenAsync(cluster =>
        {
            HasHeldVm(cluster);
            cluster.Change(KubernetesKinds.Namespace, NamespacedName.ClusterScoped("acme"), ns => ns["metadata"]!["annotations"] =
                new JsonObject { [WellKnownNames.DeletionAnnotation] = "ovim-op-x" });
        });
        world.Vms.Cluster.Fault = request => request is { Verb: "patch" } && request.Kind == KubeVirtKinds.DataVolume
            ? FakeKubernetesApi.Error(ApiErrorReason.Invalid, "not on Fridays") : null;

        await world.PassesAsync(TimeSpan.FromMinutes(5), () => world.Vms.Cluster.Find(KubeVirtKinds.VirtualMachine, VmWorld.Web) is null);
    }

    private static void HasHalfMadeVm(FakeKubernetesApi cluster) => HasHalfMadeVm(cluster, VmWorld.Web);

    private static void HasHalfMadeVm(FakeKubernetesApi cluster, NamespacedName name) => VmWorld.HasVm(
        cluster, name, "Halted", vm => vm["metadata"]!["annotations"] = new JsonObject { ["ovim.io/incomplete"] = "true", ["ovim.io/created-by"] = Maker });

    private static void HasHalfMadeVmWithDisk(FakeKubernetesApi cluster, bool isMadeForIt)
    {
        HasHalfMadeVm(cluster);
        cluster.Change(KubeVirtKinds.VirtualMachine, VmWorld.Web, vm => vm["spec"]!["dataVolumeTemplates"] = JsonNode.Parse("""[{"metadata":{"name":"web-root"},"spec":{}}]"""));
        var owner = cluster.Find(KubeVirtKinds.VirtualMachine, VmWorld.Web)!;
        cluster.Has(KubeVirtKinds.DataVolume, new JsonObject
        {
            ["metadata"] = new JsonObject
            {
                ["name"] = Disk.Name,
                ["namespace"] = Disk.Namespace,
                ["labels"] = new JsonObject { ["kubevirt.io/created-by"] = isMadeForIt ? (string)owner["metadata"]!["uid"]! : "of-another" },
                ["ownerReferences"] = new JsonArray(FakeOwners.Of(KubeVirtKinds.VirtualMachine, owner)),
            },
        });
    }

    private static void HasStrayVolume(FakeKubernetesApi cluster) => cluster.Has(KubeVirtKinds.DataVolume, new JsonObject
    {
        ["metadata"] = new JsonObject
        {
            ["name"] = Disk.Name,
            ["namespace"] = Disk.Namespace,
            ["labels"] = new JsonObject { [WellKnownNames.ManagedByLabel] = WellKnownNames.Agent },
            ["annotations"] = new JsonObject { ["ovim.io/created-by"] = Maker },
        },
        ["status"] = new JsonObject { ["phase"] = "ImportInProgress" },
    });

    private static void HasHeldVm(FakeKubernetesApi cluster)
    {
        VmWorld.HasVm(cluster, VmWorld.Web, "Halted", vm => vm["metadata"]!["finalizers"] = new JsonArray("ovim.io/keep-disks"));
        var vm = cluster.Find(KubeVirtKinds.VirtualMachine, VmWorld.Web)!;
        cluster.Has(KubeVirtKinds.DataVolume, new JsonObject
        {
            ["metadata"] = new JsonObject
            {
                ["name"] = Disk.Name,
                ["namespace"] = Disk.Namespace,
                ["ownerReferences"] = new JsonArray(FakeOwners.Of(KubeVirtKinds.VirtualMachine, vm)),
            },
        });
        cluster.Delete(KubeVirtKinds.VirtualMachine, VmWorld.Web);
    }

    private static async Task<OrphanWorld> OpenAsync(Action<FakeKubernetesApi> prepare, OperationFate fate = OperationFate.Failed)
    {
        var vms = await VmWorld.OpenAsync(cluster =>
        {
            prepare(cluster);
            cluster.HasNamespace(OrphanWorld.CanaryNamespace);
            FakeOwners.In(cluster);
        });
        return new OrphanWorld(vms, fate);
    }
}
