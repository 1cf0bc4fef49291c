using KubernetesSandbox.Cluster;

namespace OvimSpokeAgent.Sandbox.Tests.Library;

/// <summary>What others can use of the library, and what the library uses.</summary>
public sealed class PublicSurfaceTests
{
    private static readonly string[] Expected =
    [
        "ChangeSignal",
        "Cluster.AccessRules",
        "Cluster.ApiException",
        "Cluster.ClusterFault",
        "Cluster.ClusterFaultKind",
        "Cluster.ClusterFaults",
        "Cluster.ClusterObjects",
        "Cluster.ClusterRequest",
        "Cluster.ClusterRequests",
        "Cluster.DeniedAccess",
        "Cluster.SandboxCluster",
        "Cluster.SandboxClusterOptions",
        "JsonNodeExtensions",
        "KubeVirt.KubeVirtFault",
        "KubeVirt.RefusedException",
        "KubeVirt.RunningVms",
        "KubeVirt.SandboxKubeVirt",
        "KubeVirt.SandboxKubeVirtOptions",
        "LoopbackCertificate",
        "LoopbackServer",
        "Metrics.MetricsFault",
        "Metrics.SandboxMetrics",
        "Metrics.SandboxMetricsOptions",
    ];

    // A new one is a line here, and a question in review: others build on it.
    [Fact]
    public void Public_types_are_those_of_the_list() => Assert.Equal(
        Expected,
        typeof(SandboxCluster).Assembly.GetExportedTypes().Where(type => !type.IsNested)
            .Select(type => type.FullName!["KubernetesSandbox.".Length..]).Order(StringComparer.Ordinal));

    [Fact]
    public void Library_stands_without_the_agent_and_the_hub() => Assert.DoesNotContain(
        typeof(SandboxCluster).Assembly.GetReferencedAssemblies(),
        assembly => assembly.Name!.StartsWith("OvimSpokeAgent", StringComparison.Ordinal));
}
