using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Configuration;
using OvimSpokeAgent.Contract;
using OvimSpokeAgent.Operations;

namespace OvimSpokeAgent.VirtualDataCenters;

/// <summary>
/// <c>delete_vdc</c>: answered when the namespace is gone. With <c>cascade</c> the VMs are deleted first, so that guests
/// shut down while their controllers can still work in the namespace; then the namespace with everything in it. Which
/// namespace is meant is fixed first, by its uid.
/// </summary>
internal sealed class DeleteVdcHandler(
    IKubernetesApi api,
    VdcNamespaces namespaces,
    DeclaredNamespaces declared,
    VdcContents contents,
    AgentSettings settings,
    TimeProvider time) : IOperationHandler
{
    private const int ShownVms = 5;

    public string Type => "delete_vdc";

    public IReadOnlyList<string> Aliases => ["VDCDelete"];

    public OperationPlan Plan(PayloadReader payload)
    {
        var ns = VdcNames.ReadNamespace(payload, "target_namespace");
        var name = payload.RequiredString("vdc_name");
        var cascade = payload.OptionalBool("cascade") ?? false;
        if (namespaces.ReasonAgainst(ns) is { } reason) payload.RejectBecause("target_namespace", reason);
        return new OperationPlan
        {
            Target = NamespacedName.ClusterScoped(ns),
            Execute = (context, token) => DeleteAsync(ns, name, cascade, context, token),
            ReadBack = (context, token) => ReadBackAsync(ns, context, token),
        };
    }

    private async Task<OperationOutcome> DeleteAsync(
        string ns, string name, bool cascade, OperationContext context, CancellationToken cancellationToken)
    {
        if (await namespaces.ReadAsync(ns, cancellationToken) is not { } raw
            || (context.Fact is not null && raw.Metadata.Uid != context.Fact))
        {
            return await DeletedAsync(ns, context, cancellationToken);
        }
        if (VdcNamespaces.ReasonAgainst(DeclaredNamespace.From(raw, time.GetUtcNow()), name) is { } refusal)
            return OperationOutcome.Failed(refusal);
        declared.SetBeingDeleted(ns, true);
        try
        {
            if (raw.Metadata.DeletionTimestamp is null)
            {
                var vms = await contents.ListVmsAsync(ns, cancellationToken);
                if (vms.Count > 0 && !cascade)
                {
                    var shown = string.Join(", ", vms.Take(ShownVms).Select(vm => vm.Name));
                    return OperationOutcome.Failed(
                        $"VDC {name} has {vms.Count} VMs ({shown}{(vms.Count > ShownVms ? ", …" : "")}); "
                        + "delete them first, or all at once with cascade: true");
                }
                if (context.Fact is null) await context.FixAsync(raw.Metadata.Uid, cancellationToken);
                await DeleteVmsAsync(ns, vms, context, cancellationToken);
                await DeleteNamespaceAsync(ns, context.Fact!, cancellationToken);
            }
            else if (context.Fact is null)
            {
                await context.FixAsync(raw.Metadata.Uid, cancellationToken);
            }
            await context.WaitForOthersAsync(token => contents.WaitUntilGoneAsync(ns, context.Fact!, token), cancellationToken);
        }
        finally
        {
            declared.SetBeingDeleted(ns, false);
        }
        return await DeletedAsync(ns, context, cancellationToken);
    }

    // Guests get half of the operation's time; what is not gone then goes with the namespace, or is named at the end.
    private async Task DeleteVmsAsync(
        string ns, IReadOnlyList<VdcVm> vms, OperationContext context, CancellationToken cancellationToken)
    {
        if (vms.Count == 0) return;
        foreach (var vm in vms) await contents.DeleteVmAsync(ns, vm, cancellationToken);
        var half = (context.Operation.Timeout ?? settings.Operations.Timeout) / 2;
        await context.WaitForOthersAsync(
            token => WaitForVmsGoneAsync(ns, [.. vms.Select(vm => vm.Uid)], half, token), cancellationToken);
    }

    private async Task WaitForVmsGoneAsync(
        string ns, IReadOnlyList<string> uids, TimeSpan limit, CancellationToken cancellationToken)
    {
        using var timeout = new CancellationTokenSource(limit, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        try
        {
            await contents.WaitForVmsGoneAsync(ns, [.. uids], either.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // The namespace's deletion goes on with them; its conditions say what holds them.
        }
    }

    private async Task DeleteNamespaceAsync(string ns, string uid, CancellationToken cancellationToken)
    {
        try
        {
            await api.DeleteAsync(
                KubernetesKinds.Namespace,
                NamespacedName.ClusterScoped(ns),
                new DeleteOptions { Uid = uid, Propagation = "Background" },
                cancellationToken);
        }
        catch (KubernetesApiException e) when (e.Reason is ApiErrorReason.NotFound)
        {
            // Gone already.
        }
        catch (KubernetesApiException e) when (e.Reason is ApiErrorReason.Conflict)
        {
            // A namesake made since, or a deletion under way: what waits next tells them apart.
        }
    }

    private async Task<OperationOutcome> DeletedAsync(string ns, OperationContext context, CancellationToken cancellationToken)
    {
        // Only who deleted the namespace knows that what is left of it is of that time.
        IReadOnlyList<string> left = context.Fact is null ? [] : await contents.LeftBehindAsync(ns, cancellationToken);
        return OperationOutcome.Completed(
            new VdcDeletionResult
            {
                Status = left.Count == 0 ? "deleted" : "deleted_with_warnings",
                Namespace = ns,
                Warnings = left.Count == 0 ? null : left,
            },
            ContractJson.Default.VdcDeletionResult);
    }

    private async Task<OperationOutcome?> ReadBackAsync(string ns, OperationContext context, CancellationToken cancellationToken)
    {
        if (context.Fact is not { } uid) return null;
        if (await namespaces.ReadAsync(ns, cancellationToken) is not { } raw || raw.Metadata.Uid != uid)
            return await DeletedAsync(ns, context, cancellationToken);
        if (raw.Metadata.DeletionTimestamp is null) return null;
        return OperationOutcome.Failed(
            $"namespace {ns} is not gone yet, the deletion goes on; what blocks: {await contents.WhatBlocksAsync(raw, cancellationToken)}");
    }
}
