namespace OvimSpokeAgent.Contract;

/// <summary>The result of <c>list_vms</c>.</summary>
public sealed record VirtualMachineList
{
    public required IReadOnlyList<VirtualMachineStatus> Vms { get; init; }

    public required int Count { get; init; }
}

/// <summary>The result of a deletion; the hub completes it by these words.</summary>
public sealed record DeletionResult
{
    public string Status { get; init; } = "deleted";

    public required string Name { get; init; }

    public required string Namespace { get; init; }
}
