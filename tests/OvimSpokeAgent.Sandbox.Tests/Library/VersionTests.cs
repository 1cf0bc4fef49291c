using System.Text.Json.Nodes;
using KubernetesSandbox;
using KubernetesSandbox.Cluster;
using KubernetesSandbox.KubeVirt;
using OvimSpokeAgent.Sandbox.Tests.Cluster.Conformance;

namespace OvimSpokeAgent.Sandbox.Tests.Library;

/// <summary>Wherever a client looks, it finds the same version.</summary>
public sealed class VersionTests
{
    private const string KubeVirts = "apis/kubevirt.io/v1/namespaces/kubevirt/kubevirts/kubevirt";
    private const string VirtApi = "apis/subresources.kubevirt.io/v1/version";

    [Fact]
    public async Task Kubernetes_is_announced_in_the_version_of_the_conformance_table()
    {
        await using var cluster = await SandboxCluster.StartAsync();
        using var client = new HttpClient { BaseAddress = cluster.Url };

        var version = await GetAsync(client, "version");
        var openApi = await GetAsync(client, "openapi/v2");

        Assert.Equal(
            ("1", $"{(int)ServerVersion.Current}", SandboxCluster.Version),
            (version.Text("major"), version.Text("minor"), version.Text("gitVersion")));
        Assert.StartsWith($"v1.{(int)ServerVersion.Current}.", SandboxCluster.Version, StringComparison.Ordinal);
        Assert.Equal(SandboxCluster.Version, openApi.Text("info", "version"));
    }

    [Fact]
    public async Task KubeVirt_is_announced_in_one_version()
    {
        await using var cluster = await SandboxCluster.StartAsync();
        await using var kubeVirt = await SandboxKubeVirt.StartAsync(new() { Connection = cluster.ClientConfiguration() });
        using var client = new HttpClient { BaseAddress = cluster.Url };

        var installed = await GetAsync(client, KubeVirts);
        var virtApi = await GetAsync(client, VirtApi);

        Assert.Equal(
            (SandboxKubeVirt.Version, SandboxKubeVirt.Version, SandboxKubeVirt.Version),
            (installed.Text("status", "observedKubeVirtVersion"), installed.Text("status", "targetKubeVirtVersion"), virtApi.Text("gitVersion")));
    }

    private static async Task<JsonNode> GetAsync(HttpClient client, string path) =>
        JsonNode.Parse(await client.GetStringAsync(new Uri(path, UriKind.Relative)))!;
}
