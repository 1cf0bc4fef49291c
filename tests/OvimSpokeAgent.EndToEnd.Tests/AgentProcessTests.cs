using System.Text.Json.Nodes;
using OvimSpokeAgent.EndToEnd.Tests.Harness;

namespace OvimSpokeAgent.EndToEnd.Tests;

/// <summary>The agent as it is deployed: a process with variables and a kubeconfig.</summary>
public sealed class AgentProcessTests(Clusters clusters) : IClassFixture<Clusters>
{
    [Theory, OnSandbox, OnRealApiServer]
    public async Task Agent_does_its_job_and_ends_with_a_last_report_and_exit_code_0(ClusterKind kind)
    {
        await using var environment = await clusters.OnAsync(kind);
        var variables = environment.Variables();
        variables["OVIM_LOG_LEVEL"] = "info";
        await using var agent = AgentProcess.Start(variables);
        var id = $"spoke-agent-{environment.AgentNamespace}";

        await environment.ReportsAsync(id, report => (string?)report["status"] == "healthy");
        var operation = environment.Hub.Queue(id, "VMCreate", new JsonObject
        {
            ["name"] = "web",
            ["namespace"] = environment.Namespace,
            ["image_url"] = "docker://quay.io/containerdisks/fedora:latest",
            ["cpu"] = "2",
            ["memory"] = 4,
        });
        var result = await environment.ResultOfAsync(operation);
        await environment.ReportsAsync(id, report => report["vms"]!.AsArray().Any(vm => (string?)vm!["status"] == "running"));
        agent.Terminate();

        Assert.Equal(0, await agent.ExitAsync());
        Assert.Equal("completed", (string?)result["status"]);
        Assert.Equal("unavailable", (string?)environment.Hub.Reports[^1].Json["status"]);
        Assert.Matches("State \"Connecting\" → ", agent.Output);
        Assert.Matches("State .* → \"Healthy\": ", agent.Output);
        Assert.DoesNotContain(environment.Variables()["OVIM_HUB_TOKEN"], agent.Output, StringComparison.Ordinal);
        var audit = JsonNode.Parse(agent.Output.Split('\n').First(line => line.Contains("OvimSpokeAgent.Audit", StringComparison.Ordinal)))!;
        Assert.Equal(
            ("create", "virtualmachines.kubevirt.io", $"{environment.Namespace}/web", "done", "operation create_vm", operation),
            ((string?)audit["Verb"], (string?)audit["Resource"], (string?)audit["Object"], (string?)audit["Result"], (string?)audit["By"], (string?)audit["OperationId"]));
        Assert.StartsWith("ovim-op-", (string?)audit["OperationKey"], StringComparison.Ordinal);
    }
}
