using System.Globalization;
using System.Text.Json;
using OvimSpokeAgent.Cluster;

namespace OvimSpokeAgent.VirtualMachines;

/// <summary>What is kept of a VM.</summary>
internal sealed record VirtualMachineItem
{
    public required NamespacedName Name { get; init; }

    public required string Uid { get; init; }

    public required string Strategy { get; init; }

    /// <summary>KubeVirt's <c>status.printableStatus</c>; empty until its controller has seen the VM.</summary>
    public required string PrintableStatus { get; init; }

    public required bool IsDeleting { get; init; }

    /// <summary>The controller has written conditions, so the printable status is its word and not the CRD's default.</summary>
    public required bool IsObserved { get; init; }

    /// <summary>
    /// Why the VM is held up (condition <c>Failure</c>, <c>Synchronized</c> that is false, or <c>ManualRecoveryRequired</c>).
    /// </summary>
    public string? Failure { get; init; }

    /// <summary>Why no node takes it (condition <c>PodScheduled</c> that is false), where none does.</summary>
    public string? Unscheduled { get; init; }

    /// <summary>Why the guest is not ready, where there is one that is not.</summary>
    public string? NotReady { get; init; }

    /// <summary>Why the guest stands still, where nobody asked for that.</summary>
    public string? Paused { get; init; }

    /// <summary>What KubeVirt says of its volumes while they are moved.</summary>
    public string? VolumeMigration { get; init; }

    public bool RestartRequired { get; init; }

    /// <summary><c>status.startFailure.consecutiveFailCount</c>.</summary>
    public int FailedStarts { get; init; }

    /// <summary>vCPUs; null where an instancetype says it.</summary>
    public string? Cpu { get; init; }

    /// <summary>Guest memory as a quantity; null where an instancetype says it.</summary>
    public string? Memory { get; init; }

    /// <summary>Sum of the disks that the VM brings with it (its DataVolume templates); null where it has none.</summary>
    public string? Storage { get; init; }

    /// <summary>What the VM takes by its template.</summary>
    public VirtualMachineFootprint Footprint { get; init; } = VirtualMachineFootprint.None;

    /// <summary>The agent's operation that last wrote the VM; null: none did.</summary>
    public string? Operation { get; init; }

    public IReadOnlyDictionary<string, string>? Labels { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>When the agent saw this version of the VM.</summary>
    public required DateTimeOffset SeenAt { get; init; }

    public static VirtualMachineItem From(VirtualMachineObject vm, DateTimeOffset now)
    {
        var conditions = vm.Status?.Conditions ?? [];
        return new VirtualMachineItem
        {
            Name = vm.Metadata.Key,
            Uid = vm.Metadata.Uid,
            Strategy = vm.Spec?.Strategy ?? "Halted",
            PrintableStatus = vm.Status?.PrintableStatus ?? "",
            IsDeleting = vm.Metadata.DeletionTimestamp is not null,
            IsObserved = conditions.Count > 0,
            Failure = MessageOf(conditions, "Failure", "True") ?? MessageOf(conditions, "Synchronized", "False")
                ?? MessageOf(conditions, VirtualMachines.VolumeMigration.RecoveryRequired, "True"),
            Unscheduled = MessageOf(conditions, "PodScheduled", "False"),
            NotReady = MessageOf([.. conditions.Where(c => c.Reason != "VMINotExists")], "Ready", "False"),
            Paused = PausedOf(conditions),
            VolumeMigration = MessageOf(conditions, VirtualMachines.VolumeMigration.Moving, "True"),
            RestartRequired = conditions.Any(c => c.Type == "RestartRequired" && c.Status == "True"),
            FailedStarts = vm.Status?.StartFailure?.ConsecutiveFailCount ?? 0,
            Cpu = CpuOf(vm.Spec?.Template?.Spec?.Domain),
            Memory = MemoryOf(vm.Spec?.Template?.Spec?.Domain),
            Storage = StorageOf(vm.Spec?.DataVolumeTemplates ?? []),
            Footprint = VirtualMachineFootprint.Of(vm),
            Operation = vm.Metadata.Annotation(Names.OperationAnnotation),
            Labels = vm.Metadata.Labels,
            CreatedAt = vm.Metadata.CreationTimestamp ?? now,
            SeenAt = now,
        };
    }

    /// <summary>sockets × cores × threads (each 1 where absent), else the CPU request.</summary>
    public static string? CpuOf(VirtualMachineDomain? domain) =>
        VirtualMachineFootprint.TopologyOf(domain)?.ToString(CultureInfo.InvariantCulture)
        ?? Text(domain?.Resources?.Requests?.GetValueOrDefault("cpu"));

    /// <summary><c>memory.guest</c>, else the memory request.</summary>
    public static string? MemoryOf(VirtualMachineDomain? domain) =>
        Text(domain?.Memory?.Guest) ?? Text(domain?.Resources?.Requests?.GetValueOrDefault("memory"));

    /// <summary>The sum of what the templates ask for; null where none of them says it.</summary>
    public static string? StorageOf(IReadOnlyList<DataVolumeTemplate> templates)
    {
        var sizes = templates.Select(template => Text(template.Spec?.Storage?.Size ?? template.Spec?.Pvc?.Size))
            .Select(text => Quantity.TryParse(text, out var size) ? size : (Quantity?)null)
            .OfType<Quantity>()
            .ToList();
        return sizes.Count switch
        {
            0 => null,
            1 => sizes[0].Text,
            _ => Quantity.OfBytes(sizes.Sum(size => size.Value)).Text,
        };
    }

    private static string? Text(JsonElement? quantity) => quantity switch
    {
        { ValueKind: JsonValueKind.String } text => text.GetString(),
        { ValueKind: JsonValueKind.Number } number => number.GetRawText(),
        _ => null,
    };

    // KubeVirt, api/core/v1, VirtualMachineInstancePaused: its reasons say by whom.
    private static string? PausedOf(IReadOnlyList<KubeVirtCondition> conditions) =>
        conditions.FirstOrDefault(c => c is { Type: "Paused", Status: "True" }) is { Reason: { Length: > 0 } reason and not "PausedByUser" } paused
            ? string.IsNullOrEmpty(paused.Message) ? reason : $"{reason}: {paused.Message}"
            : null;

    private static string? MessageOf(IReadOnlyList<KubeVirtCondition> conditions, string type, string status) =>
        conditions.FirstOrDefault(c => c.Type == type && c.Status == status)?.Text;
}

/// <summary>What is kept of a VMI.</summary>
internal sealed record VirtualMachineInstanceItem
{
    public required NamespacedName Name { get; init; }

    public required string Uid { get; init; }

    public required string Phase { get; init; }

    /// <summary>The guest has ended, well or not.</summary>
    public bool IsFinal => Phase is "Succeeded" or "Failed";

    public string? NodeName { get; init; }

    public string? IpAddress { get; init; }

    /// <summary>vCPUs as they are: an instancetype's, too.</summary>
    public string? Cpu { get; init; }

    public string? Memory { get; init; }

    /// <summary>What the guest takes as it runs.</summary>
    public VirtualMachineFootprint Footprint { get; init; } = VirtualMachineFootprint.None;

    public required DateTimeOffset SeenAt { get; init; }

    public static VirtualMachineInstanceItem From(VirtualMachineInstanceObject vmi, DateTimeOffset now) => new()
    {
        Name = vmi.Metadata.Key,
        Uid = vmi.Metadata.Uid,
        Phase = vmi.Status?.Phase ?? "",
        NodeName = NullIfEmpty(vmi.Status?.NodeName),
        IpAddress = GuestAddress.Of(vmi.Status?.Interfaces),
        Cpu = VirtualMachineItem.CpuOf(vmi.Spec?.Domain),
        Memory = VirtualMachineItem.MemoryOf(vmi.Spec?.Domain),
        Footprint = VirtualMachineFootprint.Of(vmi.Spec),
        SeenAt = now,
    };

    private static string? NullIfEmpty(string? text) => string.IsNullOrEmpty(text) ? null : text;
}
