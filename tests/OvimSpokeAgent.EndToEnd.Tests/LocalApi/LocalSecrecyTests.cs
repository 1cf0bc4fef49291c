using System.Text.Json.Nodes;
using OvimSpokeAgent.EndToEnd.Tests.Harness;
using OvimSpokeAgent.EndToEnd.Tests.Hub;
using OvimSpokeAgent.Sandbox.Hub;

namespace OvimSpokeAgent.EndToEnd.Tests.LocalApi;

/// <summary>Secrets that the agent has are in none of its documents, at whatever level it logs.</summary>
public sealed class LocalSecrecyTests
{
    private const string PushToken = "push-Zq7vKx2mWp9";
    private const string UserData = "#cloud-config\npassword: Rk4tYb8nLs1";

    private static readonly string[] Secrets = [new SandboxHubOptions().Token, PushToken, "Rk4tYb8nLs1"];

    [Fact]
    public async Task Tokens_and_user_data_are_shown_nowhere()
    {
        await using var environment = await TestEnvironment.StartAsync(await SandboxTestCluster.StartAsync(), ownsCluster: true);
        using var secret = new MountedSecret(("token", PushToken), ("hub", new SandboxHubOptions().Token));
        var agent = await environment.StartAgentAsync(
            ("OVIM_LOG_LEVEL", "debug"), ("OVIM_PUSH_TOKEN_FILE", secret["token"]), ("OVIM_HUB_TOKEN", ""), ("OVIM_HUB_TOKEN_FILE", secret["hub"]));
        await environment.CompletesAsync(agent, "create_vm", "web", Fields());
        await environment.FailsAsync(agent, "create_vm", "web-2", [.. Fields(), ("network_data", new JsonObject { ["key"] = UserData })]);
        await environment.FailsAsync(agent, "start_vm", "none");
        await environment.ReportsVmAsync(agent, "web", "running");
        using var local = new LocalClient(agent.LocalUrl);

        var said = new Dictionary<string, string>();
        foreach (var path in LocalClient.Documents) said[path] = (await local.GetAsync(path)).ToJsonString();

        Assert.All(said, document => Assert.DoesNotContain(Secrets, one => document.Value.Contains(one, StringComparison.Ordinal)));
        Assert.Contains("\"outcome\":\"failed\"", said["debug/operations"], StringComparison.Ordinal);
        var settings = JsonNode.Parse(said["debug/settings"])!["settings"]!.AsArray();
        Assert.Contains(settings, one => (string?)one!["name"] == "OVIM_PUSH_TOKEN_FILE" && (string?)one["value"] == secret["token"]);
    }

    private static (string, JsonNode)[] Fields() =>
        [("image_url", "quay.io/containerdisks/fedora:latest"), ("cpu", 1), ("memory", "1Gi"), ("cloud_init", UserData)];
}
