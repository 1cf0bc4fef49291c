using OvimSpokeAgent.Cluster;

namespace OvimSpokeAgent.Operations;

/// <summary>An operation that ended, as people see it.</summary>
internal sealed record EndedOperation
{
    public required OperationKey Key { get; init; }

    /// <summary>The hub's id: not unique.</summary>
    public required string Id { get; init; }

    public required string Type { get; init; }

    public NamespacedName? Target { get; init; }

    public required DateTimeOffset ReceivedAt { get; init; }

    public required DateTimeOffset EndedAt { get; init; }

    /// <summary>How long its execution took; it may have waited before that.</summary>
    public required TimeSpan Duration { get; init; }

    /// <summary>Why it failed; null: it is completed.</summary>
    public string? Error { get; init; }
}
