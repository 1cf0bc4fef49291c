using OvimSpokeAgent.Cluster;

namespace OvimSpokeAgent.VirtualDataCenters;

/// <summary>An API that is served by a component of the cluster (apiregistration.k8s.io/v1).</summary>
internal sealed record ApiServiceObject : IKubernetesObject
{
    public ObjectMetadata Metadata { get => field ?? ObjectMetadata.None; init; }

    public ApiServiceSpec? Spec { get; init; }
}

internal sealed record ApiServiceSpec
{
    /// <summary>Null: the API server itself serves it.</summary>
    public ApiServiceReference? Service { get; init; }
}

internal sealed record ApiServiceReference
{
    public string Namespace { get => field ?? ""; init; }
}
