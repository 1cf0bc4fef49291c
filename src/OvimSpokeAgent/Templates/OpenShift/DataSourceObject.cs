using OvimSpokeAgent.Cluster;

namespace OvimSpokeAgent.Templates;

/// <summary>CDI's <c>DataSource</c>: a name for the newest of several golden disks.</summary>
internal sealed record DataSourceObject : IKubernetesObject
{
    public ObjectMetadata Metadata { get => field ?? ObjectMetadata.None; init; }

    public DataSourceSpec? Spec { get; init; }
}

internal sealed record DataSourceSpec
{
    public DataSourceSource? Source { get; init; }
}

internal sealed record DataSourceSource
{
    public DataSourceClaim? Pvc { get; init; }
}

internal sealed record DataSourceClaim
{
    public string? Namespace { get; init; }

    public string? Name { get; init; }
}
