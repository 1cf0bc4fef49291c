using System.Text.Json.Nodes;
using k8s;
using k8s.KubeConfigModels;
using KubernetesSandbox.KubeVirt;

namespace OvimSpokeAgent.EndToEnd.Tests.Harness;

/// <summary>The real API server that <c>OVIM_E2E_KUBECONFIG</c> names, shared by all tests; each uses namespaces of its own.</summary>
internal sealed class RealCluster : ITestCluster
{
    /// <summary>The variable with the path of an administrator's kubeconfig.</summary>
    public const string KubeconfigVariable = "OVIM_E2E_KUBECONFIG";

    private const string CrdFolderVariable = "OVIM_E2E_CRD_DIR";
    private const string Crds = "apis/apiextensions.k8s.io/v1/customresourcedefinitions";

    private readonly string _kubeconfig;
    private readonly string _folder = Directory.CreateTempSubdirectory("ovim-e2e-").FullName;

    private SandboxKubeVirt? _kubeVirt;

    private RealCluster(string kubeconfig) => (_kubeconfig, Admin) = (kubeconfig, JsonApi.Open(kubeconfig));

    public JsonApi Admin { get; }

    /// <param name="hasController">Whether KubeVirt's controller is played.</param>
    public static async Task<RealCluster> OpenAsync(bool hasController = true)
    {
        var cluster = new RealCluster(Environment.GetEnvironmentVariable(KubeconfigVariable)!);
        await cluster.InstallKubeVirtKindsAsync();
        if (!hasController) return cluster;
        cluster._kubeVirt = await SandboxKubeVirt.StartAsync(new()
        {
            Connection = KubernetesClientConfiguration.BuildConfigFromConfigFile(cluster._kubeconfig),
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

    private static bool IsEstablished(JsonObject? crd) =>
        crd?["status"]?["conditions"]?.AsArray()
            .Any(condition => (string?)condition!["type"] == "Established" && (string?)condition["status"] == "True") is true;

    // The administrator's kubeconfig with another user: where the server is and whom to trust stays the same.
    private string KubeconfigWithToken(string token)
    {
        var config = KubernetesClientConfiguration.LoadKubeConfig(_kubeconfig);
        var user = config.Users.Single();
        user.UserCredentials = new UserCredentials { Token = token };
        return KubernetesYaml.Serialize(config);
    }
}
