namespace OvimSpokeAgent.Contract;

/// <summary>
/// The result of <c>create_vdc</c> and the other operations that declare something for a namespace; the hub recognises a
/// VDC's creation by <see cref="Namespace"/>.
/// </summary>
public sealed record VdcResult
{
    /// <summary>The VDC's name; absent for a namespace that is none.</summary>
    public string? Name { get; init; }

    public required string Namespace { get; init; }

    public string Status { get; init; } = "Active";

    /// <summary>The objects that are as declared now, e.g. <c>ResourceQuota vdc-quota</c>.</summary>
    public IReadOnlyList<string>? Objects { get; init; }
}

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
