using System.Globalization;
using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Contract;

namespace OvimSpokeAgent.VirtualMachines;

/// <summary>The one place that turns what KubeVirt says of a VM into the hub's words.</summary>
internal static class VirtualMachineStatusMap
{
    /// <summary>KubeVirt's <c>status.printableStatus</c> (kubevirt.io/v1, VirtualMachinePrintableStatus) → the hub's word.</summary>
    public static readonly IReadOnlyDictionary<string, string> ByPrintableStatus = new Dictionary<string, string>
    {
        ["Terminating"] = "deleting",
        ["Stopping"] = "stopping",
        ["Migrating"] = "migrating",
        ["Paused"] = "paused",
        ["Running"] = "running",
        ["ErrorPvcNotFound"] = "error",
        ["DataVolumeError"] = "error",
        ["ErrorUnschedulable"] = "error",
        ["Provisioning"] = "provisioning",
        ["WaitingForVolumeBinding"] = "provisioning",
        ["ErrImagePull"] = "error",
        ["ImagePullBackOff"] = "error",
        ["Starting"] = "starting",
        ["CrashLoopBackOff"] = "error",
        ["Stopped"] = "stopped",
        ["WaitingForReceiver"] = "pending",
        ["Unknown"] = "error",
    };

    /// <summary>VMI <c>status.phase</c> → the hub's word, for a printable status that is empty or not known.</summary>
    public static readonly IReadOnlyDictionary<string, string> ByPhase = new Dictionary<string, string>
    {
        [""] = "starting",
        ["Pending"] = "starting",
        ["Scheduling"] = "starting",
        ["Scheduled"] = "starting",
        ["WaitingForSync"] = "pending",
        ["Running"] = "running",
        ["Succeeded"] = "stopped",
        ["Failed"] = "error",
        ["Unknown"] = "error",
    };

    // Stages in which a VM is held up rather than on its way when KubeVirt says that it failed to go on: a VM over its
    // quota stays Starting, one refused before it has a VMI prints Stopped or Provisioning.
    private static readonly HashSet<string> StagesOnTheWay = ["starting", "provisioning", "pending"];

    private const int MaxDescribedDisks = 3;
    private const int MaxReportedDisks = 32;
    private const string MoreDisks = "it names more disks than are reported";
    private const string NoMigrationRoom = "cannot migrate: the quota has no room for a second pod of it";

    /// <summary>The status of a VM.</summary>
    /// <param name="vm">The VM.</param>
    /// <param name="vmi">Its VMI, if it has one.</param>
    /// <param name="type">The instancetype that gives its size, if one does.</param>
    /// <param name="hasNoMigrationRoom">Its quota keeps it from migrating.</param>
    /// <param name="disks">How its disks do, as far as that is known.</param>
    public static VirtualMachineStatus ToStatus(
        VirtualMachineItem vm,
        VirtualMachineInstanceItem? vmi,
        InstancetypeItem? type = null,
        bool hasNoMigrationRoom = false,
        IReadOnlyList<DiskState>? disks = null)
    {
        disks ??= [];
        var (word, message) = WordOf(vm, vmi, disks);
        if (hasNoMigrationRoom) message = message is null ? NoMigrationRoom : $"{message}; {NoMigrationRoom}";
        // What a guest had that is off belongs to others by now.
        var isOff = word == "stopped" || vmi is { IsFinal: true };
        var seen = vmi is not null && vmi.SeenAt > vm.SeenAt ? vmi.SeenAt : vm.SeenAt;
        return new VirtualMachineStatus
        {
            Name = vm.Name.Name,
            Namespace = vm.Name.Namespace,
            Status = word,
            Phase = vm.PrintableStatus,
            NodeName = isOff ? null : vmi?.NodeName,
            IpAddress = isOff ? null : vmi?.IpAddress,
            Cpu = (vm.Size ?? vmi?.Size ?? type?.Size)?.VcpusText,
            Memory = (vm.Size?.Memory ?? vmi?.Size?.Memory ?? type?.Size.Memory)?.Text,
            Storage = StorageOf(disks) ?? vm.Storage,
            Disks = disks.Count == 0 ? null : [.. Reported(disks).Select(disk => disk.ToStatus(StagesOnTheWay.Contains(word)))],
            DisksTruncated = vm.Disks.AreTruncated || disks.Count > MaxReportedDisks ? true : null,
            Labels = vm.Labels.All,
            LabelsTruncated = vm.Labels.AreTruncated ? true : null,
            CreatedAt = vm.CreatedAt,
            UpdatedAt = seen,
            Message = Join(
                message, vm.Disks.AreTruncated || disks.Count > MaxReportedDisks ? MoreDisks : null, vmi?.Unreadable, vm.Unreadable is null ? vm.Footprint.Problem : null),
            RestartRequired = vm.RestartRequired ? true : null,
        };
    }

    /// <summary>The status of a VM of which it cannot be told.</summary>
    /// <param name="vm">The VM.</param>
    /// <param name="problem">Why.</param>
    public static VirtualMachineStatus StatusUnavailable(VirtualMachineItem vm, string problem) => new()
    {
        Name = vm.Name.Name,
        Namespace = vm.Name.Namespace,
        Status = "error",
        Phase = vm.PrintableStatus,
        Labels = vm.Labels.All,
        LabelsTruncated = vm.Labels.AreTruncated ? true : null,
        CreatedAt = vm.CreatedAt,
        UpdatedAt = vm.SeenAt,
        Message = $"the agent cannot tell its status: {problem}",
    };

    /// <summary>The hub's word and, where something is wrong or missing, why.</summary>
    public static (string Word, string? Message) WordOf(
        VirtualMachineItem vm, VirtualMachineInstanceItem? vmi, IReadOnlyList<DiskState>? disks = null)
    {
        // While its guest shuts down that is what it waits for.
        if (vm.IsDeleting) return ("deleting", Join(vm.Unreadable, vm.IsHeldForDisks && vmi is null ? KeepingDeletion.Explanation : null));
        if (vm.Unreadable is not null) return ("error", vm.Unreadable);
        disks ??= [];
        var word = StageOf(vm, vmi, disks);
        var isOnTheWay = StagesOnTheWay.Contains(word);
        if (vm.Failure is not null && (isOnTheWay || IsKeptFromStarting(word, vm, vmi)))
            return ("error", vm.Failure);
        // KubeVirt's controller may not have seen it yet. An absent one may come: it makes those that the VM brings with it.
        if ((isOnTheWay || word == "stopped") && disks.FirstOrDefault(disk => disk.Failure is not null) is { } failed)
            return ("error", failed.Describe(isOnTheWay));
        // A volume that is bound when a guest uses it waits for ever then.
        if (word == "provisioning" && vm.Unscheduled is { } unscheduled) return ("error", $"ErrorUnschedulable: {unscheduled}");
        return word switch
        {
            "error" => (word, ErrorOf(vm, vmi, disks)),
            "paused" when vm.Paused is not null => (word, vm.Paused),
            "running" when vm.NotReady is not null => (word, $"not ready: {vm.NotReady}"),
            "stopped" when vmi is { Phase: "Failed" } => (word, Join("the last run failed", Describe(disks, false))),
            _ => (word, vm.Failure ?? vm.VolumeMigration ?? Describe(disks, isOnTheWay)),
        };
    }

    // Where there are too many, those with which something is wrong come first.
    private static IEnumerable<DiskState> Reported(IReadOnlyList<DiskState> disks) => disks.Count <= MaxReportedDisks
        ? disks
        : disks.OrderBy(disk => disk.Failure is null && !disk.IsAbsent).Take(MaxReportedDisks);

    // What a guest has is as large as it is; what nobody says counts as nothing.
    private static string? StorageOf(IReadOnlyList<DiskState> disks)
    {
        var sizes = disks.Select(disk => disk.Size).OfType<Quantity>().ToList();
        return sizes.Count switch
        {
            0 => null,
            1 => sizes[0].Text,
            _ => new SizeReader().Sum("", sizes).Text,
        };
    }

    private static string? Describe(IReadOnlyList<DiskState> disks, bool isOnTheWay)
    {
        var said = disks.Select(disk => disk.Describe(isOnTheWay)).OfType<string>().Take(MaxDescribedDisks + 1).ToList();
        if (said.Count > MaxDescribedDisks) said[^1] = "…";
        return said.Count == 0 ? null : string.Join("; ", said);
    }

    private static string? Join(params ReadOnlySpan<string?> messages)
    {
        List<string> said = [];
        foreach (var message in messages)
        {
            if (message is not null) said.Add(message);
        }
        return said.Count == 0 ? null : string.Join("; ", said);
    }

    // Halted is as wished; after a run the failure is that of the run.
    private static bool IsKeptFromStarting(string word, VirtualMachineItem vm, VirtualMachineInstanceItem? vmi) =>
        word == "stopped" && vm.Strategy != "Halted" && vmi?.Phase is not ("Succeeded" or "Failed");

    private static string StageOf(VirtualMachineItem vm, VirtualMachineInstanceItem? vmi, IReadOnlyList<DiskState> disks)
    {
        // Nothing is provisioned until a guest uses the disk: who waits for that is off, or starts.
        if (vm.PrintableStatus == "Provisioning" && disks.Any(disk => disk.WaitsForConsumer) && disks.All(disk => disk.IsReady || disk.WaitsForConsumer))
            return vmi is null && vm.Strategy is "Halted" or "Manual" ? "stopped" : "starting";
        // "Stopped" is also the CRD's default, shown before the controller has looked at the VM.
        var isUnseen = !vm.IsObserved && vmi is null && vm.Strategy != "Halted";
        if (vm.PrintableStatus.Length > 0 && !(isUnseen && vm.PrintableStatus == "Stopped")
            && ByPrintableStatus.TryGetValue(vm.PrintableStatus, out var word))
        {
            return word;
        }
        if (vmi is null) return vm.Strategy == "Halted" ? "stopped" : "pending";
        return ByPhase.GetValueOrDefault(vmi.Phase, "pending");
    }

    private static string ErrorOf(VirtualMachineItem vm, VirtualMachineInstanceItem? vmi, IReadOnlyList<DiskState> disks)
    {
        var what = vm.PrintableStatus.Length > 0 ? vm.PrintableStatus : $"VMI phase {vmi?.Phase}";
        if (vm.FailedStarts > 0)
            what = string.Create(CultureInfo.InvariantCulture, $"{what}: {vm.FailedStarts} failed starts in a row");
        var why = vm.Failure ?? vm.Unscheduled ?? vm.PrintableStatus switch
        {
            "CrashLoopBackOff" => null, // the guest ended; what its pod says of that tells nothing
            "DataVolumeError" => Describe([.. disks.Where(disk => disk.Failure is not null)], false) ?? "a disk could not be filled, its DataVolume says why",
            "ErrorPvcNotFound" when disks.Any(disk => disk.IsAbsent) => Describe([.. disks.Where(disk => disk.IsAbsent)], false),
            "Unknown" when vmi?.NodeName is { } node => $"nothing is heard of node {node}",
            _ => vm.NotReady,
        };
        return why is null ? what : $"{what}: {why}";
    }
}
