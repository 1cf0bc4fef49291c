namespace OvimSpokeAgent.Contract;

/// <summary>One Virtual Data Center; the hub looks it up by its namespace.</summary>
public sealed record VdcStatus
{
    public required string Name { get; init; }

    public required string Namespace { get; init; }

    /// <summary><c>Pending</c>, <c>Active</c>, <c>Failed</c>, <c>Suspended</c> or <c>Terminating</c>.</summary>
    public required string Status { get; init; }

    public required ResourceMetrics ResourceUsage { get; init; }

    public IReadOnlyDictionary<string, string>? Labels { get; init; }

    /// <summary>Set where <see cref="Labels"/> are not all: the agent's own, and of others at most 32 and 4 KiB.</summary>
    public bool? LabelsTruncated { get; init; }

    public DateTimeOffset CreatedAt { get; init; }

    public DateTimeOffset UpdatedAt { get; init; }

    /// <summary>What is not as the VDC's users and admins may think it is, e.g. <c>isolation weakened by …</c> (an extra
    /// field: hubs that do not know it ignore it).</summary>
    public IReadOnlyList<string>? Warnings { get; init; }
}
