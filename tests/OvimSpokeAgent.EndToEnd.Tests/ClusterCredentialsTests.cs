using System.Text.Json.Nodes;
using k8s;
using OvimSpokeAgent.EndToEnd.Tests.Harness;
using OvimSpokeAgent.EndToEnd.Tests.Hub;

namespace OvimSpokeAgent.EndToEnd.Tests;

/// <summary>Kubeconfigs as people have them, tokens that end, and CAs that are replaced under a running agent.</summary>
public sealed class ClusterCredentialsTests(Clusters clusters) : IClassFixture<Clusters>
{
    [Theory, OnSandbox, OnRealApiServer]
    public async Task Token_file_of_a_kubeconfig_is_the_agents_token(ClusterKind kind)
    {
        await using var environment = await clusters.OnAsync(kind);
        using var files = WithTokenFile(environment);
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
        using var files = WithTokenFile(environment, "e30.eyJleHAiOjE3MzU2ODk2MDB9.c2ln"); // exp: 2025-01-01
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

    [Fact]
    public async Task Token_of_a_file_may_be_replaced_under_the_running_agent()
    {
        using var authority = TestAuthority.New();
        await using var server = new RawHub(authority.Server().Load());
        server.Answer("/", "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        using var files = new MountedSecret(("token", "before"), ("ca.crt", authority.Pem), ("config", ""));
        var config = Kubeconfig(server.Url, files["ca.crt"]).Replace("token: t", "tokenFile: token", StringComparison.Ordinal);
        files.Write(("token", "before\n"), ("ca.crt", authority.Pem), ("config", config));
        await using var agent = AgentProcess.Start(
            ("OVIM_CLUSTER_ID", "east-1"), ("OVIM_HUB_ENDPOINT", "http://127.0.0.1:1"), ("OVIM_HUB_TOKEN", "t"),
            ("OVIM_KUBECONFIG", files["config"]));
        await server.WaitForRequestsAsync("/api", 1);

        files.Write(("token", "after\n"), ("ca.crt", authority.Pem), ("config", config));

        await server.WaitForAsync(request => request.Head.Contains("Authorization: Bearer after\r\n", StringComparison.Ordinal));
        Assert.Contains("Authorization: Bearer before\r\n", server.Requests.First().Head, StringComparison.Ordinal);
        Assert.Equal(0, await agent.TerminateAsync());
    }

    [Theory, InPodOnRealApiServer]
    public async Task Service_account_that_is_made_anew_costs_an_agent_in_its_pod_nothing(ClusterKind kind)
    {
        await using var environment = await clusters.OnAsync(kind);
        var variables = environment.Variables();
        variables.Remove("OVIM_KUBECONFIG", out var kubeconfig);
        using var mounted = new MountedSecret(await ServiceAccountFilesAsync(environment, kubeconfig!));
        var address = new Uri(KubernetesClientConfiguration.BuildConfigFromConfigFile(kubeconfig).Host);
        (variables["KUBERNETES_SERVICE_HOST"], variables["KUBERNETES_SERVICE_PORT"]) = (address.Host, $"{address.Port}");
        await using var agent = AgentProcess.StartBehind(PodPlace.Command(mounted.Folder), variables);
        var id = $"spoke-agent-{environment.AgentNamespace}";
        await agent.IsReadyAsync();
        await environment.ReportsAsync(id, report => (string?)report["status"] == "healthy");

        await environment.Cluster.Admin.DeleteAsync(AccountOf(environment));
        await environment.ReportsAsync(id, report => (string?)report["status"] != "healthy");
        var operation = environment.Hub.Queue(id, "create_vm", new JsonObject
        {
            ["name"] = "web",
            ["namespace"] = environment.Namespace,
            ["image_url"] = "disk",
            ["cpu"] = 1,
            ["memory"] = 1,
        });
        await environment.Cluster.Admin.CreateAsync(AccountsOf(environment), new JsonObject
        {
            ["apiVersion"] = "v1",
            ["kind"] = "ServiceAccount",
            ["metadata"] = new JsonObject { ["name"] = "ovim-spoke-agent" },
        });
        mounted.Write(await ServiceAccountFilesAsync(environment, kubeconfig!));

        Assert.Equal("completed", (string?)(await environment.ResultOfAsync(operation))["status"]);
        await environment.ReportsAsync(id, report => (string?)report["status"] == "healthy");
        Assert.Equal(0, await agent.TerminateAsync());
    }

    // As Kubernetes mounts them.
    private static async Task<(string, string)[]> ServiceAccountFilesAsync(TestEnvironment environment, string kubeconfig)
    {
        var admin = KubernetesClientConfiguration.BuildConfigFromConfigFile(kubeconfig);
        return
        [
            ("token", await environment.Cluster.Admin.TokenOfAgentAsync(environment.AgentNamespace)),
            ("ca.crt", admin.SslCaCerts.ExportCertificatePems()),
            ("namespace", environment.AgentNamespace),
        ];
    }

    private static string AccountsOf(TestEnvironment environment) => $"api/v1/namespaces/{environment.AgentNamespace}/serviceaccounts";

    private static string AccountOf(TestEnvironment environment) => $"{AccountsOf(environment)}/ovim-spoke-agent";

    private static string Kubeconfig(Uri server, string ca) => $$"""
        apiVersion: v1
        kind: Config
        current-context: c
        contexts: [{name: c, context: {cluster: k, user: u} }]
        clusters: [{name: k, cluster: {server: "{{server}}", certificate-authority: "{{ca}}" } }]
        users: [{name: u, user: {token: t} }]
        """;

    // The agent's kubeconfig, with the token in a file beside it.
    private static MountedSecret WithTokenFile(TestEnvironment environment, string? token = null)
    {
        var kubeconfig = Manifests.Read(environment.Variables()["OVIM_KUBECONFIG"]).Single();
        var user = kubeconfig["users"]!.AsArray().Single()!["user"]!.AsObject();
        token ??= (string)user["token"]!;
        user.Remove("token");
        user["tokenFile"] = "token";
        return new MountedSecret(("token", token + "\n"), ("config", kubeconfig.ToJsonString()));
    }
}
