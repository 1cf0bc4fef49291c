using OvimSpokeAgent.Cluster;

namespace OvimSpokeAgent.Templates;

/// <summary>What is kept of a node.</summary>
/// <param name="Architecture">Of its CPU, as Kubernetes calls it (<c>amd64</c>, <c>arm64</c>, <c>s390x</c>); empty: it does not say.</param>
/// <param name="RunsVms">Whether KubeVirt starts VMs there (its label <c>kubevirt.io/schedulable</c>, which virt-handler sets).</param>
internal sealed record NodeItem(string Architecture, bool RunsVms)
{
    private const int MaxLength = 63;

    public static WatchSpec<AnyObject, NodeItem> Watch { get; } = new()
    {
        Kind = OfferedKinds.Node,
        Type = ClusterJson.Default.AnyObject,
        Project = (node, _) => new NodeItem(
            node.Metadata.Label("kubernetes.io/arch") is { Length: <= MaxLength } architecture ? string.Intern(architecture) : "",
            node.Metadata.Label("kubevirt.io/schedulable") == "true"),
        IsOptional = true,
    };
}
