using OvimSpokeAgent.Operations;
using static OvimSpokeAgent.Tests.Operations.OperationsHost;

namespace OvimSpokeAgent.Tests.Operations;

/// <summary>Payloads and results are in the store, not in memory, until they are needed.</summary>
public sealed class JournalMemoryTests
{
    private const int Many = 150; // of half a mebibyte: more than is kept

    private readonly OperationsHost _host = new OperationsHost().With("OVIM_JOURNAL_MAX_BYTES", "1Gi");

    [Fact]
    public void Large_operations_that_wait_are_not_held_and_are_done_in_their_order()
    {
        _host.Start().Receives(Operation("op-first", "hold"));
        for (var i = 0; i < Many; i++) _host.Receives(Large(Operation($"op-{i:000}"), 490));

        _host.Held["web"].SetResult();
        _host.Runs(TimeSpan.FromMinutes(1));

        Assert.InRange(_host.Store.Reads, Many - 60, 2 * Many); // about 50 fit into what is kept
        Assert.Equal(["op-first", .. Enumerable.Range(0, Many).Select(i => $"op-{i:000}")], _host.Hub.Ids);
    }

    [Fact]
    public void Large_operations_of_the_life_before_are_done_in_their_order()
    {
        _host.Start().Receives(Operation("op-first", "hold"));
        for (var i = 0; i < Many; i++) _host.Receives(Large(Operation($"op-{i:000}"), 490));
        _host.Kill();
        _host.Start();

        _host.Held["web"].SetResult();
        _host.Runs(TimeSpan.FromMinutes(1));

        Assert.Equal(["op-first", .. Enumerable.Range(0, Many).Select(i => $"op-{i:000}")], _host.Hub.Ids);
    }

    [Fact]
    public void Results_that_only_read_and_that_there_is_no_room_for_are_made_again_when_the_hub_takes_them()
    {
        _host.Repetitions = 1 << 20;
        _host.Hub.Answer = _ => DeliveryOutcome.Unreachable;
        var ids = Enumerable.Range(0, 60).Select(i => $"op-{i:00}").ToList();
        _host.Start().Receives([.. ids.Select(id => Operation(id, "tell", "x"))]).Runs(TimeSpan.FromMinutes(1));
        _host.Hub.Results.Clear();
        _host.Hub.Answer = _ => DeliveryOutcome.Delivered;

        _host.Runs(TimeSpan.FromMinutes(5));

        Assert.Equal(ids, _host.Hub.Ids.Distinct().Order());
        Assert.All(_host.Hub.Results, result => Assert.True(result.Body.Length > 1 << 20));
        Assert.All(_host.Store.Records, record => Assert.Equal(JournalState.Delivered, record.State));
    }
}
