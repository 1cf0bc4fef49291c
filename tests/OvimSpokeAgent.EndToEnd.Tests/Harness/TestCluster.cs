using System.Text.Json.Nodes;

namespace OvimSpokeAgent.EndToEnd.Tests.Harness;

/// <summary>A cluster that a test runs the agent in: KubeVirt's kinds, and rights for the agent as <c>deploy/base</c> gives them.</summary>
internal interface ITestCluster : IAsyncDisposable
{
    /// <summary>The file by which an administrator gets in.</summary>
    string Kubeconfig { get; }

    /// <summary>The cluster as its administrator.</summary>
    JsonApi Admin { get; }

    /// <summary>Makes an agent's own namespace with its service account and rights.</summary>
    /// <returns>The path of a kubeconfig that speaks as that service account.</returns>
    Task<string> InstallAgentAsync(string ns);
}

/// <summary>What tests do with any cluster, in the words of operators.</summary>
internal static class TestClusterExtensions
{
    /// <summary>Makes a namespace that an operator opted in.</summary>
    public static async Task<string> HasManagedNamespaceAsync(this ITestCluster cluster, string prefix = "vms")
    {
        var name = $"{prefix}-{Guid.NewGuid().ToString("N")[..8]}";
        await cluster.Admin.CreateNamespaceAsync(name, ("app.kubernetes.io/managed-by", "ovim-spoke-agent"));
        return name;
    }

    /// <summary>A token of the service account of the agent in a namespace.</summary>
    public static async Task<string> TokenOfAgentAsync(this JsonApi admin, string ns)
    {
        var review = await admin.CreateAsync(
            $"api/v1/namespaces/{ns}/serviceaccounts/ovim-spoke-agent/token",
            new JsonObject
            {
                ["apiVersion"] = "authentication.k8s.io/v1",
                ["kind"] = "TokenRequest",
                ["spec"] = new JsonObject { ["expirationSeconds"] = 7200 },
            });
        return (string)review["status"]!["token"]!;
    }

    /// <summary>Makes a PersistentVolumeClaim of 1 GiB.</summary>
    public static Task HasClaimAsync(this JsonApi admin, string ns, string name) => admin.CreateAsync(
        $"api/v1/namespaces/{ns}/persistentvolumeclaims",
        JsonNode.Parse($$"""
            {"apiVersion":"v1","kind":"PersistentVolumeClaim","metadata":{"name":"{{name}}"},
            "spec":{"accessModes":["ReadWriteOnce"],"resources":{"requests":{"storage":"1Gi"} } } }
            """)!.AsObject());

    /// <summary>Makes a ResourceQuota and waits until it is enforced.</summary>
    public static async Task HasQuotaAsync(this JsonApi admin, string ns, params (string Name, string Value)[] hard)
    {
        var quotas = $"api/v1/namespaces/{ns}/resourcequotas";
        await admin.CreateAsync(quotas, new JsonObject
        {
            ["apiVersion"] = "v1",
            ["kind"] = "ResourceQuota",
            ["metadata"] = new JsonObject { ["name"] = "limit" },
            ["spec"] = new JsonObject
            {
                ["hard"] = new JsonObject(hard.Select(limit => KeyValuePair.Create(limit.Name, (JsonNode?)limit.Value))),
            },
        });
        await admin.WaitForAsync(quotas, "limit", quota => quota?["status"]?["hard"] is JsonObject { Count: > 0 });
    }

    /// <summary>The collection of a namespace's VMs.</summary>
    public static string VmsOf(string ns) => $"apis/kubevirt.io/v1/namespaces/{ns}/virtualmachines";

    /// <summary>The VM, or null.</summary>
    public static Task<JsonObject?> FindVmAsync(this ITestCluster cluster, string ns, string name) =>
        cluster.Admin.FindAsync($"{VmsOf(ns)}/{name}");

    /// <summary>Waits until the VM (null: there is none) is as wanted.</summary>
    public static Task<JsonObject?> WaitForVmAsync(
        this ITestCluster cluster, string ns, string name, Func<JsonObject?, bool> isAsWanted) =>
        cluster.Admin.WaitForAsync(VmsOf(ns), name, isAsWanted);
}
