using System.Text.Json.Nodes;
using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Operations;
using OvimSpokeAgent.Tests.Cluster;
using OvimSpokeAgent.VirtualMachines;
using static OvimSpokeAgent.Tests.VirtualMachines.KeptDiskWorld;

namespace OvimSpokeAgent.Tests.VirtualMachines;

/// <summary><c>delete_vm</c> with <c>keep_disks</c>, where owners take what they own with them at once.</summary>
public sealed class KeepDisksTests
{
    [Fact]
    public async Task Disks_that_the_vm_owns_go_with_it_unless_they_are_to_be_kept()
    {
        await using var world = await OpenAsync();

        var outcome = await VmWorld.Of(world.Delete, DeleteAll).RunAsync();

        Assert.Equal("""{"status":"deleted","name":"web","namespace":"acme"}""", outcome.Result!.Value.GetRawText());
        Assert.Null(world.Cluster.Find(KubeVirtKinds.DataVolume, Root));
        Assert.Null(world.Cluster.Find(Claim, Root));
    }

    [Fact]
    public async Task Kept_disks_stay_without_the_vm_and_without_marks_and_are_named()
    {
        await using var world = await OpenAsync();

        var outcome = await VmWorld.Of(world.Delete, Keep).RunAsync();

        Assert.Equal("""{"status":"deleted","name":"web","namespace":"acme","kept_disks":["web-root"]}""", outcome.Result!.Value.GetRawText());
        Assert.Null(world.Cluster.Find(KubeVirtKinds.VirtualMachine, VmWorld.Web));
        IsReleased(world, KubeVirtKinds.DataVolume, Root);
        Assert.Equal("DataVolume", (string?)OwnersOf(world, Claim, Root).Single()!["kind"]);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Cut_off_at_any_write_and_repeated_it_keeps_all_disks(bool hasLanded)
    {
        for (var writes = 1; ; writes++)
        {
            await using var world = await OpenAsync();
            var (left, execution) = (writes, VmWorld.Of(world.Delete, Keep));
            Exception? Killed(FakeRequest request) => request.Verb is "patch" or "delete" && --left == 0
                ? FakeKubernetesApi.Error(ApiErrorReason.Unavailable, "the agent was killed") : null;
            if (hasLanded) world.Cluster.LostAnswer = Killed;
            else world.Cluster.Fault = Killed;

            var outcome = await execution.RunUntilDoneAsync();

            Assert.Equal("""{"status":"deleted","name":"web","namespace":"acme","kept_disks":["web-root"]}""", outcome.Result!.Value.GetRawText());
            Assert.Null(world.Cluster.Find(KubeVirtKinds.VirtualMachine, VmWorld.Web));
            IsReleased(world, KubeVirtKinds.DataVolume, Root);
            Assert.NotNull(world.Cluster.Find(Claim, Root));
            if (left > 0) break;
        }
    }

    [Fact]
    public async Task Disk_that_a_restore_of_the_vm_owns_is_kept() // X5
    {
        await using var world = await OpenAsync();
        HasRestoredDisk(world, ownedByVm: true);

        var outcome = await VmWorld.Of(world.Delete, Keep).RunAsync();

        Assert.Equal(["data", "web-root"], Kept(outcome));
        IsReleased(world, Claim, Data);
    }

    [Fact]
    public async Task Disk_that_a_restore_of_another_vm_owns_stays_that_ones()
    {
        await using var world = await OpenAsync();
        HasRestoredDisk(world, ownedByVm: false);

        var outcome = await VmWorld.Of(world.Delete, Keep).RunAsync();

        Assert.Equal(["data", "web-root"], Kept(outcome));
        Assert.Equal("VirtualMachineRestore", (string?)OwnersOf(world, Claim, Data).Single()!["kind"]);
    }

    [Fact]
    public async Task Disk_of_a_restore_that_cannot_be_looked_up_is_kept()
    {
        await using var world = await OpenAsync();
        HasRestoredDisk(world, ownedByVm: true);
        world.Cluster.LosesKind(Restore);

        Assert.Equal(["data", "web-root"], Kept(await VmWorld.Of(world.Delete, Keep).RunAsync()));

        IsReleased(world, Claim, Data);
    }

    [Fact]
    public async Task Disk_that_the_vm_does_not_name_of_a_restore_that_is_gone_is_no_matter_of_the_vm()
    {
        await using var world = await OpenAsync();
        var restore = world.Cluster.Has(Restore, Named("restored"));
        HasClaim(world, Data, FakeOwners.Of(Restore, restore));
        world.Cluster.LosesKind(Restore);

        Assert.Equal(["web-root"], Kept(await VmWorld.Of(world.Delete, Keep).RunAsync()));

        Assert.Equal("VirtualMachineRestore", (string?)OwnersOf(world, Claim, Data).Single()!["kind"]);
    }

    [Fact]
    public async Task Disk_of_an_owner_that_cannot_be_looked_up_is_named_and_left_to_it()
    {
        var app = new ResourceKind("example.com", "v1", "databases", "Database");
        await using var world = await OpenAsync();
        var owner = world.Cluster.Has(app, Named("shop"));
        HasClaim(world, Data, FakeOwners.Of(app, owner));
        UsesData(world);
        world.Cluster.Fault = request => request.Kind.Plural == "databases"
            ? new KubernetesApiException(ApiErrorReason.Forbidden, "denied", denied: new NeededPermission("get", app)) : null;

        var outcome = await VmWorld.Of(world.Delete, Keep).RunAsync();

        Assert.Equal(["web-root"], Kept(outcome));
        Assert.Equal("data: Database shop owns it, and decides whether it stays", Assert.Single(Texts(outcome, "disks_of_others")));
        Assert.Equal("Database", (string?)OwnersOf(world, Claim, Data).Single()!["kind"]);
    }

    [Theory]
    [InlineData("x/../../../virtualmachineinstances?watch=1&a=", "kubevirt.io/v1")]
    [InlineData("Widget", "kubevirt.io/v1/../..")]
    [InlineData("Widget", "a?b=c/v1")]
    public async Task Disk_of_an_owner_whose_kind_is_no_kind_is_named_and_left_to_it_and_its_kind_makes_no_path(string kind, string apiVersion)
    {
        await using var world = await OpenAsync();
        var owner = FakeOwners.Of(Restore, Gone("restore"));
        (owner["kind"], owner["apiVersion"]) = (kind, apiVersion);
        HasClaim(world, Data, owner);
        UsesData(world);

        var outcome = await VmWorld.Of(world.Delete, Keep).RunAsync();

        Assert.Equal(["web-root"], Kept(outcome));
        Assert.Equal($"data: {kind} restore owns it, and decides whether it stays", Assert.Single(Texts(outcome, "disks_of_others")));
        Assert.Equal(kind, (string?)OwnersOf(world, Claim, Data).Single()!["kind"]);
        Assert.DoesNotContain(world.Cluster.Requests, request => request.Name.Name == "restore");
    }

    [Fact]
    public async Task Disk_that_was_there_before_is_left_alone()
    {
        await using var world = await OpenAsync();
        HasClaim(world, Data);
        var before = world.Cluster.Find(Claim, Data)!.ToJsonString();
        UsesData(world);

        Assert.Equal(["data", "web-root"], Kept(await VmWorld.Of(world.Delete, Keep).RunAsync()));

        Assert.Equal(before, world.Cluster.Find(Claim, Data)!.ToJsonString());
    }

    [Fact]
    public async Task Owner_that_is_not_the_vm_stays_beside_it_with_all_its_fields()
    {
        await using var world = await OpenAsync();
        var other = world.Cluster.Has(KubeVirtKinds.DataVolume, Named("other"));
        HasClaim(world, Data, FakeOwners.Of(KubeVirtKinds.VirtualMachine, world.Vm(), isController: false), FakeOwners.Of(KubeVirtKinds.DataVolume, other));

        await VmWorld.Of(world.Delete, Keep).RunAsync();

        Assert.Equal(FakeOwners.Of(KubeVirtKinds.DataVolume, other).ToJsonString(), OwnersOf(world, Claim, Data).Single()!.ToJsonString());
    }

    [Fact]
    public async Task Hot_plugged_disk_and_one_that_the_guest_owns_are_kept()
    {
        await using var world = await OpenAsync();
        world.HasGuest(VmWorld.Web, change: vmi => vmi["spec"]!["volumes"] = JsonNode.Parse("""[{"name":"plugged","persistentVolumeClaim":{"claimName":"data"}}]"""));
        HasClaim(world, Data, FakeOwners.Of(KubeVirtKinds.VirtualMachineInstance, world.Guest()!));
        var execution = VmWorld.Of(world.Delete, Keep);

        var running = execution.RunAsync();
        await Eventually.HoldsAsync(() => execution.WaitsForOthers);
        Assert.NotNull(world.Cluster.Find(KubeVirtKinds.VirtualMachine, VmWorld.Web)!["metadata"]!["deletionTimestamp"]);
        world.Cluster.Remove(KubeVirtKinds.VirtualMachineInstance, VmWorld.Web);

        Assert.Equal(["data", "web-root"], Kept(await running.WaitAsync(Limits.Patience)));
        IsReleased(world, Claim, Data);
    }

    [Fact]
    public async Task Disk_that_cannot_be_released_leaves_the_vm_as_it_was_and_is_named()
    {
        await using var world = await OpenAsync();
        world.Cluster.Fault = Refusing(KubeVirtKinds.DataVolume);
        var execution = VmWorld.Of(world.Delete, Keep);

        Assert.Equal(
            "VM acme/web is not deleted, since a disk would go with it: DataVolume web-root cannot be released: no change on Fridays",
            (await execution.RunAsync()).FailureOf());
        Assert.Null(await execution.GiveUpAsync());

        Assert.Null(world.Vm()["metadata"]!["deletionTimestamp"]);
        Assert.Empty(world.Vm()["metadata"]!["finalizers"]!.AsArray());
    }

    [Fact]
    public async Task Disk_that_cannot_be_released_any_more_holds_the_vm_until_it_can_or_the_disks_are_not_to_be_kept()
    {
        await using var world = await OpenAsync();
        var first = VmWorld.Of(world.Delete, Keep);
        world.Cluster.Fault = request => request.Verb == "patch" && request.Kind == KubeVirtKinds.DataVolume && world.Vm()["metadata"]!["deletionTimestamp"] is not null
            ? FakeKubernetesApi.Error(ApiErrorReason.Invalid, "no change on Fridays") : null;

        var failure = (await first.RunAsync()).FailureOf();
        await first.GiveUpAsync();

        Assert.Equal(
            "VM acme/web is held by the finalizer ovim.io/keep-disks, since a disk would go with it: DataVolume web-root cannot be released: no change on "
            + "Fridays; delete_vm goes on with it: with keep_disks it tries again, without it the disks go, too",
            failure);
        await world.Machines.WaitUntilAsync(VmWorld.Web, vm => vm is { IsDeleting: true }, Limits.Token());
        Assert.Equal(
            "the finalizer ovim.io/keep-disks holds it until none of its disks would go with it; delete_vm goes on with it: with keep_disks it tries again, "
            + "without it the disks go, too",
            world.Manager.Get(VmWorld.Web)!.Message);
        Assert.NotNull(world.Cluster.Find(KubeVirtKinds.DataVolume, Root));

        world.Cluster.Fault = null;
        Assert.Equal(["web-root"], Kept(await VmWorld.Of(world.Delete, Keep, "ovim-op-second").RunAsync()));
        IsReleased(world, KubeVirtKinds.DataVolume, Root);
    }

    [Fact]
    public async Task Held_vm_goes_with_its_disks_where_they_are_not_to_be_kept_any_more()
    {
        await using var world = await OpenAsync();
        world.Cluster.Change(KubeVirtKinds.VirtualMachine, VmWorld.Web, vm => vm["metadata"]!["finalizers"] = new JsonArray("ovim.io/keep-disks"));
        world.Cluster.Delete(KubeVirtKinds.VirtualMachine, VmWorld.Web);

        Assert.True((await VmWorld.Of(world.Delete, DeleteAll).RunAsync()).IsCompleted);

        Assert.Null(world.Cluster.Find(KubeVirtKinds.VirtualMachine, VmWorld.Web));
        Assert.Null(world.Cluster.Find(KubeVirtKinds.DataVolume, Root));
    }

    [Fact]
    public async Task Vm_that_somebody_else_is_deleting_leaves_its_disks()
    {
        await using var world = await OpenAsync();
        world.Cluster.Change(KubeVirtKinds.VirtualMachine, VmWorld.Web, vm => vm["metadata"]!["finalizers"] = new JsonArray("kubevirt.io/virtualMachineControllerFinalize"));
        world.Cluster.Delete(KubeVirtKinds.VirtualMachine, VmWorld.Web);
        var execution = VmWorld.Of(world.Delete, Keep);

        var running = execution.RunAsync();
        await Eventually.HoldsAsync(() => execution.WaitsForOthers);
        world.Cluster.Change(KubeVirtKinds.VirtualMachine, VmWorld.Web, vm => vm["metadata"]!["finalizers"]!.AsArray().Clear());

        Assert.Equal(["web-root"], Kept(await running.WaitAsync(Limits.Patience)));
        IsReleased(world, KubeVirtKinds.DataVolume, Root);
    }

    [Fact]
    public async Task Disk_that_gets_its_owner_back_after_it_was_released_is_released_again()
    {
        await using var world = await OpenAsync();
        var owner = FakeOwners.Of(KubeVirtKinds.VirtualMachine, world.Vm());
        var late = 2; // adoptions that were on their way when the deletion began
        world.Cluster.LostAnswer = request =>
        {
            if (request.Verb == "patch" && request.Kind == KubeVirtKinds.DataVolume && world.Vm()["metadata"]!["deletionTimestamp"] is not null && late-- > 0)
                world.Cluster.Change(KubeVirtKinds.DataVolume, Root, disk => disk["metadata"]!["ownerReferences"] = new JsonArray(owner.DeepClone()));
            return null;
        };

        Assert.Equal(["web-root"], Kept(await VmWorld.Of(world.Delete, Keep).RunAsync()));

        IsReleased(world, KubeVirtKinds.DataVolume, Root);
    }

    [Fact]
    public async Task What_goes_all_the_same_is_named()
    {
        await using var world = await OpenAsync();
        HasClaim(world, Data);
        UsesData(world);
        world.Cluster.Change(Claim, Data, claim => claim["metadata"]!["finalizers"] = new JsonArray("kubernetes.io/pvc-protection"));
        world.Cluster.Delete(Claim, Data);
        world.Cluster.Change(KubeVirtKinds.VirtualMachine, VmWorld.Web, vm => vm["spec"]!["template"]!["spec"]!["volumes"]!.AsArray().Add(
            (JsonNode?)JsonNode.Parse("""{"name":"scratch","emptyDisk":{"capacity":"1Gi"}}""")));

        var outcome = await VmWorld.Of(world.Delete, Keep).RunAsync();

        Assert.Equal(["web-root"], Kept(outcome));
        Assert.Equal(
            ["data: it was being deleted already", "scratch: what a guest writes to this volume does not outlive it"], Texts(outcome, "lost_disks"));
    }

    [Fact]
    public async Task Cluster_without_cdi_keeps_claims()
    {
        await using var world = await OpenAsync(cluster => cluster.LosesKind(KubeVirtKinds.DataVolume));
        HasClaim(world, Data, FakeOwners.Of(KubeVirtKinds.VirtualMachine, world.Vm()));
        UsesData(world);

        // One whose DataVolume went with CDI would be collected when that comes back.
        Assert.Equal(["data", "web-root"], Kept(await VmWorld.Of(world.Delete, Keep).RunAsync()));

        IsReleased(world, Claim, Data);
        IsReleased(world, Claim, Root);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    public async Task Server_that_does_not_show_datavolumes_for_a_moment_costs_no_disk(int list)
    {
        await using var world = await OpenAsync();
        var (left, isAway) = (list, false);
        world.Cluster.Fault = request =>
        {
            if (request.Verb == "list" && request.Kind == KubeVirtKinds.DataVolume && --left == 0) isAway = true;
            else if (isAway && request.Verb is not ("list" or "discover" or "get")) isAway = false;
            else if (isAway && request.Verb == "list" && request.Kind == KubeVirtKinds.DataVolume) isAway = false;
            return isAway && request.Kind == KubeVirtKinds.DataVolume ? FakeKubernetesApi.Error(ApiErrorReason.NoKindMatch, "no DataVolumes here") : null;
        };

        Assert.Equal(["web-root"], Kept(await VmWorld.Of(world.Delete, Keep).RunUntilDoneAsync()));

        Assert.True(left <= 0);
        IsReleased(world, KubeVirtKinds.DataVolume, Root);
        Assert.NotNull(world.Cluster.Find(Claim, Root));
    }

    [Fact]
    public async Task Disk_whose_datavolume_is_gone_before_the_garbage_collector_came_is_kept()
    {
        await using var world = await OpenAsync();
        HasClaim(world, Data, FakeOwners.Of(KubeVirtKinds.DataVolume, Gone("data")));
        UsesData(world);

        Assert.Equal(["data", "web-root"], Kept(await VmWorld.Of(world.Delete, Keep).RunAsync()));

        IsReleased(world, Claim, Data);
    }

    [Fact]
    public async Task Disk_whose_datavolume_goes_and_whose_claim_stays_is_kept()
    {
        await using var world = await OpenAsync();
        world.Cluster.Change(Claim, Root, claim => claim["metadata"]!["ownerReferences"] = new JsonArray(FakeOwners.Of(KubeVirtKinds.VirtualMachine, world.Vm())));
        world.Cluster.Change(KubeVirtKinds.DataVolume, Root, volume => volume["metadata"]!["finalizers"] = new JsonArray("cdi.kubevirt.io/x"));
        world.Cluster.Delete(KubeVirtKinds.DataVolume, Root);

        var outcome = await VmWorld.Of(world.Delete, Keep).RunAsync();

        Assert.Equal("""{"status":"deleted","name":"web","namespace":"acme","kept_disks":["web-root"]}""", outcome.Result!.Value.GetRawText());
        IsReleased(world, Claim, Root);
    }

    [Fact]
    public async Task Owners_of_named_disks_are_looked_up_first_and_what_is_beyond_the_limit_is_refused_and_not_guessed()
    {
        await using var world = await OpenAsync();
        for (var i = 0; i < DiskOwners.MaxLookUps; i++) HasClaim(world, new("acme", $"a-{i}"), FakeOwners.Of(Restore, Gone($"restore-{i}")));
        HasRestoredDisk(world, ownedByVm: true);

        var failure = (await VmWorld.Of(world.Delete, Keep).RunAsync()).FailureOf();

        Assert.Matches("PersistentVolumeClaim a-\\d+ cannot be released: whether VirtualMachineRestore restore-\\d+, which owns it, goes with the VM takes more than the agent looks up: 500 owners", failure);
        Assert.DoesNotContain("restored", failure, StringComparison.Ordinal);
        Assert.Null(world.Vm()["metadata"]!["deletionTimestamp"]);
    }

    [Fact]
    public async Task Owners_above_more_owners_than_are_followed_are_not_guessed()
    {
        await using var world = await OpenAsync();
        var above = FakeOwners.Of(KubeVirtKinds.VirtualMachine, world.Vm());
        for (var i = 0; i <= DiskOwners.MaxDepth; i++) above = FakeOwners.Of(Restore, world.Cluster.Has(Restore, Named($"r-{i}", above)));
        HasClaim(world, Data, above);
        UsesData(world);

        Assert.Contains("PersistentVolumeClaim data cannot be released: whether VirtualMachineRestore r-5", (await VmWorld.Of(world.Delete, Keep).RunAsync()).FailureOf(), StringComparison.Ordinal);
        Assert.Null(world.Vm()["metadata"]!["deletionTimestamp"]);
    }

    [Fact]
    public async Task Disk_that_somebody_changes_all_the_time_is_tried_again_and_one_that_gets_its_owner_back_is_told()
    {
        await using var world = await OpenAsync();
        world.Cluster.Fault = request => IsRelease(request) ? FakeKubernetesApi.Conflict(request.Kind, request.Name, "it has been modified") : null;

        var conflict = await Assert.ThrowsAsync<KubernetesApiException>(() => VmWorld.Of(world.Delete, Keep).RunAsync());

        Assert.Equal(
            (ApiErrorReason.Conflict, "DataVolume web-root is changed by somebody else all the time, and cannot be released"), (conflict.Reason, conflict.Message));
        Assert.NotNull(world.Vm()["metadata"]!["deletionTimestamp"]);

        world.Cluster.Fault = null;
        var owner = FakeOwners.Of(KubeVirtKinds.VirtualMachine, world.Vm());
        world.Cluster.LostAnswer = request =>
        {
            if (IsRelease(request)) world.Cluster.Change(KubeVirtKinds.DataVolume, Root, disk => disk["metadata"]!["ownerReferences"] = new JsonArray(owner.DeepClone()));
            return null;
        };

        Assert.Contains(
            "DataVolume web-root gets its owner or its marks back again and again",
            (await VmWorld.Of(world.Delete, Keep).RunAsync()).FailureOf(), StringComparison.Ordinal);

        static bool IsRelease(FakeRequest request) => request.Verb == "patch" && request.Kind == KubeVirtKinds.DataVolume;
    }

    [Fact]
    public async Task More_disks_than_one_operation_keeps_are_not_released_one_by_one_when_they_came_later()
    {
        await using var world = await OpenAsync();
        world.Cluster.Fault = request =>
        {
            if (request is not { Verb: "delete" } || request.Kind != KubeVirtKinds.VirtualMachine) return null;
            for (var i = 0; i <= DiskKeeper.MaxDisks; i++) HasClaim(world, new("acme", $"disk-{i}"), FakeOwners.Of(KubeVirtKinds.VirtualMachine, world.Vm()));
            return null;
        };

        var failure = (await VmWorld.Of(world.Delete, Keep).RunAsync()).FailureOf();

        Assert.StartsWith("VM acme/web is held by the finalizer ovim.io/keep-disks, since a disk would go with it: VM acme/web has ", failure, StringComparison.Ordinal);
        Assert.DoesNotContain(world.Cluster.Requests, request => request.Verb == "patch" && request.Name.Name.StartsWith("disk-", StringComparison.Ordinal));
    }

    private static JsonObject Gone(string name) => new() { ["metadata"] = new JsonObject { ["name"] = name, ["uid"] = $"uid-of-{name}" } };

    [Fact]
    public async Task Owners_that_lead_in_a_circle_or_nowhere_end_the_search()
    {
        await using var world = await OpenAsync();
        var (one, two) = (world.Cluster.Has(Restore, Named("one")), world.Cluster.Has(Restore, Named("two")));
        world.Cluster.Change(Restore, new("acme", "one"), item => item["metadata"]!["ownerReferences"] = new JsonArray(FakeOwners.Of(Restore, two)));
        world.Cluster.Change(Restore, new("acme", "two"), item => item["metadata"]!["ownerReferences"] = new JsonArray(FakeOwners.Of(Restore, one)));
        HasClaim(world, Data, FakeOwners.Of(Restore, one));
        UsesData(world);

        var outcome = await VmWorld.Of(world.Delete, Keep).RunAsync();

        Assert.StartsWith("data: VirtualMachineRestore one owns it", Assert.Single(Texts(outcome, "disks_of_others")), StringComparison.Ordinal);
        Assert.NotNull(world.Cluster.Find(Claim, Data));
    }

    [Fact]
    public async Task More_disks_than_one_operation_keeps_are_refused_before_anything_is_done()
    {
        await using var world = await OpenAsync();
        for (var i = 0; i < DiskKeeper.MaxDisks; i++) HasClaim(world, new("acme", $"disk-{i}"), FakeOwners.Of(KubeVirtKinds.VirtualMachine, world.Vm()));

        var failure = (await VmWorld.Of(world.Delete, Keep).RunAsync()).FailureOf();

        Assert.Equal("VM acme/web has 129 disks, more than the 128 that one operation keeps", failure);
        Assert.Empty(world.Changes());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Disk_with_more_owners_than_are_looked_at_is_told_by_name_and_the_vm_stays(bool isNamed)
    {
        await using var world = await OpenAsync();
        var owner = isNamed ? world.Cluster.Has(KubeVirtKinds.DataVolume, Named("other")) : world.Vm();
        HasClaim(world, Data, [.. Enumerable.Range(0, 9).Select(_ => FakeOwners.Of(KubeVirtKinds.VirtualMachine, owner))]);
        if (isNamed) UsesData(world);

        Assert.Equal(
            "VM acme/web is not deleted, since a disk would go with it: PersistentVolumeClaim data cannot be released: it has 9 owners, more than the 8 "
            + "that the agent looks at",
            (await VmWorld.Of(world.Delete, Keep).RunAsync()).FailureOf());
        Assert.Null(world.Vm()["metadata"]!["deletionTimestamp"]);
    }

    [Fact]
    public async Task Claim_of_others_with_any_number_of_owners_is_no_matter_of_the_vm()
    {
        await using var world = await OpenAsync();
        var other = world.Cluster.Has(KubeVirtKinds.DataVolume, Named("other"));
        HasClaim(world, Data, [.. Enumerable.Range(0, 100).Select(_ => FakeOwners.Of(KubeVirtKinds.DataVolume, other))]);

        Assert.Equal(["web-root"], Kept(await VmWorld.Of(world.Delete, Keep).RunAsync()));
    }

    [Theory]
    [InlineData("\"yes\"")]
    [InlineData("1")]
    public void Keep_disks_is_true_or_false(string value)
    {
        var payload = new PayloadReader(System.Text.Json.JsonElement.Parse($$"""{"name":"web","namespace":"acme","keep_disks":{{value}}}"""));

        new DeleteVirtualMachineHandler(null!, null!, null!, null!).Plan(payload);

        Assert.StartsWith("keep_disks: ", Assert.Single(payload.Errors), StringComparison.Ordinal);
    }
}
