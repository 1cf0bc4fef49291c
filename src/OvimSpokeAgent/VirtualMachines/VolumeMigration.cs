namespace OvimSpokeAgent.VirtualMachines;

/// <summary>
/// VMs whose volumes are moved to other ones (KubeVirt, <c>updateVolumesStrategy: Migration</c>). A guest that ends meanwhile
/// leaves a VM that names volumes without its data: KubeVirt then asks for recovery by hand, and boots it no more.
/// </summary>
internal static class VolumeMigration
{
    /// <summary>The condition, first of the VMI, of volumes on the move.</summary>
    public const string Moving = "VolumesChange";

    /// <summary>The condition of a VM that KubeVirt does not boot.</summary>
    public const string RecoveryRequired = "ManualRecoveryRequired";

    /// <summary>Why KubeVirt boots the VM no more, or null.</summary>
    public static string? GetBootRefusal(VirtualMachineObject vm) =>
        Find(vm.Status?.Conditions, RecoveryRequired) is { } condition
            ? $"it waits for recovery by hand of its volumes ({condition.Text})"
            : null;

    /// <summary>Why the guest must not end now, or null.</summary>
    public static string? GetEndRefusal(VirtualMachineObject vm, VirtualMachineInstanceObject? vmi) =>
        (Find(vmi?.Status?.Conditions, Moving) ?? Find(vm.Status?.Conditions, Moving)) is { } condition
            ? $"its volumes are being moved ({condition.Text}); if the guest ended now, it could not boot again without recovery by hand"
            : null;

    private static KubeVirtCondition? Find(IReadOnlyList<KubeVirtCondition>? conditions, string type) =>
        conditions?.FirstOrDefault(condition => condition.Type == type && condition.Status == "True");
}
