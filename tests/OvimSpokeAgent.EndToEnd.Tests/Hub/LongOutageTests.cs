using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using KubernetesSandbox.Cluster;
using OvimSpokeAgent.EndToEnd.Tests.Harness;
using OvimSpokeAgent.Hub;
using OvimSpokeAgent.Operations;
using OvimSpokeAgent.Sandbox.Hub;
using OvimSpokeAgent.VirtualMachines;
using Xunit.Abstractions;

namespace OvimSpokeAgent.EndToEnd.Tests.Hub;

/// <summary>Days without the hub (three, in full), simulated: the agent stays as small as it was, and goes on.</summary>
[Collection(AloneCollection.Name)]
public sealed class LongOutageTests(ITestOutputHelper output)
{
    private const string Policy = "vdc-isolation-policy";
    private const int Vms = 20;
    private const int Days = 3;
    private const int HoursOfRound = 6;
    private const int Undelivered = 25;

    private static readonly int HoursOfDay = Amounts.Of(6, 24);
    private static readonly int RoundsADay = HoursOfDay / HoursOfRound;

    // Buffers that are kept for later use make it vary by some MiB. In two days of 24 hours, a leak of 2 KiB an attempt to reach the hub,
    // or of 200 bytes a renewal of the Lease, exceeds it.
    private const long SameMemory = 8 << 20;

    [Fact]
    public async Task Days_without_the_hub()
    {
        await using var world = await OutageWorld.StartAsync();
        await HasTenantAsync(world);
        string[] waiting = [.. await HasUndeliveredResultsAsync(world), .. await HasDeletionUnderWayAsync(world)];
        world.Hub.Faults.Clear();
        world.Hub.Faults.Add(new HubFault { Kind = HubFaultKind.DropBefore });
        await world.ChangesVmAsync("held", new JsonObject { ["metadata"] = new JsonObject { ["finalizers"] = null } });
        await world.KnowsVmAsync("held", null);
        await world.Clock.RunAsync(TimeSpan.FromHours(2)); // what was delivered before is forgotten after an hour

        List<Day> days = [Day.Of(world)];
        for (var day = 1; day <= Days; day++)
        {
            for (var round = 0; round < RoundsADay; round++) await LivesOnAsync(world, (day * RoundsADay) + round);
            days.Add(Day.Of(world));
        }

        output.WriteLine($"{string.Join('\n', days)}\n\nlogged in all:\n{world.Log}");
        Assert.Equal(waiting.Length, days[0].Records);
        Assert.All(days, day => Assert.Equal((days[0].Records, days[0].Bytes), (day.Records, day.Bytes)));
        Assert.InRange(days[Days].Memory - days[1].Memory, long.MinValue, SameMemory);
        foreach (var (before, after) in days.Zip(days.Skip(1)))
        {
            Assert.InRange(after.Attempts - before.Attempts, HoursOfDay * 60, HoursOfDay * 60 * 2); // waits of half a minute to a minute
            Assert.InRange(after.LogLines - before.LogLines, HoursOfDay * 30, (HoursOfDay * 60) + (2 * RoundsADay)); // one a minute at most, and repairs
        }
        Assert.Equal(1, world.Log.Count("{Identity} leads")); // and never lost the Lease
        Assert.Equal((HttpStatusCode.OK, "alive\n"), await world.Agent.GetAsync("health/live"));
        await IsBackAsync(world, waiting);
    }

    [Fact]
    public async Task Hours_without_the_api_server_leave_the_agent_alive()
    {
        await using var world = await OutageWorld.StartAsync();
        await HasTenantAsync(world);
        world.ClusterFaults.Add(new ClusterFault { Kind = ClusterFaultKind.DropBefore, UserAgent = "ovim-spoke-agent" });

        await world.Clock.RunAsync(TimeSpan.FromHours(2));

        Assert.Equal((HttpStatusCode.OK, "alive\n"), await world.Agent.GetAsync("health/live"));
        Assert.Equal("Unhealthy", (string?)(await world.Agent.HealthAsync())["components"]!["cluster"]!["status"]);
        world.ClusterFaults.Clear();
        await world.CompletesAsync(world.QueuesVm("create_vm", "later", """{"image_url":"disk","cpu":1,"memory":"1Gi"}"""));
    }

    [Fact]
    public async Task Day_in_which_the_hub_takes_reports_but_no_results_and_gives_no_operations()
    {
        // A renewal of the Lease every four seconds is most of what happens in a day; the other test has it.
        await using var world = await OutageWorld.StartAsync(("OVIM_LEADER_ELECTION", "false"));
        await HasTenantAsync(world);
        var waiting = await HasUndeliveredResultsAsync(world);
        world.Hub.Faults.Add(new HubFault { Kind = HubFaultKind.Status, Path = "/spoke/operations" });
        await world.Clock.RunAsync(TimeSpan.FromHours(2));

        var before = Day.Of(world);
        await world.Clock.RunAsync(TimeSpan.FromHours(HoursOfDay));
        var after = Day.Of(world);

        output.WriteLine($"{before}\n{after}\n\nlogged in all:\n{world.Log}");
        Assert.Equal((waiting.Length, before.Bytes), (after.Records, after.Bytes));
        Assert.InRange(after.Memory - before.Memory, long.MinValue, SameMemory);
        Assert.InRange(after.LogLines - before.LogLines, HoursOfDay * 30, HoursOfDay * 62); // one a minute, and one an hour each of results and of what may be lost
        Assert.Equal("degraded", (string?)world.Hub.Reports[^1].Json["status"]);
        var components = (await world.Agent.HealthAsync())["components"]!;
        Assert.StartsWith("registered, but it gives no operations: GET ", (string?)components["hub"]!["message"], StringComparison.Ordinal);
        Assert.StartsWith(
            $"0 to do, {waiting.Length} results to deliver, the hub takes none: POST ",
            (string?)components["operations"]!["message"],
            StringComparison.Ordinal);
        Assert.InRange(world.Clock.GetUtcNow() - world.Agent.Service<HubConnection>().Link.LastContact!.Value, TimeSpan.Zero, TimeSpan.FromSeconds(31));

        world.Hub.Faults.Clear();
        await world.CompletesAsync(waiting);
        await world.Clock.RunUntilAsync(
            "healthy", () => (string?)world.Hub.Reports[^1].Json["status"] == "healthy", TimeSpan.FromMinutes(2));
    }

    private static async Task HasTenantAsync(OutageWorld world)
    {
        await world.CompletesAsync(world.Queues("create_vdc", JsonNode.Parse($$"""
            {"vdc_name":"{{OutageWorld.Vdc}}","target_namespace":"{{OutageWorld.Vdc}}","organization":"acme","zone_id":"east-1",
             "quota":{"cpu":100,"memory":200},"network_policy":"isolated"}
            """)!.AsObject()));
        await world.CompletesAsync([.. Enumerable.Range(0, Vms).Select(i => CreatesVm(world, $"vm-{i}"))]);
        for (var i = 0; i < Vms; i++) await world.KnowsVmAsync($"vm-{i}", "running");
    }

    private static string CreatesVm(OutageWorld world, string name) =>
        world.QueuesVm("create_vm", name, """{"image_url":"quay.io/containerdisks/fedora:latest","cpu":1,"memory":"1Gi"}""");

    // Done, while the hub takes no results.
    private static async Task<string[]> HasUndeliveredResultsAsync(OutageWorld world)
    {
        world.Hub.Faults.Add(new HubFault { Kind = HubFaultKind.Status, Path = "/result" });
        string[] ids = [.. Enumerable.Range(0, Undelivered).Select(i =>
            world.QueuesVm("update_vm", $"vm-{i % Vms}", """{"labels":{"a":"b"}}"""))];
        await world.Clock.RunUntilAsync(
            "finished operations", () => world.Agent.Service<ResultDelivery>().Pending == ids.Length, TimeSpan.FromMinutes(10));
        return ids;
    }

    // Taken before the hub goes, done after.
    private static async Task<string[]> HasDeletionUnderWayAsync(OutageWorld world)
    {
        var create = CreatesVm(world, "held");
        await world.Clock.RunUntilAsync(
            "a VM that is made", () => world.Agent.Service<ResultDelivery>().Pending > Undelivered, TimeSpan.FromMinutes(1));
        await world.ChangesVmAsync("held", JsonNode.Parse("""{"metadata":{"finalizers":["example.com/hold"]}}""")!.AsObject());
        var id = world.QueuesVm("delete_vm", "held");
        await world.Clock.RunUntilAsync("an operation taken", () => world.Hub.Queued(world.Agent.Id) == 0, TimeSpan.FromMinutes(1));
        await world.KnowsVmAsync("held", "deleting");
        return [create, id];
    }

    // Hours in which VMs come, go and change, and someone breaks the VDC.
    private static async Task LivesOnAsync(OutageWorld world, int round)
    {
        await world.TenantCreatesVmAsync($"tenant-{round}");
        await world.KnowsVmAsync($"tenant-{round}", "running");
        await world.ChangesVmAsync("vm-0", Strategy("Halted"));
        await world.KnowsVmAsync("vm-0", "stopped");
        await world.Clock.RunAsync(TimeSpan.FromHours(HoursOfRound / 2));

        await world.LosesPolicyAsync(Policy);
        await world.Clock.RunUntilAsync("the policy is back", () => world.HasPolicy(Policy), TimeSpan.FromMinutes(1));
        await world.ChangesVmAsync("vm-0", Strategy("Always"));
        await world.KnowsVmAsync("vm-0", "running");
        await world.DeletesVmAsync($"tenant-{round}");
        await world.KnowsVmAsync($"tenant-{round}", null);
        await world.Clock.RunAsync(TimeSpan.FromHours(HoursOfRound / 2));
    }

    private static async Task IsBackAsync(OutageWorld world, string[] waiting)
    {
        await world.ChangesVmAsync("vm-1", Strategy("Halted"));
        await world.KnowsVmAsync("vm-1", "stopped");
        world.Hub.Restart(); // it knows nothing any more
        world.Hub.Faults.Clear();

        await world.CompletesAsync(waiting);

        Assert.Equal(waiting.Order(), world.Hub.Results.Select(result => result.OperationId).Order());
        var first = world.Hub.Reports[0].Json;
        Assert.Equal(
            world.Agent.Service<VirtualMachineManager>().List(null).Select(vm => $"{vm.Name} {vm.Status}"),
            first["vms"]!.AsArray().Select(vm => $"{(string?)vm!["name"]} {(string?)vm["status"]}"));
        Assert.Equal("stopped", (string?)first["vms"]!.AsArray().Single(vm => (string?)vm!["name"] == "vm-1")!["status"]);
        Assert.Equal("Active", (string?)Assert.Single(first["vdcs"]!.AsArray())!["status"]);
        await world.Clock.RunUntilAsync(
            "healthy", () => (string?)world.Hub.Reports[^1].Json["status"] == "healthy", TimeSpan.FromMinutes(1));
        await world.Clock.RunAsync(TimeSpan.FromHours(2));
        Assert.Equal(0, world.Journal().Records);
    }

    private static JsonObject Strategy(string strategy) => new() { ["spec"] = new JsonObject { ["runStrategy"] = strategy } };

    /// <summary>What the agent takes, and what it did so far.</summary>
    private sealed record Day(TimeSpan At, long Memory, int Records, int Bytes, int Attempts, int LogLines)
    {
        public static Day Of(OutageWorld world)
        {
            var (records, bytes) = world.Journal();
            return new(
                world.Clock.Elapsed,
                world.Memory(),
                records,
                bytes,
                world.Agent.Service<HubConnection>().Link.MissedReports,
                world.Log.Lines);
        }

        public override string ToString() => string.Create(
            CultureInfo.InvariantCulture,
            $"{At:d\\.hh\\:mm}: {Memory / 1024:N0} KiB in use, journal {Records} records of {Bytes:N0} bytes, "
            + $"{Attempts:N0} attempts to reach the hub, {LogLines} log lines");
    }
}
