using System.Diagnostics;
using System.Text.Json.Nodes;
using OvimSpokeAgent.EndToEnd.Tests.Harness;
using OvimSpokeAgent.EndToEnd.Tests.VirtualDataCenters;

namespace OvimSpokeAgent.EndToEnd.Tests.BlastRadius;

/// <summary>Tenants on one cluster, and the agent as a process with the memory that it is deployed with.</summary>
internal sealed class TenantsWorld : IAsyncDisposable
{
    // What .NET takes of the container's 512Mi: 384 MiB.
    private const string HeapLimit = "18000000";

    private readonly TestEnvironment _environment;
    private readonly List<string> _vdcs = [];
    private AgentProcess _agent;

    private TenantsWorld(TestEnvironment environment, AgentProcess agent) => (_environment, _agent) = (environment, agent);

    public JsonApi Admin => _environment.Cluster.Admin;

    private string AgentId => $"spoke-agent-{_environment.AgentNamespace}";

    public static async Task<TenantsWorld> OpenAsync(Clusters clusters)
    {
        var environment = await clusters.OnAsync(ClusterKind.RealApiServer);
        var world = new TenantsWorld(environment, Start(environment));
        try
        {
            await world._agent.IsReadyAsync();
            return world;
        }
        catch
        {
            await world.DisposeAsync();
            throw;
        }
    }

    /// <summary>Ends the agent as the kubelet does, and starts it again.</summary>
    public async Task RestartAgentAsync()
    {
        Assert.Equal(0, await _agent.TerminateAsync());
        await _agent.DisposeAsync();
        _agent = Start(_environment);
        await _agent.IsReadyAsync();
    }

    /// <summary>It runs, and says that it is ready.</summary>
    public Task IsReadyNowAsync() => _agent.GetAsync("health/ready");

    /// <summary>Where in the agent objects cost it some of its work, and how often.</summary>
    public async Task<IReadOnlyList<string>> ObjectFailuresAsync() =>
    [
        .. (await _agent.GetAsync("metrics")).Split('\n').Where(line =>
            line.StartsWith("ovim_agent_object_failures_total{", StringComparison.Ordinal) && !line.EndsWith(" 0", StringComparison.Ordinal)),
    ];

    /// <summary>Makes a VDC; returns its namespace.</summary>
    public async Task<string> HasVdcAsync(string declaration)
    {
        var vdc = $"vdc-{Guid.NewGuid().ToString("N")[..8]}";
        _vdcs.Add(vdc);
        var payload = JsonNode.Parse(declaration)!.AsObject();
        (payload["vdc_name"], payload["target_namespace"], payload["organization"]) = (vdc, vdc, "acme");
        await CompletesAsync("create_vdc", payload);
        return vdc;
    }

    /// <summary>Another tenant gets a VDC and a VM in it, and the VDC's isolation back after someone took it away.</summary>
    public async Task<NeighbourTimes> ServesNeighbourAsync()
    {
        var vdc = await HasVdcAsync("""{"quota":{"cpu":4,"memory":8},"network_policy":"isolated"}""");
        var clock = Stopwatch.StartNew();
        await CompletesAsync("create_vm", new JsonObject
        {
            ["name"] = "web",
            ["namespace"] = vdc,
            ["image_url"] = "quay.io/x/disk:1",
            ["cpu"] = 1,
            ["memory"] = "1Gi",
        });
        var operation = clock.Elapsed;
        var policies = VdcWorld.Collection(vdc, VdcWorld.Policies);
        var uid = (string)(await Admin.GetAsync($"{policies}/vdc-isolation-policy"))["metadata"]!["uid"]!;
        clock.Restart();
        await Admin.DeleteAsync($"{policies}/vdc-isolation-policy");
        await Admin.WaitForAsync(policies, "vdc-isolation-policy", policy => policy is not null && (string?)policy["metadata"]!["uid"] != uid);
        return new NeighbourTimes(operation, clock.Elapsed);
    }

    /// <summary>Waits until the agent reports a VDC with this status.</summary>
    public Task<JsonObject> ReportsVdcAsync(string vdc, string status) => _environment.ReportsAsync(AgentId, report =>
        report["vdcs"]!.AsArray().Any(item => (string?)item!["namespace"] == vdc && (string?)item["status"] == status));

    public async ValueTask DisposeAsync()
    {
        await _agent.DisposeAsync();
        foreach (var vdc in _vdcs) await Admin.DeleteAsync($"api/v1/namespaces/{vdc}");
        await _environment.DisposeAsync();
    }

    private async Task CompletesAsync(string type, JsonObject payload)
    {
        var id = _environment.Hub.Queue(AgentId, type, payload, id: $"op-{Guid.NewGuid():N}");
        try
        {
            var result = await _environment.ResultOfAsync(id);
            Assert.True((string?)result["status"] == "completed", $"{type}: {result.ToJsonString()}");
        }
        catch (TimeoutException e)
        {
            throw new TimeoutException($"{type}: {e.Message}\n{_agent.Output}", e);
        }
    }

    private static AgentProcess Start(TestEnvironment environment)
    {
        var variables = environment.Variables();
        variables["DOTNET_GCHeapHardLimit"] = HeapLimit;
        variables["OVIM_HEARTBEAT_INTERVAL"] = "5s";
        return AgentProcess.Start(variables);
    }
}

/// <summary>How long another tenant waited.</summary>
/// <param name="Operation">For a VM, from the hub's queue to the result.</param>
/// <param name="Repair">For the isolation that someone took away.</param>
internal sealed record NeighbourTimes(TimeSpan Operation, TimeSpan Repair);
