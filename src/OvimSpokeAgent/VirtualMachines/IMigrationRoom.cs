using OvimSpokeAgent.Cluster;

namespace OvimSpokeAgent.VirtualMachines;

/// <summary>Knows which VMs a quota keeps from migrating.</summary>
internal interface IMigrationRoom
{
    /// <summary>The running VMs of a namespace for whose second pod its quota has no room. From memory.</summary>
    IReadOnlyCollection<NamespacedName> VmsWithout(string ns);
}
