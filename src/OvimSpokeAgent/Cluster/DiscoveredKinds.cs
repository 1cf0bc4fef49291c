namespace OvimSpokeAgent.Cluster;

/// <summary>What the agent reads of an <c>APIResourceList</c>: the kinds of one version of a group.</summary>
internal sealed record DiscoveredKinds
{
    public IReadOnlyList<DiscoveredKind>? Resources { get; init; }
}

/// <summary>One of <c>APIResourceList.resources</c>.</summary>
internal sealed record DiscoveredKind
{
    /// <summary>The plural; with <c>/subresource</c> where it is one.</summary>
    public string? Name { get; init; }
}
