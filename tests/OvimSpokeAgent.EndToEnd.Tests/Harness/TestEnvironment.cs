using System.Diagnostics;
using System.Text.Json.Nodes;
using OvimSpokeAgent.Sandbox.Hub;

namespace OvimSpokeAgent.EndToEnd.Tests.Harness;

/// <summary>A hub, a cluster with a namespace for VMs, and the rights for one agent: what most tests begin with.</summary>
internal sealed class TestEnvironment : IAsyncDisposable
{
    private static readonly TimeSpan Patience = JsonApi.Patience;

    private readonly List<string> _namespaces = [];
    private readonly List<TestAgent> _agents = [];
    private readonly string _kubeconfig;
    private readonly bool _ownsCluster;

    private TestEnvironment(ITestCluster cluster, bool ownsCluster, SandboxHub hub, string agentNamespace, string kubeconfig) =>
        (Cluster, _ownsCluster, Hub, AgentNamespace, _kubeconfig) = (cluster, ownsCluster, hub, agentNamespace, kubeconfig);

    public ITestCluster Cluster { get; }

    public SandboxHub Hub { get; }

    /// <summary>The agent's own namespace.</summary>
    public string AgentNamespace { get; }

    /// <summary>A managed namespace for the test's VMs.</summary>
    public string Namespace => _namespaces[0];

    /// <summary>Starts it on a cluster, which is disposed of with it if the test owns it.</summary>
    public static async Task<TestEnvironment> StartAsync(ITestCluster cluster, bool ownsCluster, SandboxHubOptions? hub = null)
    {
        var ns = $"ovim-{Guid.NewGuid().ToString("N")[..8]}";
        var kubeconfig = await cluster.InstallAgentAsync(ns);
        var environment = new TestEnvironment(cluster, ownsCluster, await SandboxHub.StartAsync(hub), ns, kubeconfig);
        environment._namespaces.Add(await cluster.HasManagedNamespaceAsync());
        return environment;
    }

    /// <summary>The variables that configure the agent.</summary>
    public Dictionary<string, string> Variables() => TestAgent.Variables(Hub.Url, _kubeconfig, AgentNamespace);

    /// <summary>Starts the agent, with some variables changed.</summary>
    public async Task<TestAgent> StartAgentAsync(params (string Name, string Value)[] changed)
    {
        var variables = Variables();
        foreach (var (name, value) in changed) variables[name] = value;
        var agent = await TestAgent.StartAsync(variables);
        _agents.Add(agent);
        return agent;
    }

    /// <summary>Makes another managed namespace.</summary>
    public async Task<string> HasAnotherNamespaceAsync()
    {
        _namespaces.Add(await Cluster.HasManagedNamespaceAsync());
        return _namespaces[^1];
    }

    /// <summary>Queues an operation on a VM of the test's namespace; returns its id.</summary>
    public string Queues(TestAgent agent, string type, string vm, params (string Field, JsonNode Value)[] more) =>
        QueuesIn(Namespace, agent, type, vm, more);

    /// <summary>Queues an operation on a VM of a namespace; returns its id.</summary>
    public string QueuesIn(string ns, TestAgent agent, string type, string vm, params (string Field, JsonNode Value)[] more)
    {
        var payload = new JsonObject { ["name"] = vm, ["namespace"] = ns };
        foreach (var (field, value) in more) payload[field] = value;
        return Hub.Queue(agent.Id, type, payload, id: $"op-{Guid.NewGuid():N}");
    }

    /// <summary>Queues an operation and waits for its result.</summary>
    public Task<JsonObject> RunsAsync(TestAgent agent, string type, string vm, params (string Field, JsonNode Value)[] more) =>
        ResultOfAsync(Queues(agent, type, vm, more));

    /// <summary>As <see cref="RunsAsync"/>; the result must be a completion.</summary>
    /// <returns>The result's <c>result</c>.</returns>
    public async Task<JsonObject> CompletesAsync(TestAgent agent, string type, string vm, params (string Field, JsonNode Value)[] more)
    {
        var result = await RunsAsync(agent, type, vm, more);
        Assert.True((string?)result["status"] == "completed", $"{type}: {result.ToJsonString()}");
        return result["result"]!.AsObject();
    }

    /// <summary>As <see cref="RunsAsync"/>; the result must be a failure.</summary>
    /// <returns>The result's <c>error</c>.</returns>
    public async Task<string> FailsAsync(TestAgent agent, string type, string vm, params (string Field, JsonNode Value)[] more)
    {
        var result = await RunsAsync(agent, type, vm, more);
        Assert.True((string?)result["status"] == "failed", $"{type}: {result.ToJsonString()}");
        return (string)result["error"]!;
    }

    /// <summary>The body of the result for an operation; waits for it.</summary>
    public async Task<JsonObject> ResultOfAsync(string id)
    {
        using var limit = new CancellationTokenSource(Patience);
        try
        {
            return (await Hub.ResultOfAsync(id, limit.Token)).Json;
        }
        catch (OperationCanceledException)
        {
            throw new TimeoutException($"no result for {id} within {Patience}");
        }
    }

    /// <summary>Waits until the agent's latest report is as wanted.</summary>
    public Task<JsonObject> ReportsAsync(TestAgent agent, Func<JsonObject, bool> isAsWanted) => ReportsAsync(agent.Id, isAsWanted);

    /// <summary>Waits until the latest report of the agent with this id is as wanted.</summary>
    public async Task<JsonObject> ReportsAsync(string agent, Func<JsonObject, bool> isAsWanted)
    {
        using var limit = new CancellationTokenSource(Patience);
        try
        {
            var report = await Hub.ReportAsync(report => report == LatestReport(agent) && isAsWanted(report.Json), limit.Token);
            return report.Json;
        }
        catch (OperationCanceledException)
        {
            throw new TimeoutException($"no report as wanted within {Patience}; the latest: {LatestReport(agent)?.Json.ToJsonString()}");
        }
    }

    /// <summary>Waits for the agent's next report.</summary>
    public Task<JsonObject> NextReportAsync(TestAgent agent)
    {
        var latest = LatestReport(agent.Id);
        return ReportsAsync(agent, _ => LatestReport(agent.Id) != latest);
    }

    /// <summary>Waits until a component of the agent's health says this; looks with every report.</summary>
    public async Task SaysInHealthAsync(TestAgent agent, string component, string message)
    {
        var started = Stopwatch.StartNew();
        while (true)
        {
            var said = (string?)(await agent.HealthAsync())["components"]![component]!["message"];
            if (said!.Contains(message, StringComparison.Ordinal)) return;
            if (started.Elapsed > Patience) throw new TimeoutException($"{component} does not say \"{message}\" within {Patience} but: {said}");
            await NextReportAsync(agent);
        }
    }

    /// <summary>Waits until the agent reports a VM with this status; null: until it reports it no more.</summary>
    public async Task<JsonObject?> ReportsVmAsync(TestAgent agent, string vm, string? status) =>
        VmIn(await ReportsAsync(agent, report => (string?)VmIn(report, vm)?["status"] == status), vm);

    /// <summary>Changes a VM as its owner would.</summary>
    public Task<JsonObject> ChangesVmAsync(string vm, JsonObject patch) =>
        Cluster.Admin.MergeAsync($"{TestClusterExtensions.VmsOf(Namespace)}/{vm}", patch);

    /// <summary>Waits until the VM's VMI (null: there is none) is as wanted.</summary>
    public Task<JsonObject?> HasGuestAsync(string vm, Func<JsonObject?, bool> isAsWanted) =>
        Cluster.Admin.WaitForAsync($"apis/kubevirt.io/v1/namespaces/{Namespace}/virtualmachineinstances", vm, isAsWanted);

    /// <summary>The uid of the VM's VMI: it changes with every boot.</summary>
    public async Task<string> UidOfGuestAsync(string vm) =>
        (string)(await HasGuestAsync(vm, vmi => vmi is not null))!["metadata"]!["uid"]!;

    public async ValueTask DisposeAsync()
    {
        try
        {
            await SaysNoSecretsAsync();
        }
        finally
        {
            foreach (var agent in _agents) await agent.DisposeAsync();
            await Hub.DisposeAsync();
            if (_ownsCluster) await Cluster.DisposeAsync();
            else foreach (var ns in _namespaces.Append(AgentNamespace)) await Cluster.Admin.DeleteAsync($"api/v1/namespaces/{ns}");
        }
    }

    // In every test that has an environment, not only in those about secrets.
    private async Task SaysNoSecretsAsync()
    {
        var said = new List<string>(Hub.Results.Select(result => result.Body));
        foreach (var agent in _agents) said.AddRange([.. await agent.SaysAsync(), LatestReport(agent.Id)?.Json.ToJsonString() ?? ""]);
        // None from an API server that a test took away.
        foreach (var ns in (IEnumerable<string>)[.. _namespaces, AgentNamespace, "default"])
            said.Add((await Cluster.Admin.TryGetAsync($"api/v1/namespaces/{ns}/events?limit=500")).Body);
        foreach (var text in said) SeededSecrets.AreNotIn("what the agent says", text);
    }

    private ReceivedReport? LatestReport(string agent) => Hub.Reports.LastOrDefault(report => report.AgentId == agent);

    private JsonObject? VmIn(JsonObject report, string vm) => report["vms"]?.AsArray()
        .Select(item => item!.AsObject())
        .SingleOrDefault(item => (string?)item["name"] == vm && (string?)item["namespace"] == Namespace);
}
