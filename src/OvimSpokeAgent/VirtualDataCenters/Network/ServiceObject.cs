using System.Collections.ObjectModel;
using System.Net;
using System.Text.Json;
using System.Text.Json.Serialization;
using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Configuration;

namespace OvimSpokeAgent.VirtualDataCenters;

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
    /// <summary>What is watched for it.</summary>
    public static WatchSpec<ServiceObject, DnsService> Watch { get; } = new()
    {
        Kind = PlatformKinds.Service,
        Type = PlatformJson.Default.ServiceObject,
        Project = DnsService.From,
    };

    // Label keys have 317 characters at most, values 63.
    private const int MaxLabels = 16;

    /// <summary>Null: it has no address, or does not answer on DNS's port.</summary>
    public static DnsService? From(ServiceObject service, DateTimeOffset now)
    {
        var spec = service.Spec ?? new ServiceSpec();
        var addresses = (spec.ClusterIPs ?? []).Append(spec.ClusterIP ?? "")
            .Select(text => IPAddress.TryParse(text, out var address) ? address : null)
            .OfType<IPAddress>().Distinct().ToList();
        var ports = (spec.Ports ?? []).Where(port => port.Port == DnsTarget.DefaultPort && DnsRule.Protocols.Contains(port.Protocol))
            .DistinctBy(port => port.Protocol).ToList();
        var selector = spec.Selector is { Count: <= MaxLabels } labels ? labels : ReadOnlyDictionary<string, string>.Empty;
        return addresses.Count == 0 || ports.Count == 0 ? null : new DnsService(service.Metadata.Key, addresses, selector, ports);
    }
}
