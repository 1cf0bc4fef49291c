using System.Text.Json.Nodes;
using k8s;
using KubernetesSandbox.KubeVirt;

namespace OvimSpokeAgent.EndToEnd.Tests.Harness;

/// <summary>
/// A real API server that <c>OVIM_E2E_KUBECONFIG</c> or <c>OVIM_E2E_MORE_KUBECONFIGS</c> names. One class of tests after the other uses
/// it, each test namespaces of its own.
/// </summary>
internal sealed class RealCluster : ITestCluster
{
    /// <summary>The variable with the path of an administrator's kubeconfig.</summary>
    public const string KubeconfigVariable = "OVIM_E2E_KUBECONFIG";

    /// <summary>The variable with such paths of further servers, separated as those in PATH.</summary>
    private const string MoreKubeconfigsVariable = "OVIM_E2E_MORE_KUBECONFIGS";

    private const string CrdFolderVariable = "OVIM_E2E_CRD_DIR";
    private const string Crds = "apis/apiextensions.k8s.io/v1/customresourcedefinitions";

    private static readonly string[] KindsOfVms = ["virtualmachines", "virtualmachineinstances"];

    private readonly string _folder = Directory.CreateTempSubdirectory("ovim-e2e-").FullName;

    private SandboxKubeVirt? _kubeVirt;

    private RealCluster(string kubeconfig) => (Kubeconfig, Admin) = (kubeconfig, JsonApi.Open(kubeconfig));

    /// <summary>The paths of the kubeconfigs of all servers that are there.</summary>
    public static IReadOnlyList<string> Kubeconfigs { get; } =
    [
        .. new[] { KubeconfigVariable, MoreKubeconfigsVariable }.SelectMany(variable =>
            (Environment.GetEnvironmentVariable(variable) ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)),
    ];

    public JsonApi Admin { get; }

    /// <summary>The path of an administrator's kubeconfig.</summary>
    public string Kubeconfig { get; }

    /// <param name="kubeconfig">The path of an administrator's kubeconfig.</param>
    /// <param name="hasController">Whether KubeVirt's controller is played.</param>
    public static async Task<RealCluster> OpenAsync(string kubeconfig, bool hasController = true)
    {
        var cluster = new RealCluster(kubeconfig);
        await cluster.InstallKubeVirtKindsAsync();
        if (!hasController) return cluster;
        cluster._kubeVirt = await SandboxKubeVirt.StartAsync(new()
        {
            Connection = KubernetesClientConfiguration.BuildConfigFromConfigFile(cluster.Kubeconfig),
            StepDelay = TimeSpan.FromMilliseconds(20),
        });
        return cluster;
    }

    public async Task<string> InstallAgentAsync(string ns)
    {
        await Admin.CreateNamespaceAsync(ns);
        foreach (var manifest in Manifests.AgentRights(ns)) await Admin.ApplyAsync(Manifests.PathOf(manifest), manifest);
        var path = Path.Combine(_folder, $"{ns}.kubeconfig");
        await File.WriteAllTextAsync(path, KubeconfigWithToken(await Admin.TokenOfAgentAsync(ns)));
        return path;
    }

    /// <summary>
    /// Removes all VMs, also those that a finalizer or a slow guest holds: agents see the VMs of the whole cluster, so they would be
    /// in the reports of tests to come.
    /// </summary>
    public async Task RemoveVmsAsync()
    {
        foreach (var kind in KindsOfVms)
        {
            var vms = (await Admin.GetAsync($"apis/kubevirt.io/v1/{kind}"))["items"]!.AsArray();
            await Parallel.ForEachAsync(vms, async (vm, _) =>
            {
                var path = $"apis/kubevirt.io/v1/namespaces/{vm!["metadata"]!["namespace"]}/{kind}/{vm["metadata"]!["name"]}";
                await Admin.DeleteAsync(path);
                await Admin.TryChangeAsync(HttpMethod.Patch, path, WithoutFinalizers(), "application/merge-patch+json"); // it may be gone
            });
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_kubeVirt is not null) await _kubeVirt.DisposeAsync();
        Admin.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private async Task InstallKubeVirtKindsAsync()
    {
        if (await Admin.FindAsync($"{Crds}/virtualmachines.kubevirt.io") is not null) return;
        var folder = Environment.GetEnvironmentVariable(CrdFolderVariable);
        if (string.IsNullOrEmpty(folder))
            throw new InvalidOperationException($"the server lacks KubeVirt's kinds: set {CrdFolderVariable} to a folder with their CRDs");
        foreach (var file in Directory.EnumerateFiles(folder, "*.yaml"))
        {
            var crd = await Admin.CreateFromYamlAsync(Crds, await File.ReadAllTextAsync(file));
            await Admin.WaitForAsync(Crds, (string)crd["metadata"]!["name"]!, IsEstablished);
        }
    }

    private static JsonObject WithoutFinalizers() => new() { ["metadata"] = new JsonObject { ["finalizers"] = null } };

    private static bool IsEstablished(JsonObject? crd) =>
        crd?["status"]?["conditions"]?.AsArray()
            .Any(condition => (string?)condition!["type"] == "Established" && (string?)condition["status"] == "True") is true;

    // The administrator's kubeconfig with another user: where the server is and whom to trust stays the same.
    private string KubeconfigWithToken(string token)
    {
        var config = Manifests.Read(Kubeconfig).Single();
        config["users"]!.AsArray().Single()!["user"] = new JsonObject { ["token"] = token };
        return config.ToJsonString();
    }
}
