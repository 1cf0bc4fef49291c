using System.Text.Json.Nodes;
using OvimSpokeAgent.EndToEnd.Tests.Harness;

namespace OvimSpokeAgent.EndToEnd.Tests.VirtualDataCenters;

/// <summary>A cluster with an agent that runs as its own service account, and the VDCs of one test.</summary>
internal sealed class VdcWorld : IAsyncDisposable
{
    public const string Quotas = "resourcequotas";
    public const string Limits = "limitranges";
    public const string Policies = "networkpolicies";
    public const string Bindings = "rolebindings";

    private readonly HashSet<string> _namespaces = [];
    private readonly List<JsonApi> _hands = [];

    private VdcWorld(TestEnvironment environment, TestAgent agent) => (Environment, Agent) = (environment, agent);

    public TestEnvironment Environment { get; }

    public TestAgent Agent { get; private set; }

    public JsonApi Admin => Environment.Cluster.Admin;

    public static async Task<VdcWorld> OpenAsync(Clusters clusters, ClusterKind kind, params (string Name, string Value)[] settings)
    {
        var environment = await clusters.OnAsync(kind);
        return new VdcWorld(environment, await environment.StartAgentAsync(settings));
    }

    /// <summary>A name for a VDC and its namespace.</summary>
    public string NewVdc(string prefix = "vdc")
    {
        var name = $"{prefix}-{Guid.NewGuid().ToString("N")[..8]}";
        _namespaces.Add(name);
        return name;
    }

    /// <summary>Stops the agent and starts it again, with some settings changed.</summary>
    public async Task RestartAgentAsync(params (string Name, string Value)[] settings)
    {
        await Agent.StopAsync();
        Agent = await Environment.StartAgentAsync(settings);
    }

    /// <summary>Runs an operation on a VDC; more fields as JSON.</summary>
    public Task<JsonObject> RunsAsync(string type, string vdc, string more = "{}", int? timeoutSeconds = null) =>
        Environment.ResultOfAsync(Queues(type, vdc, more, timeoutSeconds));

    /// <summary>Queues an operation on a VDC; returns its id.</summary>
    public string Queues(string type, string vdc, string more = "{}", int? timeoutSeconds = null)
    {
        var payload = JsonNode.Parse(more)!.AsObject();
        payload["vdc_name"] ??= vdc;
        payload["target_namespace"] ??= vdc;
        payload["organization"] ??= "acme";
        return Environment.Hub.Queue(Agent.Id, type, payload, id: $"op-{Guid.NewGuid():N}", timeoutSeconds: timeoutSeconds);
    }

    /// <summary>As <see cref="RunsAsync"/>; it must complete.</summary>
    public async Task<JsonObject> CompletesAsync(string type, string vdc, string more = "{}")
    {
        var result = await RunsAsync(type, vdc, more);
        Assert.True((string?)result["status"] == "completed", $"{type}: {result.ToJsonString()}");
        return result["result"]!.AsObject();
    }

    /// <summary>As <see cref="RunsAsync"/>; it must fail.</summary>
    public async Task<string> FailsAsync(string type, string vdc, string more = "{}", int? timeoutSeconds = null)
    {
        var result = await RunsAsync(type, vdc, more, timeoutSeconds);
        Assert.True((string?)result["status"] == "failed", $"{type}: {result.ToJsonString()}");
        return (string)result["error"]!;
    }

    /// <summary>Runs a VM operation in a VDC.</summary>
    public Task<JsonObject> RunsVmAsync(string type, string vdc, string vm, string more = "{}")
    {
        var payload = JsonNode.Parse(more)!.AsObject();
        payload["name"] = vm;
        payload["namespace"] = vdc;
        return Environment.ResultOfAsync(Environment.Hub.Queue(Agent.Id, type, payload, id: $"op-{Guid.NewGuid():N}"));
    }

    /// <summary>Creates a VM of this size; returns the error, or null.</summary>
    public async Task<string?> CreatesVmAsync(string vdc, string vm, int cpu, string memory)
    {
        var result = await RunsVmAsync(
            "create_vm", vdc, vm, $$"""{"image_url":"quay.io/x/disk:1","cpu":{{cpu}},"memory":"{{memory}}"}""");
        return (string?)result["error"];
    }

    /// <summary>A pod with these resources, without the account's token: no server since 1.24 makes that, and older ones make it late.</summary>
    public static JsonObject Pod(string name, string resources) => JsonNode.Parse($$$"""
        {"apiVersion":"v1","kind":"Pod","metadata":{"name":"{{{name}}}"},"spec":{"automountServiceAccountToken":false,
        "containers":[{"name":"c","image":"x","resources":{{{resources}}}}]}}
        """)!.AsObject();

    public static string Collection(string ns, string plural) => plural switch
    {
        Policies => $"apis/networking.k8s.io/v1/namespaces/{ns}/{plural}",
        Bindings => $"apis/rbac.authorization.k8s.io/v1/namespaces/{ns}/{plural}",
        "virtualmachines" => $"apis/kubevirt.io/v1/namespaces/{ns}/{plural}",
        _ => $"api/v1/namespaces/{ns}/{plural}",
    };

    /// <summary>The names of what is there of a kind.</summary>
    public async Task<IReadOnlyList<string>> NamesAsync(string ns, string plural)
    {
        var list = await Admin.GetAsync(Collection(ns, plural));
        return [.. list["items"]!.AsArray().Select(item => (string)item!["metadata"]!["name"]!)];
    }

    public Task<JsonObject> GetAsync(string ns, string plural, string name) => Admin.GetAsync($"{Collection(ns, plural)}/{name}");

    public Task<JsonObject?> WaitForAsync(string ns, string plural, string name, Func<JsonObject?, bool> isAsWanted) =>
        Admin.WaitForAsync(Collection(ns, plural), name, isAsWanted);

    /// <summary>Waits until the namespace is as wanted (null: gone).</summary>
    public Task<JsonObject?> WaitForNamespaceAsync(string ns, Func<JsonObject?, bool> isAsWanted) =>
        Admin.WaitForAsync("api/v1/namespaces", ns, isAsWanted);

    /// <summary>A VDC's status in the agent's latest report, once it is as wanted.</summary>
    public async Task<JsonObject> ReportsVdcAsync(string vdc, Func<JsonObject, bool> isAsWanted)
    {
        var report = await Environment.ReportsAsync(Agent, report => VdcIn(report, vdc) is { } status && isAsWanted(status));
        return VdcIn(report, vdc)!;
    }

    /// <summary>The API as a user who is in one group.</summary>
    public JsonApi AsMemberOf(string group)
    {
        var api = Admin.As("alice", group);
        _hands.Add(api);
        return api;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var hand in _hands) hand.Dispose();
        await Agent.StopAsync();
        foreach (var ns in _namespaces)
        {
            var found = await Admin.FindAsync($"api/v1/namespaces/{ns}");
            if (found is not null && found["metadata"]!["deletionTimestamp"] is null) await Admin.DeleteAsync($"api/v1/namespaces/{ns}");
        }
        await Environment.DisposeAsync();
    }

    private static JsonObject? VdcIn(JsonObject report, string vdc) => report["vdcs"]?.AsArray()
        .Select(item => item!.AsObject())
        .SingleOrDefault(item => (string?)item["namespace"] == vdc);
}
