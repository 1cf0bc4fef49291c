using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Validation;

namespace OvimSpokeAgent.VirtualMachines;

/// <summary>
/// What is kept of a VM: a few KiB, however large its owner made it. Of labels what reports have, of messages 1 KiB each.
/// </summary>
internal sealed record VirtualMachineItem
{
    private const int MaxMessageLength = 1024;
    private const int MaxNameLength = 253;

    /// <summary>What is watched for it.</summary>
    public static WatchSpec<VirtualMachineObject, VirtualMachineItem> Watch { get; } = new()
    {
        Kind = KubeVirtKinds.VirtualMachine,
        Type = KubeVirtJson.Default.VirtualMachineObject,
        Project = From,
        Unreadable = FromUnreadable,
    };

    public required NamespacedName Name { get; init; }

    public required string Uid { get; init; }

    public required string Strategy { get; init; }

    /// <summary>KubeVirt's <c>status.printableStatus</c>; empty until its controller has seen the VM.</summary>
    public required string PrintableStatus { get; init; }

    public required bool IsDeleting { get; init; }

    /// <summary>It stays until its disks are released (<see cref="KeepingDeletion"/>).</summary>
    public bool IsHeldForDisks { get; init; }

    /// <summary>The agent began to make it and did not end that.</summary>
    public bool IsHalfMade { get; init; }

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

    /// <summary>Null where an instancetype says it.</summary>
    public VirtualMachineSize? Size { get; init; }

    /// <summary>Sum of the disks that the VM brings with it (its DataVolume templates); null where it has none.</summary>
    public string? Storage { get; init; }

    /// <summary>The disks that it names.</summary>
    public DiskList Disks { get; init; } = DiskList.None;

    /// <summary>What the VM takes by its template.</summary>
    public VirtualMachineFootprint Footprint { get; init; } = VirtualMachineFootprint.None;

    /// <summary>The agent's operation that last wrote the VM; null: none did.</summary>
    public string? Operation { get; init; }

    public KeptLabels Labels { get; init; }

    /// <summary>Why the VM cannot be read, and all else but name and uid may be of before or nothing; null: it can.</summary>
    public string? Unreadable { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>When the agent saw this version of the VM.</summary>
    public required DateTimeOffset SeenAt { get; init; }

    public static VirtualMachineItem From(VirtualMachineObject vm, DateTimeOffset now)
    {
        var conditions = vm.Status?.Conditions ?? [];
        var sizes = new SizeReader();
        var spec = vm.Spec?.Template?.Spec;
        var type = InstancetypeReference.Of(vm);
        var size = type is null ? VirtualMachineSize.Of(spec?.Domain, sizes) : null;
        return new VirtualMachineItem
        {
            Name = vm.Metadata.Key,
            Uid = vm.Metadata.Uid,
            Strategy = JsonText.Shorten(vm.Spec?.Strategy ?? "Halted"),
            PrintableStatus = JsonText.Shorten(vm.Status?.PrintableStatus ?? ""),
            IsDeleting = vm.Metadata.DeletionTimestamp is not null,
            IsHeldForDisks = KeepingDeletion.IsHeld(vm.Metadata),
            IsHalfMade = OrphanRules.IsHalfMade(vm.Metadata),
            IsObserved = conditions.Count > 0,
            Failure = MessageOf(conditions, "Failure", "True") ?? MessageOf(conditions, "Synchronized", "False")
                ?? MessageOf(conditions, VirtualMachines.VolumeMigration.RecoveryRequired, "True"),
            Unscheduled = MessageOf(conditions, "PodScheduled", "False"),
            NotReady = MessageOf([.. conditions.Where(c => c.Reason != "VMINotExists")], "Ready", "False"),
            Paused = PausedOf(conditions),
            VolumeMigration = MessageOf(conditions, VirtualMachines.VolumeMigration.Moving, "True"),
            RestartRequired = conditions.Any(c => c.Type == "RestartRequired" && c.Status == "True"),
            FailedStarts = vm.Status?.StartFailure?.ConsecutiveFailCount ?? 0,
            Size = size,
            Storage = StorageOf(vm.Spec?.DataVolumeTemplates ?? [], sizes),
            Disks = DiskList.Of(vm, sizes),
            Footprint = VirtualMachineFootprint.Of(spec, type, size, sizes) with
            {
                StorageBytes = BytesOf(vm.Spec?.DataVolumeTemplates ?? []),
                FillingBytes = IsBeingFilled(vm) ? BytesOf([.. (vm.Spec?.DataVolumeTemplates ?? []).Where(template => template.Spec?.IsImported is true)]) : 0,
            },
            Operation = vm.Metadata.Annotation(WellKnownNames.OperationAnnotation) is { Length: <= MaxNameLength } operation ? operation : null,
            Labels = KeptLabels.ForReport(vm.Metadata.Labels),
            CreatedAt = vm.Metadata.CreationTimestamp ?? now,
            SeenAt = now,
        };
    }

    /// <summary>A VM that cannot be read: what was known of it before still holds, as far as anyone can tell.</summary>
    public static VirtualMachineItem FromUnreadable(UnreadableObject vm, VirtualMachineItem? before)
    {
        var known = before?.Uid == vm.Metadata.Uid ? before : new VirtualMachineItem
        {
            Name = vm.Metadata.Key,
            Uid = vm.Metadata.Uid,
            Strategy = "Halted",
            PrintableStatus = "",
            IsDeleting = false,
            IsObserved = false,
            CreatedAt = vm.Metadata.CreationTimestamp ?? vm.SeenAt,
            SeenAt = vm.SeenAt,
        };
        var problem = $"the agent cannot read it: {vm.Problem}";
        return known! with
        {
            Unreadable = problem,
            IsDeleting = vm.Metadata.DeletionTimestamp is not null,
            IsHeldForDisks = KeepingDeletion.IsHeld(vm.Metadata),
            Footprint = known.Footprint with { Problem = problem },
            SeenAt = vm.SeenAt,
        };
    }

    /// <summary>The sum of what the templates ask for; null where none of them says it.</summary>
    public static string? StorageOf(IReadOnlyList<DataVolumeTemplate> templates, SizeReader sizes)
    {
        const string Field = "dataVolumeTemplates";
        var read = templates.Select(template => sizes.Read(Field, template.Spec?.Storage?.Size ?? template.Spec?.Pvc?.Size))
            .OfType<Quantity>()
            .ToList();
        return read.Count switch
        {
            0 => null,
            1 => read[0].Text,
            _ => sizes.Sum($"the sum of {Field}", read).Text,
        };
    }

    private static long BytesOf(IReadOnlyList<DataVolumeTemplate> templates) => templates.Aggregate(
        0L,
        (sum, template) => Saturating.Add(
            sum,
            Saturating.Ceiling(Math.Max(0, VirtualMachineFootprint.Value(template.Spec?.Storage?.Size ?? template.Spec?.Pvc?.Size) ?? 0))));

    // As KubeVirt's controller says, once it has seen the VM.
    private static bool IsBeingFilled(VirtualMachineObject vm) =>
        vm.Status?.Conditions is null or { Count: 0 } || vm.Status.PrintableStatus is "Provisioning" or "DataVolumeError";

    // KubeVirt, api/core/v1, VirtualMachineInstancePaused: its reasons say by whom.
    private static string? PausedOf(IReadOnlyList<KubeVirtCondition> conditions) =>
        conditions.FirstOrDefault(c => c is { Type: "Paused", Status: "True" }) is { Reason: { Length: > 0 } reason and not "PausedByUser" } paused
            ? Kept(string.IsNullOrEmpty(paused.Message) ? reason : $"{reason}: {paused.Message}")
            : null;

    private static string? MessageOf(IReadOnlyList<KubeVirtCondition> conditions, string type, string status) =>
        conditions.FirstOrDefault(c => c.Type == type && c.Status == status)?.Text is { } text ? Kept(text) : null;

    private static string Kept(string message) => message.Length <= MaxMessageLength ? message : JsonText.Shorten(message, MaxMessageLength);
}
