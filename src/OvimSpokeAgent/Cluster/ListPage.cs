namespace OvimSpokeAgent.Cluster;

/// <summary>A page of a collection, its objects aside.</summary>
/// <param name="ResourceVersion">The version of the collection.</param>
/// <param name="Continue">The token of the next page; null: there is none.</param>
internal sealed record ListPage(string ResourceVersion, string? Continue);
