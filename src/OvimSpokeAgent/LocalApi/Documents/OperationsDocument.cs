namespace OvimSpokeAgent.LocalApi;

/// <summary><c>/debug/operations</c>: what is under way and what ended last; no payload, no result.</summary>
internal sealed record OperationsDocument
{
    /// <summary>How many are under way; <see cref="InFlight"/> has the oldest of them.</summary>
    public required int InFlightCount { get; init; }

    public required IReadOnlyList<InFlightDocument> InFlight { get; init; }

    /// <summary>The newest first.</summary>
    public required IReadOnlyList<EndedDocument> Ended { get; init; }
}

/// <summary>An operation under way.</summary>
internal sealed record InFlightDocument
{
    public required string Id { get; init; }

    /// <summary>Its name in the journal, and in the log's <c>OperationKey</c>.</summary>
    public required string Key { get; init; }

    public required string Type { get; init; }

    public string? Target { get; init; }

    /// <summary><c>waiting</c> for its turn, or <c>running</c>.</summary>
    public required string Phase { get; init; }

    public required DateTimeOffset ReceivedAt { get; init; }

    public DateTimeOffset? StartedAt { get; init; }
}

/// <summary>An operation that ended.</summary>
internal sealed record EndedDocument
{
    public required string Id { get; init; }

    public required string Key { get; init; }

    public required string Type { get; init; }

    public string? Target { get; init; }

    /// <summary><c>completed</c> or <c>failed</c>.</summary>
    public required string Outcome { get; init; }

    public required DateTimeOffset ReceivedAt { get; init; }

    public required DateTimeOffset EndedAt { get; init; }

    public required double DurationMs { get; init; }

    public string? Error { get; init; }

    /// <summary>What became of its result: <c>pending</c>, <c>delivered</c> or <c>refused</c>; absent: the journal has forgotten it.</summary>
    public string? Result { get; init; }
}
