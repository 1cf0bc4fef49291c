namespace OvimSpokeAgent.Cluster;

/// <summary>What to list or watch.</summary>
internal sealed record ListQuery
{
    public string? LabelSelector { get; init; }

    public string? FieldSelector { get; init; }

    public string? ResourceVersion { get; init; }

    /// <summary>Page size; null asks for all at once.</summary>
    public int? Limit { get; init; }

    /// <summary>The token of the next page.</summary>
    public string? Continue { get; init; }

    /// <summary>After how long the server ends a watch.</summary>
    public TimeSpan? Timeout { get; init; }
}
