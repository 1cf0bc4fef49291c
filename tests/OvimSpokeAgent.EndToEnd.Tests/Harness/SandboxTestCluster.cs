using k8s;
using KubernetesSandbox.Cluster;
using KubernetesSandbox.KubeVirt;

namespace OvimSpokeAgent.EndToEnd.Tests.Harness;

/// <summary>The sandbox's cluster with its KubeVirt, made for one test.</summary>
internal sealed class SandboxTestCluster : ITestCluster
{
    private readonly string _folder = Directory.CreateTempSubdirectory("ovim-e2e-").FullName;

    private SandboxTestCluster(SandboxCluster api)
    {
        Api = api;
        Kubeconfig = api.WriteKubeconfig(Path.Combine(_folder, "kubeconfig"));
        Admin = JsonApi.Open(Kubeconfig);
    }

    public JsonApi Admin { get; }

    /// <summary>The API server, for its faults and requests.</summary>
    public SandboxCluster Api { get; }

    public SandboxKubeVirt? KubeVirt { get; private set; }

    public string Kubeconfig { get; }

    /// <param name="hasKubeVirt">Whether KubeVirt's kinds are there.</param>
    /// <param name="hasController">Whether its controller is too.</param>
    public static Task<SandboxTestCluster> StartAsync(bool hasKubeVirt = true, bool hasController = true) =>
        StartAsync(new SandboxClusterOptions { HasKubeVirt = hasKubeVirt }, hasKubeVirt && hasController);

    public static async Task<SandboxTestCluster> StartAsync(SandboxClusterOptions options, bool hasController = true)
    {
        var cluster = new SandboxTestCluster(await SandboxCluster.StartAsync(options));
        if (hasController) await cluster.StartKubeVirtAsync();
        return cluster;
    }

    /// <summary>Installs KubeVirt if it is not there, and starts its controller.</summary>
    public async Task StartKubeVirtAsync()
    {
        if (await Admin.FindAsync("apis/kubevirt.io/v1") is null) Api.InstallKubeVirt();
        KubeVirt = await SandboxKubeVirt.StartAsync(new()
        {
            Connection = KubernetesClientConfiguration.BuildConfigFromConfigFile(Kubeconfig),
            StepDelay = TimeSpan.FromMilliseconds(20),
        });
    }

    // The sandbox lets everyone in; the manifests are applied all the same, as an operator does it.
    public async Task<string> InstallAgentAsync(string ns)
    {
        await Admin.CreateNamespaceAsync(ns);
        foreach (var manifest in Manifests.AgentRights(ns)) await Admin.ApplyAsync(Manifests.PathOf(manifest), manifest);
        return Api.WriteKubeconfig(Path.Combine(_folder, $"{ns}.kubeconfig"), $"system:serviceaccount:{ns}:ovim-spoke-agent");
    }

    public async ValueTask DisposeAsync()
    {
        if (KubeVirt is not null) await KubeVirt.DisposeAsync();
        Admin.Dispose();
        await Api.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }
}
