namespace OvimSpokeAgent.Contract;

/// <summary>
/// The result of <c>delete_vdc</c>; the hub completes the deletion by these words, and only without a key <c>namespace</c>: with
/// one it takes the VDC for created, and keeps it for ever.
/// </summary>
public sealed record VdcDeletionResult
{
    /// <summary><c>deleted</c>, or <c>deleted_with_warnings</c>: the namespace is gone, something is left elsewhere.</summary>
    public required string Status { get; init; }

    public IReadOnlyList<string>? Warnings { get; init; }
}
