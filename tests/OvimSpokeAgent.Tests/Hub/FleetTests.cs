namespace OvimSpokeAgent.Tests.Hub;

/// <summary>Ten thousand agents lose their hub for ten minutes: its return must not be its next outage.</summary>
public sealed class FleetTests
{
    [Theory]
    [InlineData(false, 0, 10)]
    [InlineData(true, 0, 10)]
    [InlineData(false, 15, 10)]
    [InlineData(true, 30, 10)]
    [InlineData(false, 0, 2)]
    [InlineData(false, 0, 60)]
    public void Peak_after_the_hubs_return_is_at_most_twice_the_even_rate(bool inPhase, int failureSeconds, int outageMinutes)
    {
        var scenario = new FleetScenario
        {
            InPhase = inPhase,
            FailureTakes = TimeSpan.FromSeconds(failureSeconds),
            Outage = TimeSpan.FromMinutes(outageMinutes),
        };

        var seconds = FleetSimulation.Run(scenario);

        Assert.InRange(seconds.Max(second => second.Reports), 1, 2 * FleetSimulation.EvenReports(scenario));
        Assert.InRange(seconds.Max(second => second.Reports + second.Polls), 1, 2 * FleetSimulation.EvenRequests(scenario));
    }

    [Fact]
    public void All_agents_are_back_within_a_minute_and_as_even_as_before_after_two()
    {
        var scenario = new FleetScenario { InPhase = true };

        var seconds = FleetSimulation.Run(scenario);

        Assert.True(seconds.Take(60).Sum(second => second.Reports) >= scenario.Agents);
        var even = FleetSimulation.EvenReports(scenario);
        Assert.All(seconds.Skip(120), second => Assert.InRange(second.Reports, 0.7 * even, 1.3 * even));
    }
}
