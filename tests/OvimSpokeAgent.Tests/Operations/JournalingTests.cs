using OvimSpokeAgent.Operations;
using static OvimSpokeAgent.Tests.Operations.OperationsHost;

namespace OvimSpokeAgent.Tests.Operations;

/// <summary>What is stored of an operation, and when.</summary>
public sealed class JournalingTests
{
    private readonly OperationsHost _host = new();

    [Fact]
    public void Payload_is_stored_before_the_operation_runs_and_dropped_when_it_is_done()
    {
        _host.Start().Receives(Operation("op-1", "hold"));
        var (before, payload) = (_host.Store.Single("op-1"), _host.Store.BodyOf("op-1"));

        _host.Held["web"].SetResult();
        _host.Runs();

        Assert.Equal((JournalState.Received, """{"name":"web"}"""), (before.State, payload));
        var after = _host.Store.Single("op-1");
        Assert.Equal((JournalState.Finished, true), (after.State, after.HasResult));
        Assert.Contains("completed", _host.Store.BodyOf("op-1"), StringComparison.Ordinal);
    }

    [Fact]
    public void Nothing_of_an_answer_is_carried_out_before_all_of_it_is_stored()
    {
        _host.Store.Held["op-2"] = new();
        _host.Start().Receives(Large(Operation("op-1")), Large(Operation("op-2", name: "db")), Large(Operation("op-3", name: "mail")));
        _host.Runs(TimeSpan.FromSeconds(4));
        Assert.Equal(["op-1", "op-3"], _host.Store.Records.Select(record => record.Operation.Id).Order());
        Assert.Empty(_host.Executed);

        _host.Store.Held["op-2"].SetResult();
        _host.Runs();

        Assert.Equal(["db", "mail", "web"], _host.Executed.Order());
    }

    [Fact]
    public void Operation_that_cannot_be_stored_holds_up_the_one_before_it_for_a_moment_only()
    {
        _host.Store.Held["op-2"] = new();
        _host.Start().Receives(Large(Operation("op-1")), Large(Operation("op-2", name: "db"))).Runs(TimeSpan.FromSeconds(6));
        Assert.Equal(["web"], _host.Executed);

        _host.Store.Held["op-2"].SetResult();
        _host.Runs();

        Assert.Equal(["web", "db"], _host.Executed);
    }

    [Fact]
    public void Operation_that_cannot_be_stored_holds_up_only_those_after_it_on_its_target()
    {
        _host.Store.Held["op-1"] = new();
        _host.Start().Receives(Large(Operation("op-1")), Large(Operation("op-2")), Large(Operation("op-3", name: "db"))).Runs(TimeSpan.FromSeconds(6));
        Assert.Equal(["op-3"], _host.Hub.Ids);

        _host.Store.Held["op-1"].SetResult();
        _host.Runs(TimeSpan.FromSeconds(1));

        Assert.Equal(["op-3", "op-1", "op-2"], _host.Hub.Ids);
    }

    [Fact]
    public void Payload_over_512_KiB_is_answered_with_its_size_and_not_stored()
    {
        _host.Start().Receives(Operation("op-1", name: new string('x', 512 << 10))).Runs(TimeSpan.FromSeconds(1));

        Assert.Contains("payload: 524299 bytes are too many, expected at most 524288", _host.Hub.BodyOf("op-1"), StringComparison.Ordinal);
        Assert.Equal(_host.Hub.BodyOf("op-1"), _host.Store.BodyOf("op-1"));
        Assert.Empty(_host.Executed);
    }

    [Fact]
    public void Refusal_is_stored_before_it_is_sent()
    {
        _host.Start().Receives(Operation("op-1", "make_tea")).Kill();
        var stored = _host.Store.Single("op-1");
        Assert.Equal(JournalState.Finished, stored.State);

        _host.Start().Runs(TimeSpan.FromSeconds(1));

        Assert.Equal(_host.Store.BodyOf(stored), _host.Hub.BodyOf("op-1"));
        Assert.Contains("make_tea", _host.Hub.BodyOf("op-1"), StringComparison.Ordinal);
    }

    [Fact]
    public void Operation_that_only_reads_stores_no_result_and_runs_again_when_it_comes_again()
    {
        _host.Start().Receives(Operation("op-1", "ask")).Runs(TimeSpan.FromSeconds(1));
        Assert.Equal(JournalState.Delivered, _host.Store.Single("op-1").State);
        Assert.False(_host.Store.Single("op-1").HasResult);

        _host.Receives(Operation("op-1", "ask")).Runs(TimeSpan.FromSeconds(1));

        Assert.Equal(["web", "web"], _host.Executed);
        Assert.Equal(2, _host.Hub.Results.Count);
    }

    [Theory]
    [InlineData("keep", false)]
    [InlineData("tell", true)]
    public void Large_result_is_sent_whole_where_it_need_not_be_stored(string type, bool isWhole)
    {
        _host.Repetitions = 600;
        _host.Start().Receives(Operation("op-1", type, new string('x', 1 << 10))).Runs(TimeSpan.FromSeconds(1));

        var body = _host.Hub.BodyOf("op-1");
        Assert.Equal(isWhole, body.Length > 600 << 10);
        Assert.Equal(!isWhole, body.Contains("\"omitted\":\"the result has 614", StringComparison.Ordinal));
    }

    [Fact]
    public void Handler_with_a_bug_fails_its_own_operations_alone()
    {
        _host.Start().Receives(Operation("op-1"), Operation("op-2", "break"), Operation("op-3", name: "db")).Runs(TimeSpan.FromSeconds(1));

        Assert.Equal(["op-1", "op-2", "op-3"], _host.Hub.Ids.Order());
        Assert.Contains("internal error: NotSupportedException: a bug", _host.Hub.BodyOf("op-2"), StringComparison.Ordinal);
    }

    [Fact]
    public void Operation_without_a_usable_id_is_in_the_next_report()
    {
        var operation = Operation("op-1");
        operation["id"] = "a/b";

        _host.Start().Receives(operation);

        Assert.Contains("a/b", Assert.Single(_host.Errors.Pending()), StringComparison.Ordinal);
        Assert.Empty(_host.Store.Records);
    }

    [Fact]
    public void While_nothing_can_be_stored_nothing_is_asked_for_and_what_arrived_is_stored_later()
    {
        _host.Start();
        Assert.True(_host.IsReady());

        _host.Store.Trouble = "etcd is full";
        _host.Receives(Operation("op-1"), Operation("op-2", name: "db")).Runs(TimeSpan.FromMinutes(10));
        var troubled = _host.Journal.Status;
        Assert.False(_host.IsReady());
        Assert.Empty(_host.Executed);

        _host.Store.Trouble = null;
        _host.Runs(TimeSpan.FromSeconds(10));

        Assert.Equal("etcd is full", troubled.Problem!.Message);
        Assert.Equal(2, troubled.Arriving);
        Assert.Null(_host.Journal.Status.Problem);
        Assert.True(_host.IsReady());
        Assert.Equal(["db", "web"], _host.Executed.Order());
        Assert.Equal(["op-1", "op-2"], _host.Hub.Ids.Order());
    }

    [Fact]
    public void Result_that_cannot_be_stored_is_not_sent_until_it_is()
    {
        _host.Start().Receives(Operation("op-1", "hold"));
        _host.Store.Trouble = "the server is away";
        _host.Held["web"].SetResult();
        _host.Runs(TimeSpan.FromMinutes(1));
        Assert.Empty(_host.Hub.Results);

        _host.Store.Trouble = null;
        _host.Runs(TimeSpan.FromSeconds(10));

        Assert.Equal(["op-1"], _host.Hub.Ids);
        Assert.Equal(["web"], _host.Executed);
    }
}
