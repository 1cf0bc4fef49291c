namespace OvimSpokeAgent.VirtualMachines;

/// <summary>
/// What a guest takes as it runs, and what KubeVirt wants a restart for (pkg/virt-controller/watch/vm, pkg/liveupdate/memory):
/// it says so itself a moment later, by the condition <c>RestartRequired</c>. Pure.
/// </summary>
internal static class LiveUpdate
{
    private const decimal Alignment = 2 << 20;
    private const decimal AlignmentOfLargePages = 1 << 30;
    private const decimal MinMemory = 1 << 30;

    /// <summary>Whether the guest takes the whole change.</summary>
    /// <param name="change">The change.</param>
    /// <param name="vm">The VM before it, or after.</param>
    /// <param name="vmi">Its guest.</param>
    public static bool Takes(VirtualMachineChange change, VirtualMachineObject vm, VirtualMachineInstanceObject vmi)
    {
        var runs = VirtualMachineFootprint.Of(vmi.Spec);
        // KubeVirt may give a part of it to the guest as it runs; all of it the guest has after a restart.
        return change.Instancetype is null && (change.Vcpus is not { } vcpus || vcpus == runs.Vcpus || TakesVcpus(vcpus, change, vm, vmi))
            && (change.Memory is not { } memory || memory.Value == runs.MemoryBytes || TakesMemory(memory.Value, vm, vmi));
    }

    // A VMI has a maximum exactly where the cluster's rollout strategy is LiveUpdate.
    private static bool TakesVcpus(
        int vcpus, VirtualMachineChange change, VirtualMachineObject vm, VirtualMachineInstanceObject vmi)
    {
        var (planned, cpu) = (vm.Spec?.Template?.Spec?.Domain, vmi.Spec?.Domain?.Cpu);
        return IsMigratable(vmi)
            && new VirtualMachineResize(change, vm, 1).KeepsTopology
            && (planned?.Cpu?.Cores ?? 1, planned?.Cpu?.Threads ?? 1) == (cpu?.Cores ?? 1, cpu?.Threads ?? 1)
            && planned?.Devices?.NetworkInterfaceMultiqueue is not true
            && planned?.Resources?.Limits?.ContainsKey("cpu") is not true
            && vcpus > VirtualMachineFootprint.Of(vmi.Spec).Vcpus
            && vcpus <= (decimal)(cpu?.MaxSockets ?? 0) * VirtualMachineResize.Of(cpu);
    }

    private static bool TakesMemory(decimal bytes, VirtualMachineObject vm, VirtualMachineInstanceObject vmi)
    {
        var (planned, guest) = (vm.Spec?.Template?.Spec?.Domain, vmi.Spec?.Domain);
        var least = VirtualMachineFootprint.Value(vmi.Status?.Memory?.GuestAtBoot) ?? VirtualMachineFootprint.Of(vmi.Spec).MemoryBytes;
        return IsMigratable(vmi)
            && vmi.Spec?.Architecture is null or "amd64"
            && guest?.Cpu is not ({ Realtime: not null } or { Numa.GuestMappingPassthrough: not null })
            && guest?.LaunchSecurity is null
            && planned?.Resources?.Requests?.ContainsKey("memory") is not true
            && planned?.Resources?.Limits?.ContainsKey("memory") is not true
            && bytes % (guest?.Memory?.Hugepages?.PageSize == "1Gi" ? AlignmentOfLargePages : Alignment) == 0
            && bytes >= Math.Max(least, MinMemory)
            && bytes <= VirtualMachineFootprint.Value(guest?.Memory?.MaxGuest);
    }

    // Its pod grows by a migration.
    private static bool IsMigratable(VirtualMachineInstanceObject vmi) =>
        vmi.Status?.Conditions?.Any(condition => condition is { Type: "LiveMigratable", Status: "True" }) is true;
}
