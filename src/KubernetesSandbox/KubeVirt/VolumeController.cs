using System.Text.Json.Nodes;

namespace KubernetesSandbox.KubeVirt;

/// <summary>Plays CDI for one DataVolume at a time.</summary>
internal sealed class VolumeController(ClusterState state)
{
    private const string ClaimProtection = "kubernetes.io/pvc-protection";
    private static readonly TimeSpan RefusedRetry = TimeSpan.FromSeconds(5);

    /// <returns>When to look again, if nothing happens before.</returns>
    public async Task<TimeSpan?> ReconcileAsync(ObjectName name, CancellationToken cancellationToken)
    {
        if (await CollectAsync(name, cancellationToken)) return null;
        if (state.Volumes.Get(name) is not { } volume) return null;
        var situation = Look(volume);
        var step = VolumeStep.Of(situation);
        if (step.CreateClaim)
        {
            var refused = await CreateClaimAsync(volume, cancellationToken);
            if (refused is null) return TimeSpan.Zero;
            step = VolumeStep.Of(situation with { ClaimRefused = refused }) with { CheckAgain = RefusedRetry };
        }
        if (step.BindClaim)
        {
            var bound = VolumeStep.Bound(situation.Claim!);
            state.Claims.Observe(await state.Api.ReplaceStatusAsync(Kinds.Claim, bound, cancellationToken));
        }
        if (step.Tidy) await TidyAsync(volume, situation.Claim!, cancellationToken);
        if (step.Status is null) return step.CheckAgain;
        var written = volume.Copy();
        written["status"] = step.Status;
        state.Volumes.Observe(await state.Api.ReplaceStatusAsync(Kinds.DataVolume, written, cancellationToken));
        return step.CheckAgain;
    }

    private VolumeSituation Look(JsonObject volume)
    {
        var name = volume.NameOf();
        var faults = KubeVirtFaultNames.Parse(volume.Annotation(KubeVirtFaultNames.Annotation)).Faults
            | (volume.OwnerOf(Kinds.Vm) is { } owner ? state.FaultsOf(owner.Name) : KubeVirtFault.None);
        var situation = new VolumeSituation
        {
            Volume = volume,
            Claim = state.Claims.Get(name),
            Fails = (faults & KubeVirtFault.DataVolume) != 0,
            Stalls = (faults & KubeVirtFault.ImportStalls) != 0,
            Now = state.Now,
            Since = default,
            StepDelay = state.Options.StepDelay,
        };
        return situation with { Since = state.Stages.Since(volume.UidOf(), situation.Stage) };
    }

    private JsonObject? SourceOf(JsonObject volume) => volume.Text("spec", "source", "pvc", "name") is { } name
        ? state.Claims.Get(new ObjectName(volume.Text("spec", "source", "pvc", "namespace") ?? volume.NameOf().Namespace, name))
        : null;

    // As CDI does: its claim gets its owners first, so that it does not go with it.
    private async Task TidyAsync(JsonObject volume, JsonObject claim, CancellationToken cancellationToken)
    {
        var uid = volume.UidOf();
        var left = claim.Copy();
        var owners = claim.Objects("metadata", "ownerReferences").Where(owner => owner.Text("uid") != uid)
            .Concat(volume.Objects("metadata", "ownerReferences")).Select(owner => (JsonNode)owner.Copy());
        left["metadata"]!["ownerReferences"] = new JsonArray([.. owners]);
        state.Claims.Observe(await state.Api.ReplaceAsync(Kinds.Claim, left, cancellationToken));
        await state.Api.DeleteAsync(Kinds.DataVolume, volume.NameOf(), uid, cancellationToken);
    }

    /// <returns>Why the API server refused it, or null.</returns>
    private async Task<string?> CreateClaimAsync(JsonObject volume, CancellationToken cancellationToken)
    {
        try
        {
            state.Claims.Observe(await state.Api.CreateAsync(
                Kinds.Claim, volume.NameOf().Namespace, VolumeStep.ClaimOf(volume, SourceOf(volume)), cancellationToken));
            return null;
        }
        catch (RefusedException e) when (e.Code is 403 or 422)
        {
            return e.Message;
        }
    }

    /// <summary>
    /// Does what the garbage collector does for a DataVolume whose VM, or a claim whose DataVolume, is gone, and what the
    /// protection controller does for a claim that nobody uses any longer.
    /// </summary>
    private async Task<bool> CollectAsync(ObjectName name, CancellationToken cancellationToken)
    {
        var volume = state.Volumes.Get(name);
        if (volume is not null && HaveAllOwnersGone(volume))
        {
            await DeleteAsync(Kinds.DataVolume, volume, cancellationToken);
            return true;
        }
        if (state.Claims.Get(name) is not { } claim) return false;
        if (claim.IsDeleting())
        {
            await ReleaseAsync(claim, cancellationToken);
        }
        else if (HaveAllOwnersGone(claim))
        {
            await DeleteAsync(Kinds.Claim, claim, cancellationToken);
        }
        else
        {
            return false;
        }
        return true;
    }

    // Of owners of other kinds the sandbox knows nothing: they are there.
    private bool HaveAllOwnersGone(JsonObject item)
    {
        var owners = item.Objects("metadata", "ownerReferences").ToList();
        return owners.Count > 0 && owners.All(owner =>
        {
            var one = new Owner(item.NameOf() with { Name = owner.Text("name") ?? "" }, owner.Text("uid") ?? "");
            return owner.Text("kind") == Kinds.Vm.Name ? !state.Vms.Has(one)
                : owner.Text("kind") == Kinds.Vmi.Name ? !state.Vmis.Has(one)
                : owner.Text("kind") == Kinds.DataVolume.Name && !state.Volumes.Has(one);
        });
    }

    private async Task ReleaseAsync(JsonObject claim, CancellationToken cancellationToken)
    {
        if (!claim.HasFinalizer(ClaimProtection) || state.VmisUsing(claim.NameOf()).Any()) return;
        var released = claim.Copy();
        released["metadata"]!["finalizers"] = claim.FinalizersWithout(ClaimProtection);
        await state.Api.ReplaceAsync(Kinds.Claim, released, cancellationToken);
    }

    private async Task DeleteAsync(Kind kind, JsonObject item, CancellationToken cancellationToken)
    {
        if (item.IsDeleting()) return;
        try
        {
            // Only as it was looked at: whoever takes its owners off keeps it.
            await state.Api.DeleteAsync(kind, item.NameOf(), item.UidOf(), cancellationToken, item.Text("metadata", "resourceVersion"));
        }
        catch (RefusedException e) when (e.IsNotFound || e.IsConflict)
        {
            // Someone else collected it.
        }
    }
}
