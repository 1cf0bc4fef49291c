using OvimSpokeAgent.Health;
using OvimSpokeAgent.Supervision;

namespace OvimSpokeAgent.Tests.Health;

public sealed class AgentStateMachineTests
{
    private static readonly AgentState[] States = Enum.GetValues<AgentState>();
    private static readonly HealthStatus[] Statuses = Enum.GetValues<HealthStatus>();

    [Theory]
    [InlineData(HealthStatus.Healthy, AgentState.Healthy)]
    [InlineData(HealthStatus.Warning, AgentState.Healthy)]
    [InlineData(HealthStatus.Degraded, AgentState.Degraded)]
    [InlineData(HealthStatus.Unhealthy, AgentState.Unhealthy)]
    public void With_the_hub_the_components_decide_from_any_state(object health, object next)
    {
        foreach (var state in States)
        {
            Assert.Equal((AgentState)next, AgentStateMachine.Next(state, isRegistered: true, isTrying: false, (HealthStatus)health));
            Assert.Equal((AgentState)next, AgentStateMachine.Next(state, isRegistered: true, isTrying: true, (HealthStatus)health));
        }
    }

    [Theory]
    [InlineData(AgentState.Connecting, false, AgentState.Connecting)]
    [InlineData(AgentState.Connecting, true, AgentState.Connecting)]
    [InlineData(AgentState.Healthy, false, AgentState.Disconnected)]
    [InlineData(AgentState.Healthy, true, AgentState.Disconnected)]
    [InlineData(AgentState.Degraded, false, AgentState.Disconnected)]
    [InlineData(AgentState.Degraded, true, AgentState.Disconnected)]
    [InlineData(AgentState.Unhealthy, false, AgentState.Disconnected)]
    [InlineData(AgentState.Unhealthy, true, AgentState.Disconnected)]
    [InlineData(AgentState.Disconnected, false, AgentState.Disconnected)]
    [InlineData(AgentState.Disconnected, true, AgentState.Connecting)]
    public void Without_the_hub_the_attempts_decide_whatever_the_components_say(object state, bool isTrying, object next) =>
        Assert.All(Statuses, health => Assert.Equal(
            (AgentState)next, AgentStateMachine.Next((AgentState)state, isRegistered: false, isTrying, health)));

    [Theory]
    [InlineData(AgentState.Connecting, "degraded")]
    [InlineData(AgentState.Healthy, "active")]
    [InlineData(AgentState.Degraded, "degraded")]
    [InlineData(AgentState.Unhealthy, "unavailable")]
    [InlineData(AgentState.Disconnected, "unavailable")]
    public void State_has_a_word_of_the_contract(object state, string word) =>
        Assert.Equal(word, AgentStateMachine.ToWire((AgentState)state, "active"));
}
