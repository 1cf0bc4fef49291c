using OvimSpokeAgent.Cluster;

namespace OvimSpokeAgent.VirtualDataCenters;

/// <summary>A namespace in which components of the platform are.</summary>
internal sealed record PlatformNamespace(string Name)
{
    public static WatchSpec<KubeVirtObject, PlatformNamespace> KubeVirtWatch { get; } = new()
    {
        Kind = PlatformKinds.KubeVirt,
        Type = PlatformJson.Default.KubeVirtObject,
        Project = PlatformNamespace.OfKubeVirt,
        IsOptional = true,
    };

    public static WatchSpec<ApiServiceObject, PlatformNamespace> CdiWatch { get; } = new()
    {
        Kind = PlatformKinds.ApiService,
        Type = PlatformJson.Default.ApiServiceObject,
        Project = PlatformNamespace.OfCdi,
        FieldSelector = $"metadata.name={PlatformNamespace.CdiApi}",
        IsOptional = true,
    };

    /// <summary>CDI serves the API that hands out tokens for uploads; only the cluster's owner registers one.</summary>
    public const string CdiApi = "v1beta1.upload.cdi.kubevirt.io";

    public static PlatformNamespace? OfKubeVirt(KubeVirtObject kubeVirt, DateTimeOffset now) => new(kubeVirt.Metadata.Key.Namespace);

    public static PlatformNamespace? OfCdi(ApiServiceObject api, DateTimeOffset now) =>
        api.Metadata.Name == CdiApi && api.Spec?.Service is { Namespace.Length: > 0 } service ? new(service.Namespace) : null;
}
