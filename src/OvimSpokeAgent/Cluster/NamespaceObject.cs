namespace OvimSpokeAgent.Cluster;

/// <summary>A Namespace as the API returns it.</summary>
internal sealed record NamespaceObject : IKubernetesObject
{
    public ObjectMetadata Metadata { get => field ?? ObjectMetadata.None; init; }

    public NamespaceSpec? Spec { get; init; }

    public NamespaceStatus? Status { get; init; }
}

internal sealed record NamespaceSpec
{
    /// <summary>Apart from those of the metadata; <c>kubernetes</c> is the namespace controller's own.</summary>
    public IReadOnlyList<string>? Finalizers { get; init; }
}

internal sealed record NamespaceStatus
{
    /// <summary>While it terminates: what is left in it and what holds that (Kubernetes 1.16 and later).</summary>
    public IReadOnlyList<NamespaceCondition>? Conditions { get; init; }
}

internal sealed record NamespaceCondition
{
    public string Type { get => field ?? ""; init; }

    public string Status { get => field ?? ""; init; }

    public string? Message { get; init; }
}
