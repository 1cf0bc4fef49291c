using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Configuration;
using OvimSpokeAgent.Tests.Configuration;

namespace OvimSpokeAgent.Tests.Cluster;

public sealed class KubernetesConnectionTests : IDisposable
{
    private const string Good =
        """
        apiVersion: v1
        kind: Config
        current-context: c
        contexts: [{name: c, context: {cluster: k, user: u}}]
        clusters: [{name: k, cluster: {server: "https://api.example:6443"}}]
        users: [{name: u, user: {token: t}}]
        """;

    private readonly string _file = Path.GetTempFileName();

    [Fact]
    public void Kubeconfig_names_the_server()
    {
        using var client = Open(Good);

        Assert.Equal("https://api.example:6443/", client.BaseUri.ToString());
    }

    [Theory]
    [InlineData("no kubeconfig")]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("7")]
    [InlineData("a: b: c")]
    [InlineData("current-context: [x]")]
    [InlineData("current-context: c\ncontexts: [{context: {cluster: k}}]\n")]
    [InlineData("current-context: c\ncontexts: [null]\n")]
    [InlineData("current-context: c\ncontexts: 7\n")]
    [InlineData("current-context: c\ncontexts: [7]\n")]
    [InlineData("current-context: c\ncontexts: [{name: c, context: [] }]\n")]
    [InlineData("current-context: c\ncontexts: [{name: [], context: {cluster: k}}]\n")]
    [InlineData("apiVersion: v1\nkind: Config\nclusters: []\n")]
    [InlineData("apiVersion: v1\nkind: Config\ncurrent-context: absent\ncontexts: []\n")]
    public void Kubeconfig_that_cannot_be_used_is_an_error_of_the_configuration(string text)
    {
        var error = Assert.Single(Assert.Throws<ConfigurationException>(() => Open(text)).Errors);

        Assert.StartsWith($"OVIM_KUBECONFIG: \"{_file}\" cannot be used (", error, StringComparison.Ordinal);
        Assert.EndsWith("), expected the path of one readable file that holds a kubeconfig", error, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error);
    }

    [Theory]
    [InlineData("server: \"https://api.example:6443\"", "server: \"no url\"")]
    [InlineData("server: \"https://api.example:6443\"", "server: \"https://api.example\", certificate-authority-data: \"%%%\"")]
    [InlineData("server: \"https://api.example:6443\"", "server: \"https://api.example\", certificate-authority: /no/such/ca.crt")]
    [InlineData("token: t", "client-certificate-data: AAAA, client-key-data: AAAA")]
    public void Kubeconfig_with_a_part_that_cannot_be_used_is_an_error_of_the_configuration(string part, string by) =>
        Assert.Throws<ConfigurationException>(() => Open(Good.Replace(part, by, StringComparison.Ordinal)));

    [Fact]
    public void Neither_kubeconfig_nor_pod_is_an_error_of_the_configuration()
    {
        var settings = new TestEnvironment().LoadClean();
        Environment.SetEnvironmentVariable("KUBERNETES_SERVICE_HOST", null); // the tests themselves may run in a pod

        var error = Assert.Single(Assert.Throws<ConfigurationException>(() => KubernetesConnection.Open(settings, [], TimeProvider.System)).Errors);

        Assert.StartsWith(
            "OVIM_KUBECONFIG: missing, expected a kubeconfig, or a pod with a service account (", error, StringComparison.Ordinal);
    }

    public void Dispose() => File.Delete(_file);

    private ClusterClient Open(string kubeconfig)
    {
        File.WriteAllText(_file, kubeconfig);
        return KubernetesConnection.Open(new TestEnvironment().LoadClean() with { Kubeconfig = _file }, [], TimeProvider.System);
    }
}
