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
