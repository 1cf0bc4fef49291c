using System.Text.Json.Nodes;
using OvimSpokeAgent.EndToEnd.Tests.Harness;
using OvimSpokeAgent.EndToEnd.Tests.Hub;

namespace OvimSpokeAgent.EndToEnd.Tests;

/// <summary>Kubeconfigs as people have them, tokens that end, and CAs that are replaced under a running agent.</summary>
[Collection(ClustersCollection.Name)]
public sealed class ClusterCredentialsTests(Clusters clusters)
{
    [Theory, OnSandbox, OnRealApiServer]
    public async Task Token_file_of_a_kubeconfig_is_the_agents_token(ClusterKind kind)
    {
        await using var environment = await clusters.OnAsync(kind);
        using var files = await WithTokenFileAsync(environment);
        var variables = environment.Variables();
        variables["OVIM_KUBECONFIG"] = files["config"];
        await using var agent = AgentProcess.Start(variables);

        await agent.IsReadyAsync();
        await environment.ReportsAsync($"spoke-agent-{environment.AgentNamespace}", report => (string?)report["status"] == "healthy");

        Assert.Equal(0, await agent.TerminateAsync());
    }

    [Theory, OnRealApiServer]
    public async Task Token_that_ended_makes_the_agent_unhealthy_and_is_named(ClusterKind kind)
    {
        await using var environment = await clusters.OnAsync(kind);
        using var files = await WithTokenFileAsync(environment, "e30.eyJleHAiOjE3MzU2ODk2MDB9.c2ln"); // exp: 2025-01-01
        var variables = environment.Variables();
        (variables["OVIM_KUBECONFIG"], variables["OVIM_LOG_LEVEL"]) = (files["config"], "info");
        await using var agent = AgentProcess.Start(variables);

        await agent.WroteAsync("expired on 2025-01-01 00:00:00Z");

        var health = JsonNode.Parse(await agent.GetAsync("health/status"))!;
        Assert.Equal("Unhealthy", (string?)health["components"]!["cluster"]!["status"]);
        Assert.Contains("expired on 2025-01-01", (string?)health["components"]!["cluster"]!["message"], StringComparison.Ordinal);
        Assert.Equal(0, await agent.TerminateAsync());
    }

    [Fact]
    public async Task Ca_of_the_api_server_may_be_replaced_under_the_running_agent()
    {
        using var old = TestAuthority.New("old CA");
        using var next = TestAuthority.New("new CA");
        await using var server = new RawHub(next.Server().Load());
        server.Answer("/version", "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        using var files = new MountedSecret(("ca.crt", old.Pem), ("config", ""));
        files.Write(("ca.crt", old.Pem), ("config", Kubeconfig(server.Url, files["ca.crt"])));
        await using var agent = AgentProcess.Start(
            ("OVIM_CLUSTER_ID", "east-1"), ("OVIM_HUB_ENDPOINT", "http://127.0.0.1:1"), ("OVIM_HUB_TOKEN", "t"),
            ("OVIM_KUBECONFIG", files["config"]), ("OVIM_LOG_LEVEL", "info"));
        await agent.WroteAsync("certificate");
        Assert.Empty(server.Requests);

        files.Write(("ca.crt", next.Pem), ("config", Kubeconfig(server.Url, files["ca.crt"])));

        await server.WaitForRequestsAsync("/api", 1);
        Assert.Equal(0, await agent.TerminateAsync());
    }

    private static string Kubeconfig(Uri server, string ca) => $$"""
        apiVersion: v1
        kind: Config
        current-context: c
        contexts: [{name: c, context: {cluster: k, user: u} }]
        clusters: [{name: k, cluster: {server: "{{server}}", certificate-authority: "{{ca}}" } }]
        users: [{name: u, user: {token: t} }]
        """;

    // The agent's kubeconfig, with the token in a file beside it.
    private static async Task<MountedSecret> WithTokenFileAsync(TestEnvironment environment, string? token = null)
    {
        var text = await File.ReadAllTextAsync(environment.Variables()["OVIM_KUBECONFIG"]);
        var lines = text.Split('\n');
        var line = Assert.Single(lines, line => line.TrimStart(' ', '-').StartsWith("token:", StringComparison.Ordinal));
        var found = line[(line.IndexOf("token:", StringComparison.Ordinal) + 6)..].Trim(' ', '"', '\'');
        return new MountedSecret(
            ("token", (token ?? found) + "\n"),
            ("config", text.Replace(line, line[..line.IndexOf("token:", StringComparison.Ordinal)] + "tokenFile: token", StringComparison.Ordinal)));
    }
}
