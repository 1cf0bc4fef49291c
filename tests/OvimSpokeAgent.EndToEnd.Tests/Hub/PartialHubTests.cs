using OvimSpokeAgent.EndToEnd.Tests.Harness;
using OvimSpokeAgent.Sandbox.Hub;
using Xunit.Abstractions;

namespace OvimSpokeAgent.EndToEnd.Tests.Hub;

/// <summary>The agent as a process, and a hub that fails for some results, for a moment, or altogether and comes back.</summary>
public sealed class PartialHubTests(ITestOutputHelper output)
{
    // What is promised is 5 s; the rest is for a busy machine.
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(30);

    // As deployed: the pace of results is not that of quick tests.
    private static readonly (string Name, string Value)[] AsDeployed =
        [("OVIM_HUB_POLL_INTERVAL", "5s"), ("OVIM_HEARTBEAT_INTERVAL", "30s")];

    [Fact]
    public async Task Two_results_that_the_hub_never_takes_hold_up_no_other()
    {
        await using var world = await ProcessWorld.StartAsync(AsDeployed);
        string[] bad = ["op-bad-1", "op-bad-2"];
        foreach (var id in bad) Fails(world, id, new HubFault { Kind = HubFaultKind.Status, StatusCode = 500 });
        world.Queue(bad);
        await world.CountsAsync(Sent("failed"), 6);
        var good = Ids(5);
        var began = DateTimeOffset.UtcNow;

        world.Queue(good);

        await DeliveredAsync(world, good, began, Soon);
        Assert.DoesNotContain(world.Hub.Results, result => bad.Contains(result.OperationId));
        world.Hub.Faults.Clear();
        await DeliveredAsync(world, bad, began, JsonApi.Patience);
    }

    [Fact]
    public async Task Burst_of_failed_answers_delays_the_rest_by_no_more_than_a_moment()
    {
        await using var world = await ProcessWorld.StartAsync(AsDeployed);
        world.Hub.Faults.Add(OfResults(new HubFault { Kind = HubFaultKind.Status, StatusCode = 500, Times = 4 }));
        world.Hub.Faults.Add(OfResults(new HubFault { Kind = HubFaultKind.Status, StatusCode = 503, Times = 3 }));
        world.Hub.Faults.Add(OfResults(new HubFault { Kind = HubFaultKind.DropBefore, Times = 3 }));
        var ids = Ids(40);

        world.Queue(ids);

        await world.ResultsAsync(results => results.Count > 0);
        await DeliveredAsync(world, ids, world.Hub.Results[0].ReceivedAt, Soon);
    }

    [Fact]
    public async Task Hub_that_comes_back_and_refuses_some_has_all_others_soon()
    {
        await using var world = await ProcessWorld.StartAsync(("OVIM_HUB_POLL_INTERVAL", "5s"), ("OVIM_HEARTBEAT_INTERVAL", "2s"));
        var ids = Ids(90);
        world.Hub.Faults.Add(OfResults(new HubFault { Kind = HubFaultKind.Status, StatusCode = 503 }));
        world.Queue(ids);
        await world.SaysAsync("operations", $"{ids.Length} results to deliver");
        var away = new HubFault { Kind = HubFaultKind.DropBefore };
        world.Hub.Faults.Add(away);
        world.Hub.Faults.Remove(fault => fault != away);
        await world.SaysAsync("hub", "connecting to");
        foreach (var (number, id) in ids.Index())
        {
            if (FaultOf(number) is { } fault) Fails(world, id, fault);
        }
        var before = world.Hub.Reports.Count;

        world.Hub.Faults.Remove(fault => fault == away);

        await world.ReportsAsync(_ => world.Hub.Reports.Count > before);
        string[] good = [.. ids.Where((_, number) => FaultOf(number) is null)];
        await DeliveredAsync(world, good, world.Hub.Reports[before].ReceivedAt, Soon);
        await world.CountsAsync(Sent("refused"), ids.Length / 9);
    }

    // Every other one is taken.
    private static HubFault? FaultOf(int number) => (number % 9) switch
    {
        0 => new HubFault { Kind = HubFaultKind.Status, StatusCode = 500 },
        1 => new HubFault { Kind = HubFaultKind.Status, StatusCode = 503 },
        2 => new HubFault { Kind = HubFaultKind.DropBefore },
        3 => new HubFault { Kind = HubFaultKind.Delay, DelayMs = 600_000 },
        4 => new HubFault { Kind = HubFaultKind.Status, StatusCode = 400 },
        _ => null,
    };

    private static string Sent(string outcome) => $"ovim_agent_results_sent_total{{outcome=\"{outcome}\"}}";

    private static string[] Ids(int count) => [.. Enumerable.Range(0, count).Select(i => $"op-{i:00}")];

    private static HubFault OfResults(HubFault fault) => fault with { Path = "/result" };

    private static void Fails(ProcessWorld world, string id, HubFault fault) =>
        world.Hub.Faults.Add(fault with { Path = $"/{id}/result" });

    private async Task DeliveredAsync(ProcessWorld world, string[] ids, DateTimeOffset since, TimeSpan within)
    {
        await world.ResultsAsync(results => ids.All(id => results.Any(result => result.OperationId == id)));
        var took = world.Hub.Results.Where(result => ids.Contains(result.OperationId)).Max(result => result.ReceivedAt) - since;
        output.WriteLine($"{ids.Length} results after {took.TotalSeconds:0.0} s");
        Assert.InRange(took, TimeSpan.MinValue, within);
    }
}
