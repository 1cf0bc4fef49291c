namespace OvimSpokeAgent.Contract;

/// <summary>The result of a VM's deletion. Without a key <c>namespace</c> the hub would take it for a VDC's.</summary>
public sealed record DeletionResult
{
    public string Status { get; init; } = "deleted";

    public required string Name { get; init; }

    public required string Namespace { get; init; }

    /// <summary>With <c>keep_disks</c>: the claims and DataVolumes that stay, by name.</summary>
    public IReadOnlyList<string>? KeptDisks { get; init; }

    /// <summary>With <c>keep_disks</c>: those that someone else owns, who decides about them; each with its owner.</summary>
    public IReadOnlyList<string>? DisksOfOthers { get; init; }

    /// <summary>With <c>keep_disks</c>: those that go, or are gone, all the same; each with the reason.</summary>
    public IReadOnlyList<string>? LostDisks { get; init; }
}
