using OvimSpokeAgent.Operations;
using static OvimSpokeAgent.Tests.Operations.OperationsHost;

namespace OvimSpokeAgent.Tests.Operations;

/// <summary>How long delivered operations are remembered.</summary>
public sealed class RetentionTests
{
    private readonly OperationsHost _host = new();

    [Fact]
    public void Delivered_operations_are_remembered_for_the_retention_and_go_together()
    {
        _host.Start().Receives([.. Enumerable.Range(0, 40).Select(i => Operation($"op-{i}", name: $"vm-{i}"))])
            .Runs(TimeSpan.FromMinutes(59));
        Assert.Equal(40, _host.Store.Records.Count);

        _host.Runs(TimeSpan.FromMinutes(3));

        Assert.Empty(_host.Store.Records);
        Assert.Equal(0, _host.Journal.Status.Bytes);
        Assert.Equal(1, _host.Store.Removals);
    }

    [Fact]
    public void What_the_next_life_finds_expires_all_the_same()
    {
        _host.Start().Receives(Operation("op-1")).Runs(TimeSpan.FromMinutes(1)).Kill();

        _host.Start().Runs(TimeSpan.FromMinutes(62));

        Assert.Empty(_host.Store.Records);
    }

    [Fact]
    public void Refused_results_are_kept_longer_and_go_too()
    {
        _host.Hub.Answer = _ => DeliveryOutcome.Refused;
        _host.Start().Receives(Operation("op-1")).Runs(TimeSpan.FromHours(23));
        Assert.Single(_host.Store.Records);

        _host.Runs(TimeSpan.FromHours(2));

        Assert.Empty(_host.Store.Records);
    }

    [Fact]
    public void Above_the_room_for_all_delivered_operations_go_early_but_not_before_ten_minutes()
    {
        var big = new string('x', 500 << 10); // a result that repeats it
        _host.Start();
        for (var i = 0; i < 140; i++) _host.Receives(Operation($"op-{i}", "keep", big, second: i % 60)).Runs(TimeSpan.FromMilliseconds(100));
        Assert.True(_host.Journal.Status.IsFull);
        Assert.False(_host.IsReady());

        _host.Runs(TimeSpan.FromMinutes(8));
        Assert.Equal(140, _host.Store.Records.Count);

        _host.Runs(TimeSpan.FromMinutes(5));

        Assert.InRange(_host.Store.Records.Count, 0, 139);
        Assert.False(_host.Journal.Status.IsFull);
        Assert.True(_host.IsReady());
    }

    [Fact]
    public void Under_a_quota_that_is_used_up_delivered_operations_go_after_ten_minutes()
    {
        _host.Store.Quota = 3;
        _host.Start();
        for (var i = 1; i <= 3; i++) _host.Receives(Operation($"op-{i}", name: $"vm-{i}"));
        _host.Runs(TimeSpan.FromMinutes(1));

        for (var i = 4; i <= 6; i++) _host.Receives(Operation($"op-{i}", name: $"vm-{i}"));
        _host.Runs(TimeSpan.FromMinutes(8));
        Assert.Equal("exceeded quota", _host.Journal.Status.Problem!.Message);
        Assert.Equal(3, _host.Executed.Count);
        _host.Runs(TimeSpan.FromMinutes(4));

        Assert.Null(_host.Journal.Status.Problem);
        Assert.Equal(6, _host.Hub.Ids.Count());
    }

    [Fact]
    public void Operations_that_came_together_get_through_a_quota_with_room_for_one_record()
    {
        _host.Store.Quota = 2;

        _host.Start().Receives([.. Enumerable.Range(1, 3).Select(i => Operation($"op-{i}", name: $"vm-{i}"))]).Runs(TimeSpan.FromMinutes(35));

        Assert.Null(_host.Journal.Status.Problem);
        Assert.Equal(3, _host.Hub.Ids.Count());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Operations_that_came_together_get_through_a_quota_with_room_for_nothing_but_them(bool isKilled)
    {
        _host.With("OVIM_OPERATION_RETENTION", "20m");
        _host.Store.Quota = 1;
        _host.Hub.Answer = _ => DeliveryOutcome.Unreachable;
        var operations = Enumerable.Range(1, 3).Select(i => Operation($"op-{i}", name: $"vm-{i}")).ToArray();
        _host.Start().Receives(operations).Runs(TimeSpan.FromMinutes(1));
        if (isKilled) _host.Kill().Start().Runs(TimeSpan.FromMinutes(1));
        _host.Hub.Results.Clear();
        _host.Hub.Answer = _ => DeliveryOutcome.Delivered;

        _host.Runs(TimeSpan.FromMinutes(1)).Receives(operations).Runs(TimeSpan.FromMinutes(10));
        if (isKilled) _host.Kill().Start();
        _host.Receives(operations).Runs(TimeSpan.FromMinutes(1));

        Assert.Equal(["vm-1", "vm-2", "vm-3"], _host.Executed.Order());
        Assert.Single(_host.Store.Batches);
        Assert.Null(_host.Journal.Status.Problem);
        Assert.All(["op-1", "op-2", "op-3"], id => Assert.Equal(3, _host.Hub.Ids.Count(one => one == id)));

        _host.Runs(TimeSpan.FromMinutes(30));

        Assert.Empty(_host.Store.Batches);
        Assert.Equal(0, _host.Journal.Status.Bytes);
        _host.Receives(Operation("op-4", name: "vm-4")).Runs(TimeSpan.FromSeconds(1));
        Assert.Equal("vm-4", _host.Executed[^1]);
    }

    [Fact]
    public void While_the_store_fails_nothing_is_forgotten_that_a_repeat_could_ask_for()
    {
        _host.Start().Receives(Operation("op-1")).Runs(TimeSpan.FromMinutes(11));
        _host.Store.Trouble = "no route to the API server";
        _host.Receives(Operation("op-2", name: "db")).Runs(TimeSpan.FromMinutes(2));
        _host.Store.Trouble = null;
        _host.Runs(TimeSpan.FromMinutes(2));

        _host.Receives(Operation("op-1")).Runs(TimeSpan.FromMinutes(1));

        Assert.Equal(["web", "db"], _host.Executed);
        Assert.Equal(["op-1", "op-2", "op-1"], _host.Hub.Ids);
    }

    [Fact]
    public void How_much_room_there_is_can_be_set()
    {
        _host.With("OVIM_JOURNAL_MAX_BYTES", "1Mi").Start();
        for (var i = 0; i < 3; i++) _host.Receives(Operation($"op-{i}", "keep", new string('x', 400 << 10), second: i)).Runs(TimeSpan.FromMilliseconds(100));

        Assert.False(_host.IsReady());
        Assert.Equal(3, _host.Hub.Ids.Count()); // results are stored all the same
    }

    [Fact]
    public void Room_that_finished_operations_give_back_is_used_at_once()
    {
        _host.Start().Receives([.. Enumerable.Range(0, 140).Select(i =>
        {
            var operation = Operation($"op-{i}", i == 0 ? "hold" : "note");
            operation["payload"]!["padding"] = new string('x', 500 << 10);
            return operation;
        })]);
        var ready = _host.BecomesReady();
        Assert.True(_host.Journal.Status.IsFull);
        Assert.False(ready.IsCompleted);

        _host.Held["web"].SetResult();
        _host.Runs(TimeSpan.FromSeconds(5));

        Assert.True(ready.IsCompletedSuccessfully);
    }

    [Fact]
    public void What_is_not_delivered_never_expires()
    {
        _host.Hub.Answer = _ => DeliveryOutcome.Unreachable;

        _host.Start().Receives(Operation("op-1")).Runs(TimeSpan.FromDays(3));

        Assert.Equal(JournalState.Finished, _host.Store.Single("op-1").State);
    }
}
