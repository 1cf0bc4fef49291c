using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using OvimSpokeAgent.EndToEnd.Tests.Harness;

namespace OvimSpokeAgent.EndToEnd.Tests;

/// <summary>What the agent cannot go on after ends the process, with an exit code and one line that names the component.</summary>
public sealed class FatalErrorTests : IDisposable
{
    private const int Fatal = 70; // sysexits.h, EX_SOFTWARE
    private const string OutOfMemory = ": out of memory, the heap may have [0-9]+ MiB: raise the container's memory limit$";

    private readonly string _kubeconfig = Path.GetTempFileName();

    public void Dispose() => File.Delete(_kubeconfig);

    [Fact]
    public async Task Port_that_is_taken_is_told_in_one_line()
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var variables = Alone();
        variables["OVIM_HTTP_PORT"] = $"{((IPEndPoint)taken.LocalEndpoint).Port}";

        await using var agent = AgentProcess.Start(variables);

        Assert.Equal(Fatal, await agent.ExitAsync());
        Assert.Matches("^fatal: start: Failed to bind to address .* address already in use", Assert.Single(agent.Errors));
    }

    [Fact]
    public async Task Memory_that_is_out_at_the_start_is_told_in_one_line()
    {
        var variables = Alone();
        File.AppendAllText(_kubeconfig, $"\n# {new string('x', 1_000_000)}"); // is read whole
        variables["DOTNET_GCHeapHardLimit"] = "400000";

        await using var agent = AgentProcess.Start(variables);

        Assert.Equal(Fatal, await agent.ExitAsync());
        Assert.Matches("^fatal: start" + OutOfMemory, Assert.Single(agent.Errors));
    }

    [Fact]
    public async Task Memory_that_is_out_later_is_told_in_one_line_too()
    {
        await using var environment = await TestEnvironment.StartAsync(await SandboxTestCluster.StartAsync(hasController: false), ownsCluster: true);
        var labels = new JsonObject();
        for (var i = 0; i < 14_000; i++) labels[string.Create(CultureInfo.InvariantCulture, $"k{i:d5}")] = new string('v', 63);
        for (var i = 0; i < 12; i++) // more than the heap may have, in one page of a list
        {
            await environment.Cluster.Admin.CreateAsync(TestClusterExtensions.VmsOf(environment.Namespace), new JsonObject
            {
                ["apiVersion"] = "kubevirt.io/v1",
                ["kind"] = "VirtualMachine",
                ["metadata"] = new JsonObject { ["name"] = $"vm-{i}", ["namespace"] = environment.Namespace, ["labels"] = labels.DeepClone() },
                ["spec"] = JsonNode.Parse("""{"runStrategy":"Halted","template":{"spec":{"domain":{"devices":{}}}}}"""),
            });
        }
        var variables = environment.Variables();
        variables["DOTNET_GCHeapHardLimit"] = "D00000";

        await using var agent = AgentProcess.Start(variables);

        Assert.Equal(Fatal, await agent.ExitAsync());
        Assert.Matches("^fatal: .+" + OutOfMemory, Assert.Single(agent.Errors));
    }

    // Neither hub nor cluster.
    private Dictionary<string, string> Alone()
    {
        File.WriteAllText(_kubeconfig,
            """
            apiVersion: v1
            kind: Config
            clusters: [{name: c, cluster: {server: "http://127.0.0.1:9"}}]
            users: [{name: u, user: {token: t}}]
            contexts: [{name: x, context: {cluster: c, user: u}}]
            current-context: x
            """);
        return TestAgent.Variables(new Uri("http://127.0.0.1:9"), _kubeconfig, "ovim-system");
    }
}
