using OvimSpokeAgent.Cluster;

namespace OvimSpokeAgent.VirtualDataCenters;

/// <summary>KubeVirt's own object: its components are in the same namespace.</summary>
internal sealed record KubeVirtObject : IKubernetesObject
{
    public ObjectMetadata Metadata { get => field ?? ObjectMetadata.None; init; }
}
