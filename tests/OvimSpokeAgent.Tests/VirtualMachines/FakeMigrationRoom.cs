using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.VirtualMachines;

namespace OvimSpokeAgent.Tests.VirtualMachines;

/// <summary>Says of those VMs that a test names that they cannot migrate.</summary>
internal sealed class FakeMigrationRoom : IMigrationRoom
{
    public HashSet<NamespacedName> Without { get; } = [];

    public IReadOnlyCollection<NamespacedName> VmsWithout(string ns) => [.. Without.Where(vm => vm.Namespace == ns)];
}
