using System.Globalization;
using System.Text.Json.Nodes;

namespace KubernetesSandbox.KubeVirt;

/// <summary>Plays virt-controller for one VM at a time: looks, decides, acts, writes its status.</summary>
internal sealed class VmController(ClusterState state)
{
    // What the API server refused, or what a VM lacks, may be different then.
    private static readonly TimeSpan TroubleRetry = TimeSpan.FromSeconds(5);

    private readonly CloneAuthorization _clones = new(state.Api);

    /// <returns>When to look again, if nothing happens before.</returns>
    public async Task<TimeSpan?> ReconcileAsync(ObjectName name, CancellationToken cancellationToken)
    {
        if (state.Vms.Get(name) is not { } vm) return null;
        var instancetype = await state.Types.OfAsync(vm, cancellationToken);
        if (instancetype.Unpinned is { } type && !vm.IsDeleting())
            instancetype = instancetype with { Revision = await state.Types.PinAsync(vm, type, cancellationToken) };
        var situation = Look(vm, instancetype);
        var decision = VmDecision.Of(situation);
        var trouble = decision.Problem;
        foreach (var action in decision.Actions)
        {
            try
            {
                if (action is VmAction.CreateVolume create
                    && await _clones.RefusalAsync(create.Template, vm.NameOf().Namespace, cancellationToken) is { } refusal)
                {
                    trouble = new SyncProblem("FailedCreate", $"Error encountered while creating DataVolumes: {refusal}");
                    continue;
                }
                vm = await ActAsync(action, situation with { Vm = vm }, cancellationToken);
            }
            catch (RefusedException e) when (action is VmAction.CreateInstance or VmAction.CreateVolume && !e.IsConflict)
            {
                trouble = new SyncProblem("FailedCreate", Describe(action, e));
            }
        }
        if (decision.Actions.OfType<VmAction.RemoveFinalizer>().Any()) return null;

        situation = Look(vm, instancetype);
        // A disk may have become ready since the decision: what is about to boot is not stopped.
        var boots = decision.Boots || VmDecision.Of(situation).Boots;
        await WriteStatusAsync(situation, boots && trouble is null, trouble, cancellationToken);
        await ReleaseInstanceAsync(situation, cancellationToken);
        return trouble is null ? decision.CheckAgain : TroubleRetry;
    }

    private VmSituation Look(JsonObject vm, UsedInstancetype instancetype)
    {
        var vmi = state.Vmis.Get(vm.NameOf());
        var isOwn = vmi?.OwnerOf(Kinds.Vm)?.Uid == vm.UidOf();
        return new VmSituation
        {
            Vm = vm,
            Vmi = isOwn ? vmi : null,
            HasForeignVmi = vmi is not null && !isOwn,
            Disks = state.DisksIn(vm.NameOf().Namespace),
            Now = state.Now,
            Instancetype = instancetype.Spec,
            InstancetypeRevision = instancetype.Revision,
            InstancetypeProblem = instancetype.Problem,
        };
    }

    /// <returns>The VM as it is then.</returns>
    private async Task<JsonObject> ActAsync(VmAction action, VmSituation s, CancellationToken cancellationToken)
    {
        switch (action)
        {
            case VmAction.AddFinalizer:
                return await MergeAsync(s.Vm, FinalizerPatch(s.Vm), cancellationToken);
            case VmAction.RemoveFinalizer:
                await state.Api.MergeAsync(
                    Kinds.Vm, s.Vm.NameOf(), ReleasePatch(s.Vm, KubeVirtNames.ControllerFinalizer), cancellationToken);
                return s.Vm;
            case VmAction.SetRunning:
                var field = s.Vm.Text("spec", "runStrategy") is null ? "running" : "runStrategy";
                JsonNode value = field == "running" ? true : "Always";
                return await MergeAsync(s.Vm, new JsonObject { ["spec"] = new JsonObject { [field] = value } }, cancellationToken);
            case VmAction.CreateVolume create:
                state.Volumes.Observe(await state.Api.CreateAsync(
                    Kinds.DataVolume, s.Vm.NameOf().Namespace, VolumeOf(create.Template, s.Vm), cancellationToken));
                return s.Vm;
            case VmAction.AdoptVolume adopt:
                await AdoptAsync(adopt.Volume, s.Vm, cancellationToken);
                return s.Vm;
            case VmAction.CreateInstance:
                var paused = s.Request.Text("data", "paused") == "true";
                state.Vmis.Observe(await state.Api.CreateAsync(
                    Kinds.Vmi, s.Vm.NameOf().Namespace, VmiManifest.Of(s.Vm, s.Instancetype, paused), cancellationToken));
                return s.Vm;
            case VmAction.DeleteInstance:
                var deleted = await state.Api.DeleteAsync(Kinds.Vmi, s.Vm.NameOf(), s.Vmi!.UidOf(), cancellationToken);
                if (deleted.Text("kind") == Kinds.Vmi.Name) state.Vmis.Observe(deleted);
                return s.Vm;
            case VmAction.RequestStart:
                var vm = s.Vm.Copy();
                var status = vm.MapAt("status");
                if (status["stateChangeRequests"] is not JsonArray requests) status["stateChangeRequests"] = requests = [];
                requests.Add((JsonNode)new JsonObject { ["action"] = "Start" });
                return Observed(await state.Api.ReplaceStatusAsync(Kinds.Vm, vm, cancellationToken));
            default:
                throw new InvalidOperationException($"no such action: {action}");
        }
    }

    // KubeVirt, pkg/controller/controller_ref_manager.go: not before the server has said that the VM is not being deleted.
    private async Task AdoptAsync(JsonObject volume, JsonObject vm, CancellationToken cancellationToken)
    {
        var now = await state.Api.GetAsync(Kinds.Vm.Path(vm.NameOf()), cancellationToken);
        if (now.IsDeleting() || now.UidOf() != vm.UidOf()) return;
        var owners = ObjectReading.OwnedBy(vm, Kinds.Vm);
        foreach (var owner in volume.Objects("metadata", "ownerReferences")) owners.Add((JsonNode)owner.Copy());
        state.Volumes.Observe(await state.Api.MergeAsync(
            Kinds.DataVolume,
            volume.NameOf(),
            new JsonObject
            {
                ["metadata"] = new JsonObject { ["resourceVersion"] = volume.Text("metadata", "resourceVersion"), ["ownerReferences"] = owners },
            },
            cancellationToken));
    }

    private async Task WriteStatusAsync(
        VmSituation s, bool boots, SyncProblem? problem, CancellationToken cancellationToken)
    {
        var changed = s.Vmi is not null && VmiManifest.Differs(s.Vm, s.Instancetype, s.Vmi);
        if (s.Vmi is { } vmi && !changed && !vmi.IsDeleting())
            s = s with { Vmi = await NoteGenerationAsync(vmi, s.Vm, cancellationToken) };
        var status = VmStatus.Of(s, boots, problem, changed);
        if (JsonNode.DeepEquals(status, s.Vm["status"])) return;
        var vm = s.Vm.Copy();
        vm["status"] = status;
        Observed(await state.Api.ReplaceStatusAsync(Kinds.Vm, vm, cancellationToken));
    }

    /// <summary>The VMI says which generation of the VM it is like.</summary>
    private async Task<JsonObject> NoteGenerationAsync(JsonObject vmi, JsonObject vm, CancellationToken cancellationToken)
    {
        var generation = vm.GenerationOf().ToString(CultureInfo.InvariantCulture);
        if (vmi.Annotation(KubeVirtNames.GenerationAnnotation) == generation) return vmi;
        var patch = new JsonObject
        {
            ["metadata"] = new JsonObject
            {
                ["annotations"] = new JsonObject { [KubeVirtNames.GenerationAnnotation] = generation },
            },
        };
        var noted = await state.Api.MergeAsync(Kinds.Vmi, vmi.NameOf(), patch, cancellationToken);
        state.Vmis.Observe(noted);
        return noted;
    }

    /// <summary>How the VMI ended is in the VM's status now.</summary>
    private async Task ReleaseInstanceAsync(VmSituation s, CancellationToken cancellationToken)
    {
        if (!s.IsFinal || s.Vmi is not { } vmi || !vmi.HasFinalizer(KubeVirtNames.ControllerFinalizer)) return;
        state.Vmis.Observe(await state.Api.MergeAsync(
            Kinds.Vmi, vmi.NameOf(), ReleasePatch(vmi, KubeVirtNames.ControllerFinalizer), cancellationToken));
    }

    private async Task<JsonObject> MergeAsync(JsonObject vm, JsonObject patch, CancellationToken cancellationToken)
    {
        patch.MapAt("metadata")["resourceVersion"] = vm.Text("metadata", "resourceVersion");
        return Observed(await state.Api.MergeAsync(Kinds.Vm, vm.NameOf(), patch, cancellationToken));
    }

    private JsonObject Observed(JsonObject vm)
    {
        state.Vms.Observe(vm);
        return vm;
    }

    private static JsonObject FinalizerPatch(JsonObject vm)
    {
        var finalizers = vm.FinalizersWithout();
        finalizers.Add(KubeVirtNames.ControllerFinalizer);
        return new JsonObject { ["metadata"] = new JsonObject { ["finalizers"] = finalizers } };
    }

    private static JsonObject ReleasePatch(JsonObject item, string finalizer) => new()
    {
        ["metadata"] = new JsonObject
        {
            ["resourceVersion"] = item.Text("metadata", "resourceVersion"),
            ["finalizers"] = item.FinalizersWithout(finalizer),
        },
    };

    private static JsonObject VolumeOf(JsonObject template, JsonObject vm)
    {
        var metadata = (template["metadata"] as JsonObject)?.Copy() ?? [];
        metadata["namespace"] = vm.NameOf().Namespace;
        metadata["ownerReferences"] = ObjectReading.OwnedBy(vm, Kinds.Vm);
        metadata.MapAt("labels")[KubeVirtNames.CreatedByLabel] = vm.UidOf();
        return new JsonObject
        {
            ["apiVersion"] = Kinds.DataVolume.ApiVersion,
            ["kind"] = Kinds.DataVolume.Name,
            ["metadata"] = metadata,
            ["spec"] = template["spec"]?.DeepClone(),
        };
    }

    private static string Describe(VmAction action, RefusedException e) => action is VmAction.CreateVolume
        ? $"Error encountered while creating DataVolumes: failed to create DataVolume: {e.Message}"
        : $"Failure while starting VMI: {e.Message}";
}
