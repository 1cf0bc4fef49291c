using OvimSpokeAgent.Cluster;

namespace OvimSpokeAgent.VirtualDataCenters;

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
