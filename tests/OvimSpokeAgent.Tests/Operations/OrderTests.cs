using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Operations;
using static OvimSpokeAgent.Tests.Operations.OperationsHost;

namespace OvimSpokeAgent.Tests.Operations;

/// <summary>What runs when, for how long, and how much may wait.</summary>
public sealed class OrderTests
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(1);

    private readonly OperationsHost _host = new();

    [Fact]
    public void Stuck_operation_blocks_its_target_alone()
    {
        _host.Start().Receives(
            Operation("op-1", "hold", "web"), Operation("op-2", "note", "web"), Operation("op-3", "note", "db")).Runs(Soon);
        Assert.Equal(["db", "web"], _host.Executed.Order());

        _host.Held["web"].SetResult();
        _host.Runs(Soon);

        Assert.Equal(["op-3", "op-1", "op-2"], _host.Hub.Ids);
    }

    [Fact]
    public void Operation_over_its_time_is_cut_off_and_its_target_goes_on()
    {
        _host.Start().Receives(Operation("op-1", "hold", timeoutSeconds: 90), Operation("op-2")).Runs(TimeSpan.FromSeconds(89));
        Assert.Empty(_host.Hub.Results);

        _host.Runs(TimeSpan.FromSeconds(2));

        Assert.Contains("timed out after 90 s", _host.Hub.BodyOf("op-1"), StringComparison.Ordinal);
        Assert.Contains("\"completed\"", _host.Hub.BodyOf("op-2"), StringComparison.Ordinal);
    }

    [Fact]
    public void Time_that_an_operation_waits_is_not_taken_off_its_own()
    {
        _host.With("OVIM_OPERATION_TIMEOUT", "60s").Start()
            .Receives(Operation("op-1", "hold", timeoutSeconds: 300), Operation("op-2", "hold")).Runs(TimeSpan.FromSeconds(299));
        _host.Held["web"].SetResult();
        _host.Runs(TimeSpan.FromSeconds(59));
        _host.Held["web"].SetResult();
        _host.Runs(Soon);

        Assert.All(_host.Hub.Results, result => Assert.Contains("\"completed\"", result.Body, StringComparison.Ordinal));
        Assert.Equal(2, _host.Hub.Results.Count);
    }

    [Fact]
    public void Operation_that_waits_for_others_holds_no_slot()
    {
        _host.Start().Receives(
            Operation("op-1", "wait", "web"), Operation("op-2", "wait", "db"), Operation("op-3", "wait", "mail"),
            Operation("op-4", "note", "proxy")).Runs();

        Assert.Equal(["db", "mail", "proxy", "web"], _host.Executed.Order());
    }

    [Fact]
    public void Operation_that_is_to_be_tried_again_holds_no_slot_until_then()
    {
        _host.Fault = new KubernetesApiException(ApiErrorReason.TooManyRequests, "too busy", retryAfter: TimeSpan.FromSeconds(30));
        _host.Start().Receives(
            Operation("op-1", "busy", "web"), Operation("op-2", "busy", "db"), Operation("op-3", "busy", "mail"),
            Operation("op-4", "note", "proxy")).Runs(Soon / 10);
        Assert.Equal(["op-4"], _host.Hub.Ids);

        _host.Fault = null;
        _host.Runs(TimeSpan.FromSeconds(31));

        Assert.Equal(4, _host.Hub.Results.Count);
    }

    [Fact]
    public void Operation_that_acts_for_long_holds_its_slot_for_a_second()
    {
        _host.Start().Receives(Operation("op-1", "hold", "web"), Operation("op-2", "hold", "db")).Runs();

        _host.Receives(Operation("op-3", "note", "web", ns: "globex")).Runs(FairSlots.Quantum / 2);
        Assert.Empty(_host.Hub.Results);
        _host.Runs(FairSlots.Quantum / 2 + Soon / 10);

        Assert.Equal(["op-3"], _host.Hub.Ids);
    }

    [Fact]
    public void Flood_of_one_namespace_does_not_hold_up_another()
    {
        _host.Start().Receives(
        [
            .. Enumerable.Range(0, 100).Select(i => Operation($"op-{i}", "hold", $"vm-{i}")),
            Operation("op-other", "note", "web", ns: "globex"),
        ]).Runs(FairSlots.Quantum + (Soon / 10));

        Assert.Equal(["op-other"], _host.Hub.Ids);
    }

    [Fact]
    public void Read_waits_until_the_write_before_it_is_accepted()
    {
        _host.Start().Receives(Operation("op-1", "hold", "web"), Operation("op-2", "ask", "web")).Runs(Soon);
        Assert.Equal(["web"], _host.Executed);

        _host.Held["web"].SetResult();
        _host.Runs(Soon);

        Assert.Equal(["op-1", "op-2"], _host.Hub.Ids);
    }

    [Fact]
    public void Read_waits_neither_for_a_guest_nor_for_what_waits_behind_it()
    {
        _host.Start().Receives(
            Operation("op-1", "wait", "web"), Operation("op-2", "note", "web"), Operation("op-3", "ask", "web")).Runs(Soon);
        Assert.Equal(["op-3"], _host.Hub.Ids);

        _host.Held["web"].SetResult();
        _host.Runs(Soon);

        Assert.Equal(["op-3", "op-1", "op-2"], _host.Hub.Ids);
    }

    [Fact]
    public void Write_waits_for_the_reads_before_it()
    {
        _host.Start().Receives(Operation("op-1", "gaze", "web"), Operation("op-2", "note", "web")).Runs(Soon);
        Assert.Equal(["web"], _host.Executed);

        _host.Held["web"].SetResult();
        _host.Runs(Soon);

        Assert.Equal(["op-1", "op-2"], _host.Hub.Ids);
    }

    [Fact]
    public void Reads_do_not_queue_behind_writes_of_other_targets()
    {
        _host.Start().Receives(
        [
            .. Enumerable.Range(0, 100).Select(i => Operation($"op-{i}", "hold", $"vm-{i}")),
            Operation("op-read", "ask", "web"),
        ]).Runs(Soon / 10);

        Assert.Equal(["op-read"], _host.Hub.Ids);
    }

    [Fact]
    public void Timeout_beyond_the_longest_is_cut_to_it_and_the_result_says_so()
    {
        _host.With("OVIM_OPERATION_MAX_TIMEOUT", "10m").Start().Receives(
            Operation("op-1", "note", "web", timeoutSeconds: 604_800), Operation("op-2", "hold", "db", timeoutSeconds: 604_800),
            Operation("op-3", "note", "mail", timeoutSeconds: 600)).Runs(TimeSpan.FromMinutes(11));

        const string Cut = "600 s (timeout_seconds: 604800 is more than OVIM_OPERATION_MAX_TIMEOUT allows)";
        Assert.Contains($"\"timeout_note\":\"the operation had {Cut}\"", _host.Hub.BodyOf("op-1"), StringComparison.Ordinal);
        Assert.Contains("\"times\":1", _host.Hub.BodyOf("op-1"), StringComparison.Ordinal);
        Assert.Contains($"\"error\":\"timed out after {Cut}\"", _host.Hub.BodyOf("op-2"), StringComparison.Ordinal);
        Assert.DoesNotContain("timeout_note", _host.Hub.BodyOf("op-3"), StringComparison.Ordinal);
    }

    [Fact]
    public void Nothing_is_asked_for_while_the_backlog_is_full()
    {
        _host.With("OVIM_OPERATION_BACKLOG", "3").Start()
            .Receives(Operation("op-1", "hold"), Operation("op-2", "hold"), Operation("op-3", "hold"));
        Assert.False(_host.IsReady());

        _host.Held["web"].SetResult();
        _host.Runs();

        Assert.True(_host.IsReady());
    }
}
