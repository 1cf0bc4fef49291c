using OvimSpokeAgent.Cluster;

namespace OvimSpokeAgent.VirtualDataCenters;

/// <summary>The kinds that say where the cluster's DNS and CDI are.</summary>
internal static class PlatformKinds
{
    public static readonly ResourceKind Service = new("", "v1", "services", "Service");

    /// <summary>Kubernetes 1.21 and later.</summary>
    public static readonly ResourceKind EndpointSlice = new("discovery.k8s.io", "v1", "endpointslices", "EndpointSlice");

    public static readonly ResourceKind ApiService = new("apiregistration.k8s.io", "v1", "apiservices", "APIService");
}
