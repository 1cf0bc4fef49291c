using OvimSpokeAgent.Operations;
using static OvimSpokeAgent.Tests.Operations.OperationsHost;

namespace OvimSpokeAgent.Tests.Operations;

/// <summary>How results get to a hub that does not always take them.</summary>
public sealed class DeliveryTests
{
    private readonly OperationsHost _host = new();

    [Fact]
    public void Result_that_the_hub_refuses_is_kept_told_and_blocks_no_other()
    {
        _host.Hub.Answer = id => id == "op-1" ? DeliveryOutcome.Refused : DeliveryOutcome.Delivered;

        _host.Start().Receives(Operation("op-1"), Operation("op-2"), Operation("op-3", name: "db")).Runs(TimeSpan.FromHours(1));

        Assert.Equal(["op-1", "op-2", "op-3"], _host.Hub.Ids.Order());
        Assert.Equal(JournalState.Refused, _host.Store.Single("op-1").State);
        Assert.True(_host.Store.Single("op-1").HasResult);
        Assert.Equal(1, _host.Journal.Status.Refused);
        Assert.Equal("the result of operation op-1 (note) was refused: as the test says", Assert.Single(_host.Errors.Pending()));
        Assert.Equal(0, _host.Pending);
    }

    [Fact]
    public void Results_wait_out_an_outage_with_one_attempt_at_a_time_and_then_go_the_oldest_first()
    {
        var ids = Enumerable.Range(10, 30).Select(i => $"op-{i}").ToList();
        _host.Hub.Answer = _ => DeliveryOutcome.Unreachable;
        _host.Start().Receives([.. ids.Select((id, i) => Operation(id, name: $"vm-{i}"))]).Runs(TimeSpan.FromHours(10));
        var attempts = _host.Hub.Results.Count;
        _host.Hub.Results.Clear();
        _host.Hub.Answer = _ => DeliveryOutcome.Delivered;

        _host.Runs(TimeSpan.FromMinutes(2));

        // Every 30 s at the longest, spread over the upper half; a first round of attempts of their own.
        Assert.InRange(attempts, 10 * 60 * 2, (10 * 60 * 4) + 60);
        Assert.Equal(ids.Count, _host.Hub.Ids.Distinct().Count());
        Assert.Equal(ids.Count, _host.Hub.Results.Count);
        Assert.All(_host.Store.Records, record => Assert.Equal(JournalState.Delivered, record.State));
    }

    [Fact]
    public void No_more_results_than_operations_at_once_are_on_the_way()
    {
        _host.Start().Receives([.. Enumerable.Range(0, 50).Select(i => Operation($"op-{i}", name: $"vm-{i}"))])
            .Runs(TimeSpan.FromSeconds(10));

        Assert.Equal(50, _host.Hub.Results.Count);
        Assert.Equal(2, _host.Hub.MaxAtOnce);
    }

    [Fact]
    public void One_result_that_is_never_answered_holds_up_no_other()
    {
        _host.Hub.Answer = id => id == "op-0" ? DeliveryOutcome.Unreachable : DeliveryOutcome.Delivered;

        _host.Start().Receives([.. Enumerable.Range(0, 20).Select(i => Operation($"op-{i}", name: $"vm-{i}"))])
            .Runs(TimeSpan.FromMinutes(1));

        Assert.Equal(20, _host.Hub.Ids.Distinct().Count());
        Assert.Equal(1, _host.Pending);
    }
}
