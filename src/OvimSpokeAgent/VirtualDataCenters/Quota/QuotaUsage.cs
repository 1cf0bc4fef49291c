using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.VirtualMachines;

namespace OvimSpokeAgent.VirtualDataCenters;

/// <summary>What the VMs of a namespace take of what is declared, in the words of the declaration.</summary>
/// <param name="Vcpus">The sum of vCPUs.</param>
/// <param name="MemoryBytes">The sum of guest memory.</param>
/// <param name="Vms">The number of VMs.</param>
internal readonly record struct QuotaUsage(long Vcpus, long MemoryBytes, int Vms)
{
    /// <summary>The sum of the disks that VMs bring with them, and of what is taken while they are filled.</summary>
    public long StorageBytes { get; init; }

    /// <summary>With one more VM. Saturates.</summary>
    public QuotaUsage With(VirtualMachineFootprint vm) =>
        new(Saturating.Add(Vcpus, vm.Vcpus), Saturating.Add(MemoryBytes, vm.MemoryBytes), Vms + 1)
        {
            StorageBytes = Saturating.Add(StorageBytes, Saturating.Add(vm.StorageBytes, vm.FillingBytes)),
        };
}
