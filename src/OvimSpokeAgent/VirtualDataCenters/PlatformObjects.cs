using System.Collections.ObjectModel;
using System.Net;
using System.Text.Json;
using System.Text.Json.Serialization;
using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Configuration;

namespace OvimSpokeAgent.VirtualDataCenters;

/// <summary>The kinds that say where the cluster's DNS, KubeVirt and CDI are.</summary>
internal static class PlatformKinds
{
    public static readonly ResourceKind Service = new("", "v1", "services", "Service");

    /// <summary>Kubernetes 1.21 and later.</summary>
    public static readonly ResourceKind EndpointSlice = new("discovery.k8s.io", "v1", "endpointslices", "EndpointSlice");

    public static readonly ResourceKind KubeVirt = new("kubevirt.io", "v1", "kubevirts", "KubeVirt");

    public static readonly ResourceKind ApiService = new("apiregistration.k8s.io", "v1", "apiservices", "APIService");
}

/// <summary>A Service (core/v1), as far as it says whom it leads to.</summary>
internal sealed record ServiceObject : IKubernetesObject
{
    public ObjectMetadata Metadata { get => field ?? ObjectMetadata.None; init; }

    public ServiceSpec? Spec { get; init; }
}

internal sealed record ServiceSpec
{
    [JsonPropertyName("clusterIP")]
    public string? ClusterIP { get; init; }

    /// <summary>Both families' (1.20 and later); the first is <see cref="ClusterIP"/>.</summary>
    [JsonPropertyName("clusterIPs")]
    public IReadOnlyList<string>? ClusterIPs { get; init; }

    public IReadOnlyDictionary<string, string>? Selector { get; init; }

    public IReadOnlyList<ServicePort>? Ports { get; init; }
}

internal sealed record ServicePort
{
    public string Name { get => field ?? ""; init; }

    public string Protocol { get => field ?? "TCP"; init; }

    public int Port { get; init; }

    /// <summary>A number, or the name of a container's port; null: as <see cref="Port"/>.</summary>
    public JsonElement? TargetPort { get; init; }
}

/// <summary>What is kept of a Service with an address of its own on which DNS can be: a few KiB, however large its owner made it.</summary>
/// <param name="Name">The Service.</param>
/// <param name="Addresses">Its addresses.</param>
/// <param name="Selector">Whom it leads to; empty: nobody says, or in more labels than any DNS has.</param>
/// <param name="Ports">Those of DNS: of each protocol one.</param>
internal sealed record DnsService(
    NamespacedName Name,
    IReadOnlyList<IPAddress> Addresses,
    IReadOnlyDictionary<string, string> Selector,
    IReadOnlyList<ServicePort> Ports)
{
    // Label keys have 317 characters at most, values 63.
    private const int MostLabels = 16;

    /// <summary>Null: it has no address, or does not answer on DNS's port.</summary>
    public static DnsService? From(ServiceObject service, DateTimeOffset now)
    {
        var spec = service.Spec ?? new ServiceSpec();
        var addresses = (spec.ClusterIPs ?? []).Append(spec.ClusterIP ?? "")
            .Select(text => IPAddress.TryParse(text, out var address) ? address : null)
            .OfType<IPAddress>().Distinct().ToList();
        var ports = (spec.Ports ?? []).Where(port => port.Port == DnsTarget.DefaultPort && DnsRule.Protocols.Contains(port.Protocol))
            .DistinctBy(port => port.Protocol).ToList();
        var selector = spec.Selector is { Count: <= MostLabels } labels ? labels : ReadOnlyDictionary<string, string>.Empty;
        return addresses.Count == 0 || ports.Count == 0 ? null : new DnsService(service.Metadata.Key, addresses, selector, ports);
    }
}

/// <summary>Endpoints of a Service (discovery.k8s.io/v1).</summary>
internal sealed record EndpointSliceObject : IKubernetesObject
{
    public ObjectMetadata Metadata { get => field ?? ObjectMetadata.None; init; }

    public IReadOnlyList<SliceEndpoint>? Endpoints { get; init; }

    public IReadOnlyList<SlicePort>? Ports { get; init; }
}

internal sealed record SliceEndpoint
{
    public IReadOnlyList<string>? Addresses { get; init; }

    /// <summary>What the address is of; null: of nothing in the cluster.</summary>
    public SliceTarget? TargetRef { get; init; }
}

internal sealed record SliceTarget
{
    public string Kind { get => field ?? ""; init; }
}

internal sealed record SlicePort
{
    /// <summary>As of the Service's port.</summary>
    public string Name { get => field ?? ""; init; }

    public string Protocol { get => field ?? "TCP"; init; }

    /// <summary>The pods' own; null: any.</summary>
    public int? Port { get; init; }
}

/// <summary>KubeVirt's own object: its components are in the same namespace.</summary>
internal sealed record KubeVirtObject : IKubernetesObject
{
    public ObjectMetadata Metadata { get => field ?? ObjectMetadata.None; init; }
}

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

/// <summary>A namespace in which components of the platform are.</summary>
internal sealed record PlatformNamespace(string Name)
{
    /// <summary>CDI serves the API that hands out tokens for uploads; only the cluster's owner registers one.</summary>
    public const string CdiApi = "v1beta1.upload.cdi.kubevirt.io";

    public static PlatformNamespace? OfKubeVirt(KubeVirtObject kubeVirt, DateTimeOffset now) => new(kubeVirt.Metadata.Key.Namespace);

    public static PlatformNamespace? OfCdi(ApiServiceObject api, DateTimeOffset now) =>
        api.Metadata.Name == CdiApi && api.Spec?.Service is { Namespace.Length: > 0 } service ? new(service.Namespace) : null;
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(ServiceObject))]
[JsonSerializable(typeof(EndpointSliceObject))]
[JsonSerializable(typeof(KubeVirtObject))]
[JsonSerializable(typeof(ApiServiceObject))]
internal sealed partial class PlatformJson : JsonSerializerContext;
