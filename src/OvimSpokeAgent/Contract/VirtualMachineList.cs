namespace OvimSpokeAgent.Contract;

/// <summary>The result of <c>list_vms</c>.</summary>
public sealed record VirtualMachineList
{
    public required IReadOnlyList<VirtualMachineStatus> Vms { get; init; }

    public required int Count { get; init; }
}
