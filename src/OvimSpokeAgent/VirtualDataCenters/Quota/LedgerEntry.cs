using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.VirtualMachines;

namespace OvimSpokeAgent.VirtualDataCenters;

/// <summary>A VM in the ledger.</summary>
/// <param name="Name">The VM.</param>
/// <param name="Footprint">The most that it takes: by its template, as its guest runs, and as it was admitted to become.</param>
/// <param name="IsUp">Its guest runs, or is about to.</param>
/// <param name="CreatedAt">When it was made; the end of time for one that is only admitted.</param>
internal sealed record LedgerEntry(NamespacedName Name, VirtualMachineFootprint Footprint, bool IsUp, DateTimeOffset CreatedAt)
{
    /// <inheritdoc cref="VirtualMachineFootprint.PodCpu"/>
    public decimal PodCpu => Footprint.PodCpu;

    /// <inheritdoc cref="VirtualMachineFootprint.PodMemory"/>
    public long PodMemory => Footprint.PodMemory;
}
