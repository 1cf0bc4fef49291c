namespace OvimSpokeAgent.Cluster;

/// <summary>A page of a collection.</summary>
internal sealed record ObjectList<T>(IReadOnlyList<T> Items, string ResourceVersion, string? Continue);
