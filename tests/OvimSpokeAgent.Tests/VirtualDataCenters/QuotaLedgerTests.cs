using System.Text.Json.Nodes;
using OvimSpokeAgent.VirtualDataCenters;
using OvimSpokeAgent.VirtualMachines;

namespace OvimSpokeAgent.Tests.VirtualDataCenters;

public sealed class QuotaLedgerTests
{
    [Fact]
    public async Task Every_vm_counts_whoever_made_it_and_whether_it_runs()
    {
        await using var world = await QuotaWorld.OpenAsync();

        await world.HasVmAsync("halted", 2, 4);
        await world.HasVmAsync("running", 4, 8);
        await world.RunsAsync("running", 4, 8);
        await world.RunsAsync("without-a-vm", 1, 1);

        Assert.Equal(new QuotaUsage(7, 13L << 30, 3), world.Usage());
        Assert.Empty(world.Ledger.EntriesOf("other"));
    }

    [Fact]
    public async Task Guest_counts_as_large_as_it_runs_until_it_restarts()
    {
        await using var world = await QuotaWorld.OpenAsync();

        await world.HasVmAsync("shrunk", 2, 16);
        await world.RunsAsync("shrunk", 8, 4);

        Assert.Equal(new QuotaUsage(8, 16L << 30, 1), world.Usage());
    }

    [Fact]
    public async Task Namespace_in_which_nothing_is_left_is_forgotten()
    {
        await using var world = await QuotaWorld.OpenAsync();
        await world.HasVmAsync("web", 2, 4);
        Assert.Equal(1, world.Ledger.Namespaces);
        Assert.Null(world.Reserves(world.Claims("new", 1, 1), allowed: 8));

        await world.LosesVmAsync("web");
        Assert.Equal(1, world.Ledger.Namespaces);
        world.Ledger.Release(world.Claims("new", 1, 1));

        Assert.Equal(0, world.Ledger.Namespaces);
        await world.HasVmAsync("web", 2, 4);
        Assert.Equal(new QuotaUsage(2, 4L << 30, 1), world.Usage());
    }

    [Fact]
    public async Task Instancetype_gives_the_size()
    {
        await using var world = await QuotaWorld.OpenAsync(cluster => cluster.Has(KubeVirtKinds.ClusterInstancetype, new JsonObject
        {
            ["metadata"] = new JsonObject { ["name"] = "medium" },
            ["spec"] = new JsonObject
            {
                ["cpu"] = new JsonObject { ["guest"] = 6 },
                ["memory"] = new JsonObject { ["guest"] = "12Gi" },
            },
        }));

        await world.HasVmAsync("typed", 0, 0, instancetype: "medium");
        await world.HasVmAsync("lost", 0, 0, instancetype: "no-such-type");

        Assert.Equal(new QuotaUsage(6, 12L << 30, 2), world.Usage());
    }

    [Theory]
    [InlineData("rev", null)]
    [InlineData(null, "rev")]
    public async Task Pinned_instancetype_counts_as_it_was_pinned(string? inSpec, string? inStatus)
    {
        await using var world = await QuotaWorld.OpenAsync();
        await world.HasTypeAsync("medium", 4, 8);
        await world.HasRevisionAsync("rev", "medium", 4, 8);
        await world.HasPinnedVmAsync("old", "medium", inSpec, inStatus);

        foreach (var now in (int?[])[1, 64, null])
        {
            await world.HasTypeAsync("medium", now, 1);
            Assert.Equal(new QuotaUsage(4, 8L << 30, 1), world.Usage());
        }
    }

    [Fact]
    public async Task What_is_not_pinned_yet_counts_as_it_would_be_pinned_now()
    {
        await using var world = await QuotaWorld.OpenAsync();
        await world.HasTypeAsync("medium", 4, 8);
        await world.HasPinnedVmAsync("new", "medium");
        Assert.Equal(4, world.Usage().Vcpus);

        await world.HasTypeAsync("medium", 6, 8);

        Assert.Equal(6, world.Usage().Vcpus);
    }

    [Fact]
    public async Task Revision_counts_exactly_where_KubeVirt_boots_from_it()
    {
        await using var world = await QuotaWorld.OpenAsync();
        await world.HasTypeAsync("medium", 4, 8);
        await world.HasRevisionAsync("of-medium", "medium", 2, 4);
        await world.HasRevisionAsync("of-large", "large", 16, 64);

        // The one in the spec goes before the one in the status, whatever it is of.
        await world.HasPinnedVmAsync("both", "medium", inSpec: "of-large", inStatus: "of-medium");
        Assert.Equal(16, world.Usage().Vcpus);
        await world.LosesVmAsync("both");
        // The one in the status is of another type than the VM has by now.
        await world.HasPinnedVmAsync("changed", "medium", inStatus: "of-large");
        Assert.Equal(4, world.Usage().Vcpus);
        await world.LosesVmAsync("changed");
        // One that is not there boots nothing.
        await world.HasPinnedVmAsync("lost", "medium", inSpec: "none");
        Assert.Equal(new QuotaUsage(0, 0, 1), world.Usage());
    }

    [Fact]
    public async Task Two_operations_are_not_admitted_to_the_same_room()
    {
        await using var world = await QuotaWorld.OpenAsync();

        Assert.Null(world.Reserves(world.Claims("a", 3, 1, key: "op-a"), 4));
        Assert.Equal("3 used", world.Reserves(world.Claims("b", 3, 1, key: "op-b"), 4));
        Assert.Null(world.Reserves(world.Claims("a", 3, 1, key: "op-a"), 4));
    }

    [Fact]
    public async Task Of_many_at_once_exactly_as_many_are_admitted_as_there_is_room_for()
    {
        await using var world = await QuotaWorld.OpenAsync();
        var claims = Enumerable.Range(0, 64).Select(i => world.Claims($"vm-{i}", 2, 1, key: $"op-{i}")).ToList();
        var admitted = 0;

        Parallel.ForEach(claims, claim =>
        {
            if (world.Reserves(claim, 20) is null) Interlocked.Increment(ref admitted);
        });

        Assert.Equal(10, admitted);
        Assert.Equal(20, world.Usage().Vcpus);
    }

    [Fact]
    public async Task Room_of_a_vm_that_is_to_be_made_anew_is_kept_when_the_old_one_goes()
    {
        await using var world = await QuotaWorld.OpenAsync();
        await world.HasVmAsync("web", 1, 1);
        Assert.Null(world.Reserves(world.Claims("web", 6, 1, key: "op-web"), 8));

        await world.LosesVmAsync("web");

        Assert.Equal("6 used", world.Reserves(world.Claims("other", 4, 1, key: "op-other"), 8));
    }

    [Fact]
    public async Task Reservation_goes_when_the_vm_shows_that_the_operation_wrote_it()
    {
        await using var world = await QuotaWorld.OpenAsync();
        await world.HasVmAsync("web", 2, 2, operation: "op-0");
        Assert.Null(world.Reserves(world.Claims("web", 8, 2, ClaimKind.Resize, "op-1"), 8));
        Assert.Equal(8, world.Usage().Vcpus);

        // Someone makes it small again before the cache shows the operation's own write: what is there counts.
        await world.LosesVmAsync("web");
        await world.HasVmAsync("web", 1, 2, operation: "op-1");

        Assert.Equal(1, world.Usage().Vcpus);
    }

    [Fact]
    public async Task Reservation_outlives_its_operation_until_the_cache_must_have_shown_the_vm()
    {
        await using var world = await QuotaWorld.OpenAsync();
        Assert.Null(world.Reserves(world.Claims("lost", 4, 1, key: "op-1"), 4));
        world.Time.Advance(TimeSpan.FromHours(1));
        Assert.NotNull(world.Reserves(world.Claims("next", 1, 1, key: "op-2"), 4));

        world.Ends("op-1");
        Assert.NotNull(world.Reserves(world.Claims("next", 1, 1, key: "op-2"), 4));
        world.Time.Advance(TimeSpan.FromSeconds(31));

        Assert.Null(world.Reserves(world.Claims("next", 1, 1, key: "op-2"), 4));
    }

    [Fact]
    public async Task What_is_withdrawn_is_free_at_once_and_only_by_the_operation_itself()
    {
        await using var world = await QuotaWorld.OpenAsync();
        var claim = world.Claims("a", 4, 1, key: "op-a");
        Assert.Null(world.Reserves(claim, 4));

        world.Ledger.Release(claim with { Key = new("op-other") });
        Assert.NotNull(world.Reserves(world.Claims("b", 1, 1, key: "op-b"), 4));
        world.Ledger.Release(claim);

        Assert.Null(world.Reserves(world.Claims("b", 1, 1, key: "op-b"), 4));
    }

    [Fact]
    public async Task Start_takes_nothing_beyond_what_the_vm_has()
    {
        await using var world = await QuotaWorld.OpenAsync();
        await world.HasVmAsync("web", 2, 2);

        Assert.Null(world.Reserves(world.Claims("web", 2, 2, ClaimKind.Start), 2));

        await world.LosesVmAsync("web");
        Assert.Equal(0, world.Usage().Vcpus);
    }
}
