using OvimSpokeAgent.Configuration;

namespace OvimSpokeAgent.Tests.Configuration;

public sealed class UnknownSettingsTests
{
    [Theory]
    [InlineData("OVIM_HUB_ENDPIONT", "OVIM_HUB_ENDPOINT")]
    [InlineData("OVIM_CLUSTERID", "OVIM_CLUSTER_ID")]
    [InlineData("OVIM_POLL_INTERVAL", "OVIM_HUB_POLL_INTERVAL")]
    [InlineData("OVIM_LOGLEVEL", "OVIM_LOG_LEVEL")]
    [InlineData("OVIM_HTTP_PORT_", "OVIM_HTTP_PORT")]
    public void Misspelt_variable_is_warned_of_with_the_nearest_name(string name, string nearest) => Assert.Equal(
        $"{name} is not a setting of this agent; the nearest is {nearest}",
        Assert.Single(new TestEnvironment().With(name, "x").Load().Warnings));

    [Theory]
    [InlineData("POD_NAME", "agent-0")]
    [InlineData("PATH", "/bin")]
    [InlineData("OVIM_E2E_KUBECONFIG", "/kubeconfig")]
    [InlineData("OVIM_SPOKE_AGENT_SERVICE_HOST", "10.96.0.7")]
    [InlineData("OVIM_SPOKE_AGENT_SERVICE_PORT", "8080")]
    [InlineData("OVIM_SPOKE_AGENT_SERVICE_PORT_HTTP", "8080")]
    [InlineData("OVIM_SPOKE_AGENT_PORT", "tcp://10.96.0.7:8080")]
    [InlineData("OVIM_SPOKE_AGENT_PORT_8080_TCP_ADDR", "10.96.0.7")]
    public void Variable_of_someone_else_is_left_alone(string name, string value) =>
        new TestEnvironment().With(name, value).LoadClean();

    [Theory]
    [InlineData("", "", 0)]
    [InlineData("abc", "abc", 0)]
    [InlineData("abc", "", 3)]
    [InlineData("kitten", "sitting", 3)]
    [InlineData("flaw", "lawn", 2)]
    public void Edit_distance_counts_insertions_deletions_and_substitutions(string a, string b, int distance)
    {
        Assert.Equal(distance, UnknownSettings.EditDistance(a, b));
        Assert.Equal(distance, UnknownSettings.EditDistance(b, a));
    }
}
