namespace OvimSpokeAgent.Cluster;

/// <summary>An object of which nothing is known but this.</summary>
/// <param name="Metadata">Its name, and what else of its metadata could be read.</param>
/// <param name="Problem">Why nothing else is known.</param>
/// <param name="SeenAt">When it was seen so.</param>
internal sealed record UnreadableObject(ObjectMetadata Metadata, string Problem, DateTimeOffset SeenAt);
