using OvimSpokeAgent.Contract;

namespace OvimSpokeAgent.LocalApi;

/// <summary><c>/debug/vms</c>: the VMs of the managed namespaces, as reports show them.</summary>
internal sealed record VmsDocument
{
    /// <summary>All there are.</summary>
    public required int Count { get; init; }

    /// <summary>All there are, by status.</summary>
    public required IReadOnlyDictionary<string, int> ByStatus { get; init; }

    /// <summary>How many of them the filter lets through; <see cref="Vms"/> has the first.</summary>
    public required int Matching { get; init; }

    public required IReadOnlyList<VirtualMachineStatus> Vms { get; init; }
}
