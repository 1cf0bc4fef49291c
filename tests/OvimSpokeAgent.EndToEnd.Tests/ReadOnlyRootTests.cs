using System.Text.Json.Nodes;
using OvimSpokeAgent.EndToEnd.Tests.Harness;

namespace OvimSpokeAgent.EndToEnd.Tests;

/// <summary>The deployed pod has no place to write to: the agent needs none, and .NET looks for none.</summary>
public sealed class ReadOnlyRootTests
{
    [InPodFact]
    public async Task Agent_does_its_job_where_it_can_write_nothing()
    {
        await using var environment = await TestEnvironment.StartAsync(await SandboxTestCluster.StartAsync(), ownsCluster: true);
        var variables = AsDeployed(environment);
        variables["HOME"] = "/";
        await using var agent = AgentProcess.StartBehind(PodPlace.Command(), variables);

        await DoesItsJobAsync(environment);

        Assert.Equal(0, await agent.TerminateAsync());
        Assert.Empty(agent.Errors);
    }

    [Fact]
    public async Task Agent_leaves_nothing_behind_where_it_could_write()
    {
        await using var environment = await TestEnvironment.StartAsync(await SandboxTestCluster.StartAsync(), ownsCluster: true);
        var place = Directory.CreateTempSubdirectory("ovim-place-").FullName;
        var variables = AsDeployed(environment);
        (variables["HOME"], variables["TMPDIR"]) = (place, place);
        await using var agent = AgentProcess.StartIn(place, variables);

        await DoesItsJobAsync(environment);

        Assert.Empty(Directory.GetFileSystemEntries(place));
        Assert.Equal(0, await agent.TerminateAsync());
        Assert.Empty(Directory.GetFileSystemEntries(place));
        Directory.Delete(place);
    }

    // With the variables that deploy/base sets itself.
    private static Dictionary<string, string> AsDeployed(TestEnvironment environment)
    {
        var variables = environment.Variables();
        foreach (var variable in Manifests.AgentContainer()["env"]!.AsArray())
        {
            var name = (string)variable!["name"]!;
            if (variable["value"] is { } value && !name.StartsWith("OVIM_", StringComparison.Ordinal)) variables[name] = (string)value!;
        }
        return variables;
    }

    private static async Task DoesItsJobAsync(TestEnvironment environment)
    {
        var id = $"spoke-agent-{environment.AgentNamespace}";
        var operation = environment.Hub.Queue(id, "create_vm", new JsonObject
        {
            ["name"] = "web",
            ["namespace"] = environment.Namespace,
            ["image_url"] = "disk",
            ["cpu"] = 1,
            ["memory"] = 1,
        });
        Assert.Equal("completed", (string?)(await environment.ResultOfAsync(operation))["status"]);
        await environment.ReportsAsync(id, report => (string?)report["status"] == "healthy"
            && report["vms"]!.AsArray().Any(vm => (string?)vm!["status"] == "running"));
    }
}
