using System.Text.Json.Nodes;

namespace KubernetesSandbox.KubeVirt;

/// <summary>Something to do for a VM.</summary>
internal abstract record VmAction
{
    private VmAction()
    {
    }

    public sealed record AddFinalizer : VmAction;

    public sealed record RemoveFinalizer : VmAction;

    /// <summary>Makes the DataVolume of a template.</summary>
    public sealed record CreateVolume(JsonObject Template) : VmAction;

    /// <summary>Makes a DataVolume that has the name of a template, and no controller, the VM's own.</summary>
    public sealed record AdoptVolume(JsonObject Volume) : VmAction;

    /// <summary>Boots: makes the VMI.</summary>
    public sealed record CreateInstance : VmAction;

    /// <summary>Stops the guest: deletes the VMI.</summary>
    public sealed record DeleteInstance : VmAction;

    /// <summary>Remembers that it is to start again when its failed VMI is gone.</summary>
    public sealed record RequestStart : VmAction;

    /// <summary>A Halted VM that was asked to start (paused) becomes one that runs.</summary>
    public sealed record SetRunning : VmAction;
}

/// <summary>
/// What virt-controller does about a VM: pure. Told by KubeVirt's <c>syncRunStrategy</c>
/// (pkg/virt-controller/watch/vm), without live updates.
/// </summary>
/// <param name="Actions">What to do, in this order.</param>
/// <param name="Problem">Why it cannot go on.</param>
/// <param name="CheckAgain">When to look again, if nothing happens before.</param>
internal sealed record VmDecision(IReadOnlyList<VmAction> Actions, SyncProblem? Problem = null, TimeSpan? CheckAgain = null)
{
    private static readonly VmDecision Nothing = new([]);

    /// <summary>The VM is about to boot.</summary>
    public bool Boots => Actions.OfType<VmAction.CreateInstance>().Any();

    public static VmDecision Of(VmSituation s)
    {
        if (s.Vm.IsDeleting()) return OfDeleted(s);
        List<VmAction> first = [];
        if (!s.Vm.HasFinalizer(KubeVirtNames.ControllerFinalizer)) first.Add(new VmAction.AddFinalizer());
        var rest = OfLiving(s);
        return rest with { Actions = [.. first, .. rest.Actions] };
    }

    private static VmDecision OfDeleted(VmSituation s)
    {
        if (s.Vmi is null || s.Vm.HasFinalizer(KubeVirtNames.OrphanFinalizer))
        {
            return s.Vm.HasFinalizer(KubeVirtNames.ControllerFinalizer)
                ? new([new VmAction.RemoveFinalizer()])
                : Nothing;
        }
        return Stop(s);
    }

    private static VmDecision OfLiving(VmSituation s)
    {
        var (_, unknownFault) = KubeVirtFaultNames.Parse(s.Vm.Annotation(KubeVirtFaultNames.Annotation));
        if (unknownFault is not null) return new([], new SyncProblem("UnknownSandboxFault", unknownFault));
        if (s.InstancetypeProblem is not null) return new([], s.InstancetypeProblem);
        if (s.HasForeignVmi)
        {
            return new([], new SyncProblem(
                "FailedCreate", $"Failure while starting VMI: a VMI {s.Vm.NameOf().Name} exists and is not this VM's"));
        }

        var templates = s.Vm.Objects("spec", "dataVolumeTemplates").ToList();
        // A claim without its DataVolume is one whose DataVolume was tidied away.
        var missing = templates.Where(template => template.Text("metadata", "name") is var name && s.Disks.Volume(name ?? "") is null && s.Disks.Claim(name ?? "") is null);
        List<VmAction> create = [.. missing.Select(template => new VmAction.CreateVolume(template))];
        create.AddRange(templates.Select(template => s.Disks.Volume(template.Text("metadata", "name") ?? "")).OfType<JsonObject>()
            .Where(volume => !volume.IsDeleting() && !volume.Objects("metadata", "ownerReferences").Any(owner => owner.IsTrue("controller")))
            .Select(volume => new VmAction.AdoptVolume(volume)));
        var volumes = templates.Select(template => s.Disks.Volume(template.Text("metadata", "name") ?? "")).ToList();
        foreach (var volume in volumes.OfType<JsonObject>())
        {
            if (Disks.QuotaProblem(volume) is not { } quota) continue;
            return new(create, new SyncProblem(
                "FailedCreate",
                $"Error encountered while creating DataVolumes: DataVolume {volume.NameOf().Name} importer is not running "
                + $"due to an error: {quota}"));
        }
        var areReady = templates.Select(template => template.Text("metadata", "name") ?? "")
            .All(name => s.Disks.Volume(name) is { } volume ? Disks.IsPopulated(volume) : s.Disks.Claim(name) is not null);
        if (!areReady && s.Strategy != "Halted") return new(create);
        var rest = ByStrategy(s);
        return rest with { Actions = [.. create, .. rest.Actions] };
    }

    private static VmDecision ByStrategy(VmSituation s) => s.Strategy switch
    {
        "Always" => s.Vmi is null ? Boot(s) : s.IsFinal || s.HasStopRequest ? Stop(s) : Nothing,
        "RerunOnFailure" => s.Vmi is null
            ? s.HasStartRequest || s.Vm.Text("status", "runStrategy") != s.Strategy ? Boot(s) : Nothing
            : s.IsFinal || s.HasStopRequest ? StopRerunning(s) : Nothing,
        "Manual" => s.Vmi is null
            ? s.HasStartRequest ? new([new VmAction.CreateInstance()]) : Nothing
            : s.HasStopRequest ? Stop(s) : Nothing,
        "Halted" => s.Vmi is not null ? Stop(s) : s.HasStartRequest ? new([new VmAction.SetRunning()]) : Nothing,
        "Once" => s.Vmi is null ? new([new VmAction.CreateInstance()]) : Nothing,
        _ => new([], new SyncProblem("FailedCreate", $"unknown runstrategy: {s.Strategy}")),
    };

    private static VmDecision Boot(VmSituation s)
    {
        var wait = (s.Vm.Time("status", "startFailure", "retryAfterTimestamp") ?? s.Now) - s.Now;
        return wait > TimeSpan.Zero ? new([], CheckAgain: wait) : new([new VmAction.CreateInstance()]);
    }

    private static VmDecision Stop(VmSituation s) =>
        s.Vmi!.IsDeleting() ? Nothing : new([new VmAction.DeleteInstance()]);

    private static VmDecision StopRerunning(VmSituation s)
    {
        if (s.Vmi!.IsDeleting()) return Nothing;
        return s.Phase == "Failed"
            ? new([new VmAction.DeleteInstance(), new VmAction.RequestStart()])
            : Stop(s);
    }
}
