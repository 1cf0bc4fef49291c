using OvimSpokeAgent.Cluster;

namespace OvimSpokeAgent.Operations;

/// <summary>An operation that waits for its turn or is being carried out.</summary>
internal sealed record OperationInFlight
{
    public required OperationKey Key { get; init; }

    /// <summary>The hub's id: not unique.</summary>
    public required string Id { get; init; }

    public required string Type { get; init; }

    public NamespacedName? Target { get; init; }

    public required DateTimeOffset ReceivedAt { get; init; }

    /// <summary>Null: it waits for its turn.</summary>
    public DateTimeOffset? StartedAt { get; init; }
}
