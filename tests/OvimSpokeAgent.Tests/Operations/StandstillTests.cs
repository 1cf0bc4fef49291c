using OvimSpokeAgent.Operations;
using OvimSpokeAgent.Supervision;
using static OvimSpokeAgent.Tests.Operations.OperationsHost;

namespace OvimSpokeAgent.Tests.Operations;

/// <summary>What work on operations looks like from outside when it does not end.</summary>
public sealed class StandstillTests
{
    private readonly OperationsHost _host = new();

    [Fact]
    public void Delivery_that_does_not_end_makes_the_loop_stand_still()
    {
        _host.Hub.IsStuck = true;

        _host.Start().Receives(Operation("op-1")).Runs(TimeSpan.FromMinutes(6));

        Assert.InRange(_host.Turns.StandStillFor, LoopTurn.Limit, TimeSpan.FromMinutes(6));
    }

    [Fact]
    public void Hub_that_takes_no_result_makes_nothing_stand_still()
    {
        _host.Hub.Answer = _ => DeliveryOutcome.Unreachable;

        _host.Start().Receives(Operation("op-1")).Runs(TimeSpan.FromHours(1));

        Assert.Equal(TimeSpan.Zero, _host.Turns.StandStillFor);
        Assert.Equal(TimeSpan.Zero, _host.Executions.StandsStillFor);
    }

    [Fact]
    public void Execution_may_take_as_long_as_the_hub_allows()
    {
        _host.Start().Receives(Operation("op-1", "hold", timeoutSeconds: 1800)).Runs(TimeSpan.FromMinutes(20));

        Assert.Equal(TimeSpan.Zero, _host.Executions.StandsStillFor);
        Assert.Equal(TimeSpan.Zero, _host.Turns.StandStillFor);
    }

    [Fact]
    public void Execution_that_does_not_end_with_its_limit_stands_still_from_then_on()
    {
        _host.Start().Receives(Operation("op-1", "deaf", timeoutSeconds: 60)).Runs(TimeSpan.FromSeconds(90));
        Assert.Equal(TimeSpan.Zero, _host.Executions.StandsStillFor);

        _host.Runs(LoopTurn.Limit);

        Assert.InRange(_host.Executions.StandsStillFor, LoopTurn.Limit, LoopTurn.Limit + TimeSpan.FromSeconds(1));
    }
}
