using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.VirtualMachines;

namespace OvimSpokeAgent.VirtualDataCenters;

/// <summary>Which VMs cannot migrate because of what is declared for their namespaces, e.g. after it was lowered.</summary>
internal sealed class MigrationRoom(VdcDeclarationCache namespaces, QuotaLedger ledger) : IMigrationRoom
{
    public IReadOnlyCollection<NamespacedName> VmsWithout(string ns) =>
        namespaces.Get(ns)?.Declaration is { Quota: { IsEmpty: false } quota }
            ? HeadroomCalculator.WithoutRoomToMigrate(quota, ledger.MachinesOf(ns)).ToHashSet()
            : [];
}
