using System.Text.Json.Nodes;
using OvimSpokeAgent.EndToEnd.Tests.Harness;

namespace OvimSpokeAgent.EndToEnd.Tests.VirtualMachines;

/// <summary>VMs of the agent's as their owners write them, with a status as KubeVirt's controller left it.</summary>
internal static class VmSituation
{
    /// <summary>A cluster where nobody changes what a test writes into a status.</summary>
    public static async Task<TestEnvironment> WithoutControllerAsync() =>
        await TestEnvironment.StartAsync(await SandboxTestCluster.StartAsync(hasController: false), ownsCluster: true);

    /// <param name="name">Its name.</param>
    /// <param name="strategy">Its run strategy.</param>
    /// <param name="domain">JSON of its template's domain.</param>
    public static JsonObject Vm(string name, string strategy, string domain = """{"devices":{}}""") => new()
    {
        ["apiVersion"] = "kubevirt.io/v1",
        ["kind"] = "VirtualMachine",
        ["metadata"] = new JsonObject
        {
            ["name"] = name,
            ["labels"] = new JsonObject { ["app.kubernetes.io/managed-by"] = "ovim-spoke-agent" },
        },
        ["spec"] = new JsonObject
        {
            ["runStrategy"] = strategy,
            ["template"] = new JsonObject { ["spec"] = new JsonObject { ["domain"] = JsonNode.Parse(domain) } },
        },
    };

    /// <summary>The status of a VMI.</summary>
    public static JsonObject Guest(string phase, params JsonObject[] interfaces) =>
        new() { ["phase"] = phase, ["nodeName"] = "n1", ["interfaces"] = new JsonArray([.. interfaces]) };

    /// <param name="name">As the VM names it; null: only the guest knows it.</param>
    /// <param name="address">Its address.</param>
    public static JsonObject Interface(string? name, string address)
    {
        var item = new JsonObject { ["ipAddress"] = address, ["ipAddresses"] = new JsonArray(address) };
        if (name is not null) item["name"] = name;
        return item;
    }

    public static JsonObject Condition(string type, string? reason, string? message, string status = "True")
    {
        var condition = new JsonObject { ["type"] = type, ["status"] = status };
        if (reason is not null) condition["reason"] = reason;
        if (message is not null) condition["message"] = message;
        return condition;
    }

    /// <summary>A VM as KubeVirt's controller left it.</summary>
    /// <param name="environment">Where.</param>
    /// <param name="vm">The VM.</param>
    /// <param name="printed">Its printable status.</param>
    /// <param name="guest">The status of its VMI; null: it has none.</param>
    /// <param name="conditions">Its conditions beside Ready, which its VMI has, too.</param>
    public static Task HasAsync(
        TestEnvironment environment, JsonObject vm, string printed, JsonObject? guest, params JsonObject[] conditions) =>
        HasAsync(environment, vm, printed, guest, """{"domain":{"devices":{}}}""", conditions);

    /// <inheritdoc cref="HasAsync(TestEnvironment, JsonObject, string, JsonObject?, JsonObject[])"/>
    /// <param name="environment">Where.</param>
    /// <param name="vm">The VM.</param>
    /// <param name="printed">Its printable status.</param>
    /// <param name="guest">The status of its VMI; null: it has none.</param>
    /// <param name="spec">JSON of its VMI's spec.</param>
    /// <param name="conditions">Its conditions beside Ready, which its VMI has, too.</param>
    public static async Task HasAsync(
        TestEnvironment environment, JsonObject vm, string printed, JsonObject? guest, string spec, params JsonObject[] conditions)
    {
        var (admin, name) = (environment.Cluster.Admin, (string)vm["metadata"]!["name"]!);
        var vms = TestClusterExtensions.VmsOf(environment.Namespace);
        await admin.CreateAsync(vms, vm);
        JsonObject[] told = [Condition("Ready", guest is null ? "VMINotExists" : null, null, printed == "Running" ? "True" : "False"), .. conditions];
        await admin.MergeAsync($"{vms}/{name}/status", new JsonObject
        {
            ["status"] = new JsonObject { ["printableStatus"] = printed, ["conditions"] = new JsonArray([.. told.Select(item => item.DeepClone())]) },
        });
        if (guest is null) return;
        guest["conditions"] = new JsonArray([.. told]);
        await admin.CreateAsync($"apis/kubevirt.io/v1/namespaces/{environment.Namespace}/virtualmachineinstances", new JsonObject
        {
            ["apiVersion"] = "kubevirt.io/v1",
            ["kind"] = "VirtualMachineInstance",
            ["metadata"] = new JsonObject { ["name"] = name },
            ["spec"] = JsonNode.Parse(spec),
            ["status"] = guest,
        });
    }
}
