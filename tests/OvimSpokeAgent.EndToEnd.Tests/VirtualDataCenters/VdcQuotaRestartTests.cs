using System.Text;
using System.Text.Json.Nodes;
using OvimSpokeAgent.EndToEnd.Tests.Harness;

namespace OvimSpokeAgent.EndToEnd.Tests.VirtualDataCenters;

/// <summary>What operations were promised of a quota is theirs after the agent died, before any of it is in the cluster.</summary>
public sealed class VdcQuotaRestartTests(Clusters clusters) : IClassFixture<Clusters>
{
    private const string Hold = "example.com/hold";

    [Theory, OnSandbox, OnRealApiServer]
    public async Task Room_of_journaled_operations_is_kept_over_a_crash(ClusterKind kind)
    {
        await using var environment = await clusters.OnAsync(kind);
        var ns = $"vdc-{Guid.NewGuid().ToString("N")[..8]}";
        string[] accepted, deletions;
        await using (var agent = Start(environment))
        {
            await CompletesAsync(environment, Queues(environment, "create_vdc", new JsonObject
            {
                ["vdc_name"] = ns,
                ["target_namespace"] = ns,
                ["quota"] = new JsonObject { ["cpu"] = 8 },
            }));
            // Two VMs are to be made anew, larger: together they fill the quota. Their old selves do not go yet.
            string[] vms = ["web", "db"];
            foreach (var vm in vms) await CompletesAsync(environment, QueuesVm(environment, ns, vm, 1));
            foreach (var vm in vms) await SetHeldAsync(environment, ns, vm, true);
            deletions = [.. vms.Select(vm => Queues(environment, "delete_vm", Vm(ns, vm)))];
            accepted = [.. vms.Select(vm => QueuesVm(environment, ns, vm, 4))];
            foreach (var id in (string[])[.. deletions, .. accepted]) await IsJournaledAsync(environment, id);
            // Disposed of in the middle of its work, it gets a SIGKILL.
        }

        await using var next = Start(environment);
        var refused = await environment.ResultOfAsync(QueuesVm(environment, ns, "new", 1));
        foreach (var vm in (string[])["web", "db"]) await SetHeldAsync(environment, ns, vm, false);
        foreach (var id in (string[])[.. deletions, .. accepted]) await CompletesAsync(environment, id);

        Assert.Equal("quota.cpu: asked 1 vCPUs, used 8 vCPUs, allowed 8", (string?)refused["error"]);
        foreach (var vm in (string[])["web", "db"])
        {
            var made = await environment.Cluster.FindVmAsync(ns, vm);
            Assert.Equal(4, (int)made!["spec"]!["template"]!["spec"]!["domain"]!["cpu"]!["sockets"]!);
        }
        Assert.Null(await environment.Cluster.FindVmAsync(ns, "new"));
        await CompletesAsync(environment, Queues(environment, "delete_vdc", new JsonObject
        {
            ["vdc_name"] = ns,
            ["target_namespace"] = ns,
            ["cascade"] = true,
        }));
    }

    // Of the same pod, so that the next one takes up the Lease at once.
    private static AgentProcess Start(TestEnvironment environment) =>
        AgentProcess.Start(new Dictionary<string, string>(environment.Variables()) { ["POD_NAME"] = "ovim-spoke-agent-0" });

    private static string Queues(TestEnvironment environment, string type, JsonObject payload) => environment.Hub.Queue(
        $"spoke-agent-{environment.AgentNamespace}", type, payload, id: $"op-{Guid.NewGuid():N}");

    private static string QueuesVm(TestEnvironment environment, string ns, string vm, int cpu)
    {
        var payload = Vm(ns, vm);
        payload["image_url"] = "quay.io/x/disk:1";
        payload["cpu"] = cpu;
        payload["memory"] = 1;
        payload["run"] = false;
        return Queues(environment, "create_vm", payload);
    }

    private static JsonObject Vm(string ns, string vm) => new() { ["name"] = vm, ["namespace"] = ns };

    private static async Task CompletesAsync(TestEnvironment environment, string id)
    {
        var result = await environment.ResultOfAsync(id);
        Assert.True((string?)result["status"] == "completed", result.ToJsonString());
    }

    private static async Task SetHeldAsync(TestEnvironment environment, string ns, string vm, bool isHeld)
    {
        var found = await environment.Cluster.FindVmAsync(ns, vm);
        var others = (found!["metadata"]!["finalizers"]?.AsArray() ?? []).Select(name => (string)name!).Where(name => name != Hold);
        await environment.Cluster.Admin.MergeAsync($"{TestClusterExtensions.VmsOf(ns)}/{vm}", new JsonObject
        {
            ["metadata"] = new JsonObject { ["finalizers"] = new JsonArray([.. isHeld ? others.Append(Hold) : others]) },
        });
    }

    private static Task<JsonObject> IsJournaledAsync(TestEnvironment environment, string id) => environment.Cluster.Admin.WaitForAnyAsync(
        $"api/v1/namespaces/{environment.AgentNamespace}/secrets",
        secret => (string?)secret["metadata"]!["annotations"]?["ovim.io/operation-id"] == id || CameTogether(secret).Contains(id, StringComparison.Ordinal));

    private static string CameTogether(JsonObject secret) =>
        Encoding.UTF8.GetString(Convert.FromBase64String((string?)secret["data"]?["operations"] ?? ""));
}
