namespace OvimSpokeAgent.Contract;

/// <summary>The result of a VM's deletion. Without a key <c>namespace</c> the hub would take it for a VDC's.</summary>
public sealed record DeletionResult
{
    public string Status { get; init; } = "deleted";

    public required string Name { get; init; }

    public required string Namespace { get; init; }
}
