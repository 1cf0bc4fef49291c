using System.Text.Json.Nodes;
using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Tests.Cluster;
using OvimSpokeAgent.VirtualMachines;
using static OvimSpokeAgent.Tests.VirtualMachines.KeptDiskWorld;

namespace OvimSpokeAgent.Tests.VirtualMachines;

/// <summary>
/// <c>delete_vm</c> with <c>keep_disks</c> of a VM that somebody else deletes between the first checkpoint and the first release: its
/// disks still name it as their owner, and the garbage collector is on its way.
/// </summary>
public sealed class KeptDisksOfGoneVmTests
{
    [Fact]
    public async Task Disks_that_the_garbage_collector_has_not_taken_yet_are_released_and_kept()
    {
        await using var world = await OpenAsync();
        VanishesAtTheFirstWrite(world);

        var outcome = await VmWorld.Of(world.Delete, Keep).RunUntilDoneAsync();

        Assert.Equal("""{"status":"deleted","name":"web","namespace":"acme","kept_disks":["web-root"]}""", outcome.Result!.Value.GetRawText());
        IsReleased(world, KubeVirtKinds.DataVolume, Root);
        Assert.Equal("DataVolume", (string?)OwnersOf(world, Claim, Root).Single()!["kind"]);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Cut_off_at_any_write_and_repeated_it_releases_them_all(bool hasLanded)
    {
        for (var writes = 1; ; writes++)
        {
            await using var world = await OpenAsync();
            HasClaim(world, Data, FakeOwners.Of(KubeVirtKinds.VirtualMachine, world.Vm()));
            UsesData(world);
            VanishesAtTheFirstWrite(world);
            var (left, before, execution) = (writes, world.Cluster.Fault!, VmWorld.Of(world.Delete, Keep));
            Exception? Killed(FakeRequest request) => request.Verb is "patch" or "delete" && --left == 0
                ? FakeKubernetesApi.Error(ApiErrorReason.Unavailable, "the agent was killed") : null;
            if (hasLanded) world.Cluster.LostAnswer = Killed;
            else world.Cluster.Fault = request => before(request) ?? Killed(request);

            Assert.Equal(["data", "web-root"], Kept(await execution.RunUntilDoneAsync()));

            IsReleased(world, KubeVirtKinds.DataVolume, Root);
            IsReleased(world, Claim, Data);
            if (left > 0) break;
        }
    }

    [Fact]
    public async Task Disk_that_the_garbage_collector_took_is_not_said_to_be_kept()
    {
        await using var world = await OpenAsync();
        VanishesAtTheFirstWrite(world, isCollected: true);

        var outcome = await VmWorld.Of(world.Delete, Keep).RunUntilDoneAsync();

        Assert.Empty(Kept(outcome));
        Assert.Equal("web-root: it is gone: somebody has deleted it, or the VM before it was released", Assert.Single(Texts(outcome, "lost_disks")));
    }

    [Fact]
    public async Task Disk_of_the_same_name_that_was_made_anew_is_neither_said_to_be_kept_nor_touched()
    {
        await using var world = await OpenAsync();
        string? made = null;
        VanishesAtTheFirstWrite(world, isCollected: true, then: () =>
        {
            world.HasVm(VmWorld.Web, "Halted");
            var volume = Named("web-root", FakeOwners.Of(KubeVirtKinds.VirtualMachine, world.Vm()));
            volume["metadata"]!["labels"] = new JsonObject { [WellKnownNames.ManagedByLabel] = WellKnownNames.Agent };
            HasClaim(world, Root, FakeOwners.Of(KubeVirtKinds.DataVolume, world.Cluster.Has(KubeVirtKinds.DataVolume, volume)));
            made = Content(world);
        });

        var outcome = await VmWorld.Of(world.Delete, Keep).RunUntilDoneAsync();

        Assert.Empty(Kept(outcome));
        Assert.StartsWith("web-root: it is gone", Assert.Single(Texts(outcome, "lost_disks")), StringComparison.Ordinal);
        Assert.Equal(made, Content(world));

        static string Content(VmWorld world) => string.Join(
            "\n", world.Cluster.Find(KubeVirtKinds.VirtualMachine, VmWorld.Web), world.Cluster.Find(KubeVirtKinds.DataVolume, Root), world.Cluster.Find(Claim, Root));
    }

    [Fact]
    public async Task Disk_whose_release_is_refused_is_not_said_to_be_kept()
    {
        await using var world = await OpenAsync();
        VanishesAtTheFirstWrite(world);
        var before = world.Cluster.Fault!;
        world.Cluster.Fault = request => before(request) ?? Refusing(KubeVirtKinds.DataVolume)(request);

        var outcome = await VmWorld.Of(world.Delete, Keep).RunUntilDoneAsync();

        Assert.Empty(Kept(outcome));
        Assert.Equal(
            "web-root: it goes with the VM, which somebody deleted before it was released: DataVolume web-root cannot be released: no change on Fridays",
            Assert.Single(Texts(outcome, "lost_disks")));
    }

    [Fact]
    public async Task Claim_whose_datavolume_was_collected_already_is_released_from_it()
    {
        await using var world = await OpenAsync();
        VanishesAtTheFirstWrite(world, then: () => world.Cluster.Remove(KubeVirtKinds.DataVolume, Root));

        Assert.Equal(["web-root"], Kept(await VmWorld.Of(world.Delete, Keep).RunUntilDoneAsync()));

        IsReleased(world, Claim, Root);
    }

    [Fact]
    public async Task Disk_that_somebody_deletes_while_the_guest_shuts_down_is_not_said_to_be_kept()
    {
        await using var world = await OpenAsync();
        world.HasGuest(VmWorld.Web);
        HasClaim(world, Data);
        UsesData(world);
        var execution = VmWorld.Of(world.Delete, Keep);
        var running = execution.RunAsync();
        await Eventually.HoldsAsync(() => execution.WaitsForOthers);

        world.Cluster.Remove(Claim, Data);
        HasClaim(world, Data);
        world.Cluster.Remove(KubeVirtKinds.VirtualMachineInstance, VmWorld.Web);

        var outcome = await running.WaitAsync(Limits.Patience);
        Assert.Equal(["web-root"], Kept(outcome));
        Assert.StartsWith("data: it is gone", Assert.Single(Texts(outcome, "lost_disks")), StringComparison.Ordinal);
    }

    // Somebody's deletion lands between the checkpoint and the finalizer.
    private static void VanishesAtTheFirstWrite(VmWorld world, bool isCollected = false, Action? then = null)
    {
        if (!isCollected) world.Cluster.Changed = _ => { };
        var isThere = true;
        world.Cluster.Fault = request =>
        {
            if (!isThere || request.Verb != "patch") return null;
            isThere = false;
            world.Cluster.Remove(KubeVirtKinds.VirtualMachine, VmWorld.Web);
            then?.Invoke();
            return null;
        };
    }
}
