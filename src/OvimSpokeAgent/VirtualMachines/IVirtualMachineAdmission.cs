using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Operations;

namespace OvimSpokeAgent.VirtualMachines;

/// <summary>What an operation wants a VM to have.</summary>
internal enum ClaimKind
{
    /// <summary>A new VM.</summary>
    Create,

    /// <summary>Another size of a VM that is there.</summary>
    Resize,

    /// <summary>That a VM that is there runs, as it is.</summary>
    Start,
}

/// <summary>A claim of an operation on what its namespace may have.</summary>
/// <param name="Vm">The VM.</param>
/// <param name="Footprint">What it is to take.</param>
/// <param name="Kind">What for.</param>
/// <param name="Key">The operation.</param>
internal sealed record VirtualMachineClaim(
    NamespacedName Vm, VirtualMachineFootprint Footprint, ClaimKind Kind, OperationKey Key);

/// <summary>
/// Decides whether a namespace has room for a VM. What was admitted counts from then on, so that two operations cannot
/// be admitted to the same room; the same operation may ask again.
/// </summary>
internal interface IVirtualMachineAdmission
{
    /// <summary>Null, or the reason against it, with the figures.</summary>
    Task<string?> AdmitAsync(VirtualMachineClaim claim, CancellationToken cancellationToken);

    /// <summary>
    /// Before anything else runs after a start of the agent: an operation that is to be done again takes back the room it
    /// was given, if there still is that much. In the order of the journal.
    /// </summary>
    void Restore(VirtualMachineClaim claim);

    /// <summary>The operation will not do what it was admitted for: the room is free again.</summary>
    void Withdraw(VirtualMachineClaim claim);
}
