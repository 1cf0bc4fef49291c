using System.Text.Json.Nodes;
using OvimSpokeAgent.Operations;

namespace OvimSpokeAgent.Tests.VirtualMachines;

/// <summary><c>update_vm</c> of <see cref="VmWorld.Web"/>, which has 2 vCPUs and 4 GiB.</summary>
internal static class Updates
{
    public const string Key = "ovim-op-0123456789abcdef0123";

    public static Task<OperationOutcome> RunAsync(VmWorld world, string change) => Of(world, change).RunAsync();

    public static Execution Of(VmWorld world, string change) =>
        VmWorld.Of(world.Update, $$"""{"name":"web","namespace":"acme",{{change[2..]}}""", Key);

    public static void HasVm(VmWorld world, string strategy, Action<JsonObject>? change = null) => world.HasVm(
        VmWorld.Web,
        strategy,
        vm =>
        {
            vm["metadata"]!["labels"]!["tier"] = "front";
            vm["metadata"]!["labels"]!["old"] = "x";
            vm["spec"]!["template"] = JsonNode.Parse("""
                {"metadata":{"labels":{"tier":"front"}},"spec":{"domain":{"cpu":{"sockets":2,"cores":1,"threads":1},
                "memory":{"guest":"4Gi"},"resources":{"requests":{"cpu":"2"}}}}}
                """);
            change?.Invoke(vm);
        });

    public static void HasGuest(VmWorld world, bool hasMaximum, Action<JsonObject>? change = null) => world.HasGuest(
        VmWorld.Web,
        change: vmi =>
        {
            vmi["spec"]!["architecture"] = "amd64";
            vmi["spec"]!["domain"] = JsonNode.Parse(hasMaximum
                ? """{"cpu":{"sockets":2,"cores":1,"threads":1,"maxSockets":8},"memory":{"guest":"4Gi","maxGuest":"16Gi"}}"""
                : """{"cpu":{"sockets":2,"cores":1,"threads":1},"memory":{"guest":"4Gi"}}""");
            vmi["status"]!["conditions"] = JsonNode.Parse("""[{"type":"LiveMigratable","status":"True"}]""");
            change?.Invoke(vmi);
        });

    public static void Merge(JsonObject into, JsonObject change)
    {
        foreach (var (name, value) in change)
        {
            if (value is JsonObject more && into[name] is JsonObject inner) Merge(inner, more);
            else into[name] = value?.DeepClone();
        }
    }

    public static string Domain(VmWorld world) => world.Vm()["spec"]!["template"]!["spec"]!["domain"]!.ToJsonString();
}
