using static OvimSpokeAgent.Tests.Operations.OperationsHost;

namespace OvimSpokeAgent.Tests.Operations;

/// <summary>The same operation again, and other operations with its id.</summary>
public sealed class RepeatTests
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(1);

    private readonly OperationsHost _host = new();

    [Fact]
    public void Operation_that_comes_again_while_it_runs_runs_once()
    {
        _host.Start().Receives(Operation("op-1", "hold")).Receives(Operation("op-1", "hold"));

        _host.Held["web"].SetResult();
        _host.Runs(Soon);

        Assert.Equal(["web"], _host.Executed);
        Assert.Equal(["op-1"], _host.Hub.Ids);
    }

    [Fact]
    public void Operation_that_comes_again_after_it_was_done_is_answered_with_the_stored_result()
    {
        _host.Start().Receives(Operation("op-1")).Runs(Soon);

        var again = Operation("op-1");
        again["retry_count"] = 3;
        _host.Receives(again).Runs(Soon);

        Assert.Equal(["web"], _host.Executed);
        Assert.Equal(2, _host.Hub.Results.Count);
        Assert.Single(_host.Hub.Results.Select(result => result.Body).Distinct());
    }

    [Fact]
    public void Operation_that_comes_again_to_the_next_life_is_answered_with_the_stored_result()
    {
        _host.Start().Receives(Operation("op-1")).Runs(Soon).Kill();

        _host.Start().Receives(Operation("op-1")).Runs(Soon);

        Assert.Equal(["web"], _host.Executed);
        Assert.Single(_host.Hub.Results.Select(result => result.Body).Distinct());
    }

    [Fact]
    public void Operation_twice_in_one_answer_runs_once()
    {
        _host.Start().Receives(Operation("op-1"), Operation("op-1")).Runs(Soon);

        Assert.Equal(["web"], _host.Executed);
    }

    [Fact]
    public void Two_operations_with_one_id_both_run_and_the_newer_has_the_last_word()
    {
        _host.Start().Receives(Operation("op-1", name: "web", second: 1), Operation("op-1", name: "db", second: 2)).Runs(Soon);

        Assert.Equal(["db", "web"], _host.Executed.Order());
        Assert.Equal(["op-1", "op-1"], _host.Hub.Ids);
        var newest = _host.Store.Records.MaxBy(record => record.Sequence)!;
        Assert.Equal(_host.Store.BodyOf(newest), _host.Hub.BodyOf("op-1"));
    }
}
