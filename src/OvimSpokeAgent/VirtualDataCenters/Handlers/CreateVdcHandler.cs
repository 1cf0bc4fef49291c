using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Contract;
using OvimSpokeAgent.Operations;

namespace OvimSpokeAgent.VirtualDataCenters;

/// <summary>
/// <c>create_vdc</c>: the namespace, then its objects. What a failed attempt left is completed by the next one, and by the
/// repair of drift: the declaration is on the namespace from its first moment.
/// </summary>
internal sealed class CreateVdcHandler(
    VdcNamespaceWriter namespaces, VdcApplier applier, Takeover takeover, VdcLocks locks, TimeProvider time) : IOperationHandler
{
    public string Type => VdcOperations.Create;

    public IReadOnlyList<string> Aliases => ["VDCCreate"];

    public OperationPlan Plan(PayloadReader payload)
    {
        var ns = VdcNames.ReadNamespace(payload, "target_namespace");
        var declaration = VdcDeclaration.Read(payload);
        if (declaration.Name is null && !payload.IsRejected("vdc_name")) payload.RejectMissing("vdc_name", "a string");
        if (namespaces.GetRefusal(ns) is { } reason) payload.RejectBecause("target_namespace", reason);
        return new OperationPlan
        {
            Target = NamespacedName.ClusterScoped(ns),
            TargetKind = KubernetesKinds.Namespace,
            Execute = (context, token) => CreateAsync(ns, declaration, context, token),
            ReadBack = (_, token) => ReadBackAsync(ns, declaration, token),
        };
    }

    private async Task<OperationOutcome> CreateAsync(
        string ns, VdcDeclaration declaration, OperationContext context, CancellationToken cancellationToken)
    {
        using var held = await locks.HoldAsync(ns, cancellationToken);
        var there = await MakeNamespaceAsync(ns, declaration, context.Key.Value, cancellationToken);
        if (there.End is not null) return there.End;
        locks.Wrote(ns);
        var applied = await applier.ApplyAsync(ns, declaration, there.Before, cancellationToken);
        if (applied.Problem is not null) await namespaces.SetIncompleteAsync(ns, cancellationToken);
        else if (there.IsTakenOver) await takeover.EndAsync(ns, cancellationToken);
        // Someone else's operation may have declared the very same.
        if (there.Before is not { } before || before.ToText() != declaration.ToText()) await namespaces.ShownAsync(ns, context.Key.Value, cancellationToken);
        return VdcOutcome.Of(ns, declaration, applied);
    }

    // The namespace with the declaration on it: what was declared before, and whether a former agent made it; or the end.
    private readonly record struct Found(VdcDeclaration? Before = null, bool IsTakenOver = false, OperationOutcome? End = null);

    private async Task<Found> MakeNamespaceAsync(
        string ns, VdcDeclaration declaration, string key, CancellationToken cancellationToken)
    {
        try
        {
            await namespaces.CreateAsync(ns, declaration, key, cancellationToken);
            return new();
        }
        catch (KubernetesApiException e) when (e.Reason is ApiErrorReason.AlreadyExists)
        {
            return await TakeUpAsync(ns, declaration, key, cancellationToken);
        }
        catch (KubernetesApiException e) when (e.Reason is ApiErrorReason.Invalid)
        {
            return Failed($"Namespace {ns} was not made, and nothing else: {e.Message}");
        }
    }

    // It is there already: made by this operation, by an attempt that was not completed, by a former agent, by the hub, or by nobody
    // of us.
    private async Task<Found> TakeUpAsync(
        string ns, VdcDeclaration declaration, string key, CancellationToken cancellationToken)
    {
        if (await namespaces.ReadAsync(ns, cancellationToken) is not { } raw)
            throw new KubernetesApiException(ApiErrorReason.Conflict, $"namespace {ns} went away just now");
        var vdc = DeclaredNamespace.From(raw, time.GetUtcNow());
        var isHubs = OtherOwners.IsHubs(vdc.Labels) && OtherOwners.IsNamed(vdc.Labels, declaration.Name!);
        var isFormer = !vdc.IsVdc && OtherOwners.IsFormerAgents(vdc.Labels, declaration.Name!);
        if (!isHubs && !isFormer && VdcNamespaceWriter.GetRefusal(vdc, declaration.Name!) is { } reason) return Failed(reason);
        if (vdc.IsBeingDeleted) return Failed($"target_namespace: \"{ns}\" is still being deleted; try again when it is gone");
        if (isHubs) return new(End: VdcOutcome.Of(ns, declaration, new ApplyResult([], [], null)));
        var before = vdc.Declaration;
        if (before is not null && before.ToText() == declaration.ToText() && !vdc.IsIncomplete) return new(before, Takeover.IsOpen(vdc.Labels));
        if (before is not null && before.Organization != declaration.Organization)
            return Failed($"target_namespace: \"{ns}\" is a VDC of the organization \"{before.Organization}\"");
        // Not by what is there just now: someone may have changed that, and it is put back.
        if (before is not null && !vdc.IsIncomplete)
        {
            return Failed($"VDC {declaration.Name} exists already in namespace {ns}, with another declaration; "
                + "update_vdc changes it");
        }
        await namespaces.DeclareAsync(raw, before ?? new VdcDeclaration(), declaration, key, cancellationToken, takesOver: isFormer);
        return new(before, isFormer || Takeover.IsOpen(vdc.Labels));
    }

    private static Found Failed(string reason) => new(End: OperationOutcome.Failed(reason));

    private async Task<OperationOutcome?> ReadBackAsync(
        string ns, VdcDeclaration declaration, CancellationToken cancellationToken)
    {
        var (_, vdc, refusal) = await namespaces.ReadVdcAsync(ns, declaration.Name!, cancellationToken);
        if (refusal is not null || vdc!.Declaration?.ToText() != declaration.ToText()) return null;
        var applied = await applier.ReadAsync(ns, declaration, cancellationToken);
        if (applied.Problem is not null) await namespaces.SetIncompleteAsync(ns, cancellationToken);
        return VdcOutcome.Of(ns, declaration, applied);
    }
}
