using System.Text.Json;

namespace OvimSpokeAgent.Contract;

/// <summary>The body of <c>POST /api/v1/spoke/operations/{id}/result</c>.</summary>
public sealed record OperationResult
{
    public required string OperationId { get; init; }

    /// <summary><c>completed</c> (or the configured word for it) or <c>failed</c>.</summary>
    public required string Status { get; init; }

    public JsonElement? Result { get; init; }

    /// <summary>Set when failed: which field, which value, what was expected; or what the cluster answered.</summary>
    public string? Error { get; init; }

    public required DateTimeOffset Timestamp { get; init; }

    /// <summary>How long the execution took, in nanoseconds.</summary>
    public required long Duration { get; init; }
}
