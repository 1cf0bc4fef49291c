using OvimSpokeAgent.Cluster;

namespace OvimSpokeAgent.VirtualDataCenters;

/// <summary>The namespace in which CDI is.</summary>
internal sealed record PlatformNamespace(string Name)
{
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

    public static PlatformNamespace? OfCdi(ApiServiceObject api, DateTimeOffset now) =>
        api.Metadata.Name == CdiApi && api.Spec?.Service is { Namespace.Length: > 0 } service ? new(service.Namespace) : null;
}
