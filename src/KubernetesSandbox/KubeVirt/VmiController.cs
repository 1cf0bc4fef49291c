using System.Globalization;
using System.Text.Json.Nodes;

namespace KubernetesSandbox.KubeVirt;

/// <summary>Plays the node for one VMI at a time, one step after the other.</summary>
internal sealed class VmiController(ClusterState state, IReadOnlyList<string> nodes)
{
    /// <returns>When to look again, if nothing happens before.</returns>
    public async Task<TimeSpan?> ReconcileAsync(ObjectName name, CancellationToken cancellationToken)
    {
        if (state.Vmis.Get(name) is not { } vmi) return null;
        if (IsOrphan(vmi))
        {
            if (await CollectAsync(vmi, cancellationToken) is not { } left) return null;
            vmi = left;
        }
        var situation = Look(vmi);
        var step = VmiStep.Of(situation);
        foreach (var claim in step.Bind)
        {
            state.Claims.Observe(await state.Api.ReplaceStatusAsync(Kinds.Claim, VolumeStep.Bound(claim), cancellationToken));
        }
        if (step.Vmi is null) return step.CheckAgain;
        var written = await state.Api.ReplaceAsync(Kinds.Vmi, step.Vmi, cancellationToken);
        if (step.Vmi.IsDeleting() && !step.Vmi.Items("metadata", "finalizers").Texts().Any()) return null; // it is gone now
        state.Vmis.Observe(written);
        return null;
    }

    private VmiSituation Look(JsonObject vmi)
    {
        var situation = new VmiSituation
        {
            Vmi = vmi,
            Faults = state.FaultsOf(vmi.NameOf()),
            Disks = state.DisksIn(vmi.NameOf().Namespace),
            Now = state.Now,
            Since = default,
            StepDelay = state.Options.StepDelay,
            Node = NodeFor(vmi),
            Address = state.Addresses.Of(vmi),
        };
        return situation with { Since = state.Stages.Since(vmi.UidOf(), situation.Stage) };
    }

    // Spread by uid: the same VMI gets the same node each time it is asked.
    private string NodeFor(JsonObject vmi)
    {
        var tail = vmi.UidOf().Replace("-", "", StringComparison.Ordinal);
        tail = tail.Length > 4 ? tail[^4..] : tail;
        return ushort.TryParse(tail, NumberStyles.HexNumber, CultureInfo.InvariantCulture, out var number)
            ? nodes[number % nodes.Count]
            : nodes[0];
    }

    private bool IsOrphan(JsonObject vmi) =>
        vmi.OwnerOf(Kinds.Vm) is { } owner && !state.Vms.Has(owner);

    /// <summary>
    /// Does for a VMI whose VM is gone what the garbage collector does, and what the VM's controller does no more.
    /// </summary>
    private async Task<JsonObject?> CollectAsync(JsonObject vmi, CancellationToken cancellationToken)
    {
        if (!vmi.IsDeleting())
        {
            var deleted = await state.Api.DeleteAsync(Kinds.Vmi, vmi.NameOf(), vmi.UidOf(), cancellationToken);
            if (deleted.Text("kind") != Kinds.Vmi.Name) return null;
            state.Vmis.Observe(vmi = deleted);
        }
        if (!vmi.HasFinalizer(KubeVirtNames.ControllerFinalizer)) return vmi;
        vmi = vmi.Copy();
        vmi["metadata"]!["finalizers"] = vmi.FinalizersWithout(KubeVirtNames.ControllerFinalizer);
        vmi = await state.Api.ReplaceAsync(Kinds.Vmi, vmi, cancellationToken);
        state.Vmis.Observe(vmi);
        return vmi;
    }
}
