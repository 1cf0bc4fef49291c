using OvimSpokeAgent.Operations;
using static OvimSpokeAgent.Tests.Operations.OperationsHost;

namespace OvimSpokeAgent.Tests.Operations;

/// <summary>Operations that come with one answer are stored together, and leave as they get records of their own.</summary>
public sealed class BatchTests
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan UntilCleaned = TimeSpan.FromSeconds(61);

    private readonly OperationsHost _host = new();

    [Fact]
    public void Operations_that_come_together_are_stored_with_one_write_before_one_of_them_runs()
    {
        _host.Store.Held["op-2"] = new();
        _host.Start().Receives(Operation("op-1"), Operation("op-2", name: "db"), Operation("op-3", name: "mail")).Runs(Soon);
        Assert.Empty(_host.Executed);
        Assert.Empty(_host.Store.Batches);
        Assert.Equal(3, _host.Journal.Status.Arriving);

        _host.Store.Held["op-2"].SetResult();
        _host.Runs(Soon);

        Assert.Equal(["op-1", "op-2", "op-3"], Assert.Single(_host.Store.Batches));
        Assert.Equal(["db", "mail", "web"], _host.Executed.Order());
        Assert.Equal(["op-1", "op-2", "op-3"], _host.Hub.Ids.Order());
    }

    [Fact]
    public void Operation_that_comes_alone_has_its_record_from_the_start()
    {
        _host.Start().Receives(Operation("op-1", "hold"));

        Assert.Empty(_host.Store.Batches);
        Assert.Equal(JournalState.Received, _host.Store.Single("op-1").State);
    }

    [Fact]
    public void Next_life_does_in_their_order_what_was_not_done_and_only_that()
    {
        _host.Start().Receives(
            Operation("op-1", name: "db"), Operation("op-2", "hold", second: 3), Operation("op-3", "hold", second: 2), Operation("op-4", second: 1)).Runs(Soon).Kill();
        Assert.Equal(["db", "web"], _host.Executed.Order());
        _host.Executed.Clear();

        _host.Start().Runs(Soon);
        Assert.Equal(["web"], _host.Executed);
        for (var i = 0; i < 2; i++)
        {
            _host.Held["web"].SetResult();
            _host.Runs(Soon);
        }

        Assert.Equal(["web", "web", "web"], _host.Executed);
        Assert.Equal(["op-1", "op-2", "op-3", "op-4"], _host.Hub.Ids);
    }

    [Fact]
    public void Batch_goes_when_all_have_left_it_and_what_they_left_is_known_all_the_same()
    {
        _host.Start().Receives(Operation("op-1"), Operation("op-2", name: "db")).Runs(UntilCleaned);
        Assert.Empty(_host.Store.Batches);
        Assert.Equal(0, _host.Journal.Status.Bytes - _host.Store.Records.Sum(record => record.Size));

        _host.Kill().Start().Receives(Operation("op-1"), Operation("op-2", name: "db")).Runs(Soon);

        Assert.Equal(["db", "web"], _host.Executed.Order());
        Assert.Equal(4, _host.Hub.Results.Count);
    }

    [Fact]
    public void While_one_waits_the_others_are_forgotten_in_their_time_and_not_done_again_by_the_next_life()
    {
        _host.With("OVIM_OPERATION_RETENTION", "10m").Start()
            .Receives(Operation("op-1"), Operation("op-2", "hold", "db", timeoutSeconds: 3000)).Runs(TimeSpan.FromMinutes(13));
        Assert.Empty(_host.Store.Records);
        Assert.Single(_host.Store.Batches);
        _host.Kill();

        _host.Start().Runs(Soon);

        Assert.Equal(["db", "db", "web"], _host.Executed.Order());
    }

    [Fact]
    public void Records_are_not_forgotten_while_their_batch_cannot_be_told_that_they_left()
    {
        _host.With("OVIM_OPERATION_RETENTION", "10m").Start()
            .Receives(Operation("op-1"), Operation("op-2", "hold", "db", timeoutSeconds: 3000)).Runs(Soon);
        _host.Store.Trouble = "no route to the API server";

        _host.Runs(TimeSpan.FromMinutes(20)).Kill();
        _host.Store.Trouble = null;
        _host.Start().Runs(Soon);

        Assert.Equal(["db", "db", "web"], _host.Executed.Order());
    }

    [Fact]
    public void Repeats_in_an_answer_are_told_from_what_is_new()
    {
        _host.Start().Receives(Operation("op-1"), Operation("op-2", "hold", "db")).Runs(Soon);

        _host.Receives(
            Operation("op-1"), Operation("op-3", name: "mail"), Operation("op-2", "hold", "db"), Operation("op-4", name: "dns"), Operation("op-3", name: "mail")).Runs(Soon);

        Assert.Equal(["db", "dns", "mail", "web"], _host.Executed.Order());
        Assert.Equal(["op-1", "op-1", "op-3", "op-4"], _host.Hub.Ids.Order());
        Assert.Equal(["op-3", "op-4"], _host.Store.Batches[^1]);
    }

    [Fact]
    public void What_cannot_be_answered_or_done_costs_the_others_of_its_answer_nothing()
    {
        var nameless = Operation("op-2");
        nameless.Remove("id");

        _host.Start().Receives(Operation("op-1"), nameless, Operation("op-3", "make_tea"), Operation("op-4", name: "db")).Runs(Soon);

        Assert.Equal(["op-1", "op-3", "op-4"], _host.Hub.Ids.Order());
        Assert.Contains("make_tea", _host.Hub.BodyOf("op-3"), StringComparison.Ordinal);
        Assert.StartsWith("operation without a usable id", Assert.Single(_host.Errors.Pending()), StringComparison.Ordinal);
    }

    [Fact]
    public void Many_that_cannot_be_answered_are_told_together()
    {
        _host.Start().Receives([.. Enumerable.Range(0, 1000).Select(i => Operation($"a/{i}"))]).Runs(Soon);

        Assert.Equal(11, _host.Errors.Pending().Count);
        Assert.Equal("990 more operations without a usable id", _host.Errors.Pending()[^1]);
    }

    [Fact]
    public void Operation_with_an_envelope_that_is_wrong_is_refused_for_that_after_a_crash_too()
    {
        var timeless = Operation("op-1");
        timeless["timestamp"] = "yesterday";
        _host.Store.Held["op-1"] = new();
        _host.Start().Receives(timeless, Operation("op-2", "hold", "db"));
        _host.Store.Held.Clear();

        _host.Kill().Start().Receives(timeless, Operation("op-2", "hold", "db")).Runs(Soon);

        Assert.Contains("timestamp", _host.Hub.BodyOf("op-1"), StringComparison.Ordinal);
        Assert.Contains("\"failed\"", _host.Hub.BodyOf("op-1"), StringComparison.Ordinal);
        Assert.Equal(["db"], _host.Executed);
    }

    [Fact]
    public void Read_among_others_keeps_its_payload_and_runs_again_when_it_comes_again()
    {
        _host.Start().Receives(Operation("op-1", "ask"), Operation("op-2", name: "db")).Runs(UntilCleaned);
        Assert.Equal("""{"name":"web"}""", _host.Store.BodyOf("op-1"));

        _host.Kill().Start().Receives(Operation("op-1", "ask")).Runs(Soon);

        Assert.Equal(["db", "web", "web"], _host.Executed.Order());
    }

    [Fact]
    public void Parts_of_a_large_answer_are_done_in_its_order()
    {
        var operations = Enumerable.Range(0, 12).Select(i => Large(Operation($"op-{i:00}"), 120)).ToArray();

        _host.Start().Receives(operations).Runs(TimeSpan.FromSeconds(5));

        Assert.Equal(3, _host.Store.Batches.Count);
        Assert.Equal(operations.Select(operation => (string)operation["id"]!), _host.Hub.Ids);
    }

    [Fact]
    public void What_arrives_while_there_is_something_that_cannot_be_read_is_stored_alone()
    {
        _host.Start().Receives(Operation("op-1", "hold"), Operation("op-2", name: "db")).Runs(Soon).Kill();
        _host.Store.Spoil();
        _host.Start().Runs(Soon);
        Assert.Single(_host.Journal.Status.Unreadable);

        _host.Receives(Operation("op-3", "hold", "mail"), Operation("op-4", "hold", "dns")).Runs(Soon);

        Assert.Equal(JournalState.Received, _host.Store.Single("op-4").State);
    }
}
