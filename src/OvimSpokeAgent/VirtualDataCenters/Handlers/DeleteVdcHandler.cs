using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Configuration;
using OvimSpokeAgent.Contract;
using OvimSpokeAgent.Operations;

namespace OvimSpokeAgent.VirtualDataCenters;

/// <summary>
/// <c>delete_vdc</c>: answered when the namespace is gone. The VMs are deleted first, if they may be, so that guests shut down
/// while isolation and limits hold; then the namespace with everything in it. Which namespace is meant is fixed first, by its uid.
/// What is not done at the operation's timeout goes on (<see cref="VdcDeletion"/>). In a namespace that the hub's own controller
/// keeps nothing is deleted: its end is waited for.
/// </summary>
internal sealed class DeleteVdcHandler(
    VdcNamespaceWriter namespaces,
    VdcDeclarationCache declared,
    VdcDeletion deletion,
    VdcGuests guests,
    VdcContents contents,
    DeletionBlockers blockers,
    AgentSettings settings,
    TimeProvider time) : IOperationHandler
{
    private const int ShownVms = 5;

    public string Type => VdcOperations.Delete;

    public IReadOnlyList<string> Aliases => ["VDCDelete"];

    public OperationPlan Plan(PayloadReader payload)
    {
        var ns = VdcNames.ReadNamespace(payload, "target_namespace");
        var name = payload.RequiredString("vdc_name");
        var counted = payload.OptionalInt("vm_count", 0, int.MaxValue);
        // As many VMs as the hub knows of; it may know of none.
        int? mostVms = (payload.OptionalBool("cascade") ?? (settings.Vdc.Cascade ? true : null)) switch
        {
            true => null,
            false => 0,
            null => counted ?? 0,
        };
        if (namespaces.GetRefusal(ns) is { } reason) payload.RejectBecause("target_namespace", reason);
        return new OperationPlan
        {
            Target = NamespacedName.ClusterScoped(ns),
            TargetKind = KubernetesKinds.Namespace,
            DeletesTarget = true,
            Execute = (context, token) => DeleteAsync(ns, name, mostVms, context, token),
            ReadBack = (context, token) => ReadBackAsync(ns, context, token),
        };
    }

    private async Task<OperationOutcome> DeleteAsync(
        string ns, string name, int? mostVms, OperationContext context, CancellationToken cancellationToken)
    {
        if (await namespaces.ReadAsync(ns, cancellationToken) is not { } raw
            || (context.Checkpoint is not null && raw.Metadata.Uid != context.Checkpoint))
        {
            return await DeletedAsync(ns, context, cancellationToken);
        }
        var found = DeclaredNamespace.From(raw, time.GetUtcNow());
        var isHubs = OtherOwners.IsHubs(found.Labels) && OtherOwners.IsNamed(found.Labels, name);
        if (!isHubs && !OtherOwners.IsFormerAgents(found.Labels, name) && VdcNamespaceWriter.GetRefusal(found, name) is { } refusal)
            return OperationOutcome.Failed(refusal);
        declared.SetDeleter(ns, true);
        try
        {
            if (!isHubs && !found.IsBeingDeleted && await GetVmsRefusalAsync(ns, name, mostVms, cancellationToken) is { } reason)
                return OperationOutcome.Failed(reason);
            if (context.Checkpoint is null) await context.CheckpointAsync(raw.Metadata.Uid, cancellationToken);
            if (!isHubs && !found.IsTerminating)
            {
                if (found.DeletedBy is null) await deletion.BeginAsync(raw, context.Key.Value, cancellationToken);
                await deletion.RunAsync(ns, context, cancellationToken);
            }
            await context.WaitForOthersAsync(token => contents.WaitUntilGoneAsync(ns, context.Checkpoint!, token), cancellationToken);
        }
        finally
        {
            declared.SetDeleter(ns, false);
        }
        return await DeletedAsync(ns, context, cancellationToken);
    }

    // Which VMs the hub did not count nobody can know: those that were not made through it, and the newest.
    private async Task<string?> GetVmsRefusalAsync(string ns, string name, int? mostVms, CancellationToken cancellationToken)
    {
        if (mostVms is not { } most) return null;
        var vms = await guests.ListVmsAsync(ns, cancellationToken);
        if (vms.Count <= most) return null;
        var surplus = vms.OrderBy(vm => vm.Metadata.Annotation(WellKnownNames.CreatedByAnnotation) is null)
            .ThenBy(vm => vm.Metadata.CreationTimestamp).ThenBy(vm => vm.Metadata.Name, StringComparer.Ordinal)
            .Skip(most).Select(vm => vm.Metadata.Name).ToList();
        var shown = $"{string.Join(", ", surplus.Take(ShownVms))}{(surplus.Count > ShownVms ? ", …" : "")}";
        var count = most == 0 ? $"has {vms.Count} VMs ({shown})" : $"has {vms.Count} VMs, more than the {most} of vm_count (beyond it: {shown})";
        return $"VDC {name} {count}; delete them first, or all at once with cascade: true";
    }

    private async Task<OperationOutcome> DeletedAsync(string ns, OperationContext context, CancellationToken cancellationToken)
    {
        // Only who deleted the namespace knows that what is left of it is of that time.
        IReadOnlyList<string> left = context.Checkpoint is null ? [] : await contents.LeftBehindAsync(ns, cancellationToken);
        return OperationOutcome.Completed(
            new VdcDeletionResult
            {
                Status = left.Count == 0 ? VdcOperations.Deleted : VdcOperations.DeletedWithWarnings,
                Warnings = left.Count == 0 ? null : left,
            },
            ContractJson.Default.VdcDeletionResult);
    }

    private async Task<OperationOutcome?> ReadBackAsync(string ns, OperationContext context, CancellationToken cancellationToken)
    {
        if (context.Checkpoint is not { } uid) return null;
        if (await namespaces.ReadAsync(ns, cancellationToken) is not { } raw || raw.Metadata.Uid != uid)
            return await DeletedAsync(ns, context, cancellationToken);
        var found = DeclaredNamespace.From(raw, time.GetUtcNow());
        if (OtherOwners.IsHubs(found.Labels))
            return OperationOutcome.Failed($"namespace {ns} is kept by the hub's own controller and is not gone yet; this agent deletes nothing in it");
        if (!found.IsBeingDeleted) return null;
        return OperationOutcome.Failed(
            $"namespace {ns} is not gone yet, the deletion goes on; what blocks: {await blockers.DescribeAsync(raw, cancellationToken)}");
    }
}
