namespace OvimSpokeAgent.VirtualMachines;

/// <summary>
/// What a VM's pod requests beside the guest's memory, by KubeVirt's own formula (v1.9; earlier releases about 35 MiB
/// less), with what the small containers of the pod request. Pure.
/// </summary>
internal static class VirtualMachineOverhead
{
    private const long MiB = 1L << 20;

    // Monitor 25, launcher 100, virtlogd 25, virtqemud 40, qemu 50.
    private const long Fixed = 240 * MiB;
    private const long EachVcpu = 8 * MiB;
    private const long IoThreads = 8 * MiB;
    private const long Graphics = 32 * MiB;
    private const long Tpm = 53 * MiB;
    private const long DedicatedCpu = 100 * MiB;
    private const long Arm64 = 128 * MiB;
    private const long HostDevices = 1024 * MiB;
    private const long GuestPerPageTable = 512;

    // The console's log, container disks, hot-plugged volumes: 35 MiB and 5m, 1 MiB and 1m, 2 MiB and 10m each.
    private const long SmallContainers = 64 * MiB;

    /// <summary>Cores that the small containers of a VM's pod request.</summary>
    public const decimal Cores = 0.05m;

    /// <summary>Bytes beside the guest's memory.</summary>
    public static decimal Of(VirtualMachineFootprint vm) => OfSize(vm.Vcpus, vm.MemoryBytes) + OfFeatures(vm);

    /// <summary>What any VM of this size has.</summary>
    public static decimal OfSize(decimal vcpus, decimal memoryBytes) =>
        Math.Floor(memoryBytes / GuestPerPageTable) + Fixed + (EachVcpu * vcpus) + IoThreads + Graphics + SmallContainers;

    /// <summary>What goes with devices, dedicated CPUs and the architecture.</summary>
    public static decimal OfFeatures(VirtualMachineFootprint vm)
    {
        decimal bytes = 0;
        if (vm.HasTpm) bytes += Tpm;
        if (vm.HasDedicatedCpus) bytes += DedicatedCpu;
        if (vm.IsArm64) bytes += Arm64;
        if (vm.HasHostDevices) bytes += HostDevices;
        return bytes;
    }

    /// <summary>As <see cref="Of"/>, for a VM of which nothing but its size is known: the most it can be.</summary>
    public static decimal Largest(long vcpus, long memoryBytes) => Of(new VirtualMachineFootprint
    {
        Vcpus = vcpus,
        MemoryBytes = memoryBytes,
        HasTpm = true,
        HasDedicatedCpus = true,
        IsArm64 = true,
        HasHostDevices = true,
    });
}
