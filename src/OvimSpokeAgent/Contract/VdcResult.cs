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
