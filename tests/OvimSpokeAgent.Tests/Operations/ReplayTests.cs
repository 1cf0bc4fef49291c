using OvimSpokeAgent.Operations;
using static OvimSpokeAgent.Tests.Operations.OperationsHost;

namespace OvimSpokeAgent.Tests.Operations;

/// <summary>What the next life makes of what the one before left in the journal.</summary>
public sealed class ReplayTests
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(1);

    private readonly OperationsHost _host = new();

    [Fact]
    public void Unfinished_operations_run_again_in_their_order()
    {
        _host.Start().Receives(
            Operation("op-1", "hold", second: 3), Operation("op-2", "hold", second: 2), Operation("op-3", "hold", second: 1)).Kill();

        _host.Start();
        Assert.Equal(["web", "web"], _host.Executed);
        for (var i = 0; i < 3; i++)
        {
            _host.Held["web"].SetResult();
            _host.Runs(Soon);
        }

        Assert.Equal(["op-1", "op-2", "op-3"], _host.Hub.Ids);
    }

    [Fact]
    public void Results_that_the_hub_does_not_have_go_out_as_they_were_stored()
    {
        _host.Hub.Answer = _ => DeliveryOutcome.Unreachable;
        _host.Start().Receives(Operation("op-1")).Runs(Soon).Kill();
        var stored = _host.Store.BodyOf("op-1");
        _host.Hub.Answer = _ => DeliveryOutcome.Delivered;

        _host.Start().Runs(Soon);

        Assert.Equal(["web"], _host.Executed);
        Assert.Equal(stored, _host.Hub.BodyOf("op-1"));
        Assert.Equal(JournalState.Delivered, _host.Store.Single("op-1").State);
    }

    [Fact]
    public void Operation_that_waited_too_long_and_never_began_is_reported_and_not_done()
    {
        _host.With("OVIM_OPERATION_EXPIRY", "1h").Start().Receives(Operation("op-1", "hold")).Kill();
        _host.Executed.Clear();

        _host.Runs(TimeSpan.FromMinutes(61)).Start().Runs(Soon);

        Assert.Empty(_host.Executed);
        Assert.Contains("\"status\":\"failed\"", _host.Hub.BodyOf("op-1"), StringComparison.Ordinal);
        Assert.Contains("expired: received at 2026-11-23T08:00:00", _host.Hub.BodyOf("op-1"), StringComparison.Ordinal);
    }

    [Fact]
    public void Operation_that_had_begun_is_finished_however_long_ago_that_was()
    {
        _host.With("OVIM_OPERATION_EXPIRY", "1h").Start().Receives(Operation("op-1", "hold")).Kill();
        _host.Store.Put(_host.Store.Single("op-1") with { State = JournalState.Started, Checkpoint = "the uid" });
        _host.Executed.Clear();

        _host.Runs(TimeSpan.FromHours(30)).Start();
        _host.Held["web"].SetResult();
        _host.Runs(Soon);

        Assert.Equal(["web"], _host.Executed);
        Assert.Contains("\"completed\"", _host.Hub.BodyOf("op-1"), StringComparison.Ordinal);
    }

    [Fact]
    public void Operation_that_waited_less_long_is_done()
    {
        _host.With("OVIM_OPERATION_EXPIRY", "1h").Start().Receives(Operation("op-1", "hold")).Kill();
        _host.Executed.Clear();

        _host.Runs(TimeSpan.FromMinutes(59)).Start();

        Assert.Equal(["web"], _host.Executed);
    }

    [Fact]
    public void Journal_that_cannot_be_read_at_the_start_is_read_when_it_can()
    {
        _host.Start().Receives(Operation("op-1", "hold")).Kill();
        _host.Executed.Clear();
        _host.Store.Trouble = "the server is away";

        _host.Start().Runs(TimeSpan.FromHours(1));
        Assert.False(_host.IsReady());
        Assert.Empty(_host.Executed);
        _host.Store.Trouble = null;
        _host.Runs(TimeSpan.FromSeconds(10));

        Assert.Equal(["web"], _host.Executed);
    }
}
